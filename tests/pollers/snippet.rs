//! The files of etc/pollers, with this test's addresses in place of the examples'.

use crate::scene::Scene;
use std::path::{Path, PathBuf};

/// A file of etc/pollers.
pub fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("etc/pollers").join(name)
}

pub struct Snippet {
    name: String,
    text: String,
}

impl Snippet {
    pub fn load(name: &str) -> Snippet {
        let text = std::fs::read_to_string(shipped(name)).expect("read a file of etc/pollers");
        Snippet { name: name.to_owned(), text }
    }

    /// Replaces every `old`, of which there has to be one: what is loaded is the shipped file, and nothing else.
    #[must_use]
    pub fn put(mut self, old: &str, new: impl ToString) -> Snippet {
        assert!(self.text.contains(old), "{old:?} is not in etc/pollers/{}:\n{}", self.name, self.text);
        self.text = self.text.replace(old, &new.to_string());
        self
    }

    /// Puts what is not the poller's concern before it, as directories of this test.
    #[must_use]
    pub fn after(mut self, head: &str) -> Snippet {
        self.text = format!("{head}\n{}", self.text);
        self
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes it into the scene under its name.
    pub fn write(&self, scene: &Scene) -> PathBuf {
        scene.file(&self.name, &self.text)
    }
}
