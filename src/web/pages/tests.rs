//! Pages over made-up fleets: what they show, that they hold their limits, and that nothing breaks out of them.

mod ages;
mod api;
mod fleets;
mod hostile;
mod lists;
mod marks;
mod outside;
mod pictures;
mod public;
mod shown;
mod unread;

use super::*;
use crate::config::PublicPage;
use crate::store::Snapshot;
use crate::view::fleet::Fleet;
use crate::view::heard::Heard;
use fleets::NOW;
use oco_fleet::calendar::Zone;
use oco_fleet::journal::{News, Reader, Stands};
use oco_fleet::object::Pattern;
use oco_fleet::time::Millis;
use std::path::Path;
use std::sync::Arc;

fn settings() -> Settings {
    let pattern = |text: &str| Pattern::parse(text).unwrap();
    Settings {
        title: "Example".to_owned(),
        base_url: None,
        zone: Zone::parse(Some("Europe/Paris")).unwrap(),
        pages: vec![PublicPage {
            name: "shop".to_owned(),
            of: vec![pattern("node:*"), pattern("web/page")],
            days: 90,
        }],
        reports: vec![ReportFacts {
            name: "shop-monthly".to_owned(),
            of: vec!["node:shop".to_owned()],
            every: "month".to_owned(),
            formats: vec!["pdf".to_owned(), "csv".to_owned()],
        }],
    }
}

/// A visitor who may act.
fn anna() -> Visitor {
    Visitor { name: Some("anna".to_owned()), form_key: Some("key".to_owned()), ..Visitor::default() }
}

/// What is known of these, without a journal.
fn facts_of(all: Vec<Stands>) -> Facts {
    let snapshot = Snapshot {
        fleet: Arc::new(Fleet::new(all)),
        alive: Millis(NOW - 20_000),
        read: Some(Millis(NOW - 300)),
        ..Snapshot::default()
    };
    Facts {
        snapshot: Arc::new(snapshot),
        pushed: None,
        verdict: None,
        watcher: None,
        pushes: None,
        settings: Arc::new(settings()),
        now: Millis(NOW),
    }
}

/// What is known by a journal.
fn facts(path: &Path) -> Facts {
    let mut reader = Reader::open(path).unwrap();
    let (now, next) = (Millis(NOW), Millis(NOW + 1));
    let (News::All(all) | News::Some(all), _) = reader.standings(None, 0).unwrap();
    let mut facts = facts_of(all);
    let (began, alive) = reader.known().unwrap();
    let snapshot = Arc::make_mut(&mut facts.snapshot);
    (snapshot.began, snapshot.alive) = (began, alive);
    snapshot.heard = Arc::new(Heard::new(&reader.definitions().unwrap(), &snapshot.fleet));
    snapshot.acts = Arc::new(reader.acts(now, next).unwrap());
    snapshot.windows = Arc::new(reader.windows(now, next).unwrap());
    snapshot.incidents = Arc::new(reader.incidents(0).unwrap());
    facts
}

/// The page at an address.
fn page(address: &str, facts: &Facts, visitor: &Visitor, path: Option<&Path>) -> Page {
    let (place, query) = address.split_once('?').unwrap_or((address, ""));
    let route = match Route::new(place, &Query::parse(query), facts, visitor) {
        Ok(route) => route,
        Err(page) => return page,
    };
    let found = match path.filter(|_| route.asks()) {
        Some(path) => route.read(facts, &mut Reader::open(path).unwrap()).map_err(Unread::from),
        None if route.asks() => Err(Unread::Late),
        None => Ok(Found::Nothing),
    };
    route.render(facts, visitor, found)
}

/// The same as text.
fn text(address: &str, facts: &Facts, path: Option<&Path>) -> String {
    String::from_utf8(page(address, facts, &anna(), path).body).unwrap()
}
