//! `/badge/NAME.svg`: a state as a picture, for other pages. NAME is a public page, a node with or without `node:`, a
//! service, or a level with `slo:`.

use super::facts::Facts;
use super::page::Page;
use super::public::title;
use crate::config::PublicPage;
use crate::view::name::shown;
use askama::Template;
use oco::logic::text::columns;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;

/// The picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    of: Of,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    Page(PublicPage),
    Object(ObjectName),
}

#[derive(Template)]
#[template(path = "badge.svg", escape = "html")]
struct Shown {
    label: String,
    word: &'static str,
    class: &'static str,
    split: usize,
    width: usize,
    label_middle: usize,
    word_middle: usize,
}

/// Pixels of a column of the badge's letters, and around a word.
const COLUMN: usize = 7;
const AROUND: usize = 14;

impl Badge {
    /// That of `NAME.svg`.
    pub fn new(file: &str, facts: &Facts) -> Option<Badge> {
        let name = file.strip_suffix(".svg")?;
        if let Some(page) = facts.settings.pages.iter().find(|page| page.name == name) {
            return Some(Badge { of: Of::Page(page.clone()) });
        }
        let object = ObjectName::parse(name).or_else(|_| ObjectName::parse(&format!("node:{name}"))).ok()?;
        // A host is nobody's business. Before a journal was read nobody can say who is not there.
        let snapshot = &facts.snapshot;
        let is_known = snapshot.read.is_none() || snapshot.fleet.get(&object).is_some();
        (is_known && object.kind() != Kind::Target).then_some(Badge { of: Of::Object(object) })
    }

    /// Whether a public page lists it.
    pub fn is_public(&self, facts: &Facts) -> bool {
        match &self.of {
            Of::Page(_) => true,
            Of::Object(name) => facts.settings.pages.iter().any(|page| page.lists(name)),
        }
    }

    pub(super) fn render(&self, facts: &Facts) -> Page {
        let (label, state) = match &self.of {
            Of::Page(page) => (shown(&page.name), page.worst(facts)),
            Of::Object(name) => {
                let object = facts.snapshot.fleet.get(name);
                (title(name, facts), object.map_or(State::Unknown, |object| object.state()))
            }
        };
        // Nobody knows how it is while nobody watches.
        let state = if facts.warning().is_some() { State::Unknown } else { state };
        let width = |text: &str| text.chars().map(columns).sum::<usize>() * COLUMN + AROUND;
        let (split, of_word) = (width(&label), width(state.word()));
        let template = Shown {
            label,
            word: state.word(),
            class: match state {
                State::Ok => "#1a7f37",
                State::But => "#9a6700",
                State::Ko => "#cf222e",
                State::Unknown => "#57606a",
            },
            split,
            width: split + of_word,
            label_middle: split / 2,
            word_middle: split + of_word / 2,
        };
        Page::new("image/svg+xml", template.render().unwrap_or_default().into_bytes())
    }
}
