//! What a listener speaks.

/// How a listener answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Face {
    /// The line, at once.
    #[default]
    Oco,
    /// Pages over HTTP.
    Http,
    /// The words of HAProxy's agent-check.
    Agent,
}

impl Face {
    /// Every face.
    pub const ALL: [Face; 3] = [Face::Oco, Face::Http, Face::Agent];

    /// The word for it in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Face::Oco => "oco",
            Face::Http => "http",
            Face::Agent => "agent",
        }
    }

    /// The face of this word.
    pub fn from_word(word: &str) -> Option<Face> {
        Face::ALL.into_iter().find(|speak| speak.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_to_their_faces() {
        for speak in Face::ALL {
            assert_eq!(Face::from_word(speak.word()), Some(speak));
        }
        assert_eq!(Face::from_word("smtp"), None);
    }
}
