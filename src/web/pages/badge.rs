//! `/badge/NAME.svg`: a state as a picture, for other pages. NAME is a public page, a node with or without `node:`, a
//! service, or a level with `slo:`.

use super::facts::Facts;
use super::health::Health;
use super::page::Page;
use super::parts::MAINTENANCE;
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
        let marks = facts.marks();
        let (label, health) = match &self.of {
            Of::Page(page) => (shown(&page.name), page.health(facts, &marks)),
            Of::Object(name) => {
                let object = facts.snapshot.fleet.get(name);
                let health = object.map(|object| Health::of(object, &marks));
                (title(name, facts), health.unwrap_or(Health::UNKNOWN))
            }
        };
        // Nobody knows how it is while nobody watches.
        let health = if facts.warning().is_some() { Health::UNKNOWN } else { health };
        let (word, class) = match health.state() {
            Some(State::Ok) => (State::Ok.word(), "#1a7f37"),
            Some(State::But) => (State::But.word(), "#9a6700"),
            Some(State::Ko) => (State::Ko.word(), "#cf222e"),
            Some(State::Unknown) => (State::Unknown.word(), "#57606a"),
            None => (MAINTENANCE, "#0a4ea3"),
        };
        let width = |text: &str| text.chars().map(columns).sum::<usize>() * COLUMN + AROUND;
        let (split, of_word) = (width(&label), width(word));
        let template = Shown {
            label,
            word,
            class,
            split,
            width: split + of_word,
            label_middle: split / 2,
            word_middle: split + of_word / 2,
        };
        Page::new("image/svg+xml", template.render().unwrap_or_default().into_bytes())
    }
}
