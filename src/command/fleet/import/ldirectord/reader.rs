//! Reads an ldirectord.cf: settings, of which those that are indented belong to the virtual service above them.

use super::super::document::Note;

/// What is wrong with a line.
#[derive(Debug)]
pub(super) struct Bad {
    pub line: usize,
    pub what: String,
}

/// `KEY = VALUE`.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub line: usize,
    pub key: String,
    /// Without the quotes around it.
    pub value: String,
}

impl Setting {
    /// A note on it.
    pub(super) fn note(&self, why: impl Into<String>) -> Note {
        let equals = if self.value.is_empty() { "" } else { " = " };
        Note::new(self.line, &format!("{}{equals}{}", self.key, self.value), why)
    }

    /// What is wrong with it.
    pub(super) fn bad(&self, expected: &str) -> Bad {
        let what = format!("{} {:?}: expected {expected}", self.key, self.value);
        Bad { line: self.line, what }
    }
}

/// Settings, of which the last of a key counts; of `real` all do.
#[derive(Debug, Default)]
pub(super) struct Settings(pub Vec<Setting>);

impl Settings {
    /// The setting that counts.
    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.0.iter().rev().find(|setting| setting.key == key)
    }

    /// Notes on those that do not count, as the same key follows.
    pub(super) fn replaced(&self) -> Vec<Note> {
        let counting = |setting: &&Setting| self.get(&setting.key).filter(|last| last.line != setting.line);
        let settings = self.0.iter().filter(|setting| !matches!(setting.key.as_str(), "real" | "real6"));
        let replaced = settings.filter_map(|setting| Some((setting, counting(&setting)?.line)));
        replaced
            .map(|(setting, by)| setting.note(format!("line {by} has it again, and the last one counts")))
            .collect()
    }
}

/// A virtual service.
#[derive(Debug)]
pub(super) struct Virtual {
    /// `virtual` itself, or `virtual6`.
    pub address: Setting,
    pub settings: Settings,
}

/// A whole file.
#[derive(Debug, Default)]
pub(super) struct File {
    pub settings: Settings,
    pub virtuals: Vec<Virtual>,
}

/// What a file says.
pub(super) fn read(text: &str) -> Result<File, Bad> {
    let mut file = File::default();
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.split('#').next().unwrap_or_default();
        if content.trim().is_empty() {
            continue;
        }
        let is_indented = content.starts_with('\t') || content.starts_with("    ");
        let (key, value) = content.split_once('=').unwrap_or((content, ""));
        let key = key.trim();
        if key.is_empty()
            || key.contains(char::is_whitespace)
            || !content.contains('=') && key != "supervised"
        {
            return Err(Bad { line, what: format!("{:?}: expected KEY = VALUE", content.trim()) });
        }
        let setting = Setting { line, key: key.to_owned(), value: unquoted(value.trim()).to_owned() };
        match (file.virtuals.last_mut(), is_indented) {
            _ if matches!(key, "virtual" | "virtual6") => {
                file.virtuals.push(Virtual { address: setting, settings: Settings::default() });
            }
            (Some(last), true) => last.settings.0.push(setting),
            (None, true) => {
                return Err(Bad {
                    line,
                    what: format!("{key}: indented; expected a virtual service above it"),
                });
            }
            (_, false) => file.settings.0.push(setting),
        }
    }
    Ok(file)
}

fn unquoted(value: &str) -> &str {
    let inside = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.filter(|inside| !inside.contains('"')).unwrap_or(value)
}
