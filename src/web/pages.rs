//! Pages: which one a path means, what it asks the journal for, and how it is shown. Nothing here knows HTTP's library.
//!
//! ```text
//!  path, query -> Route --read (the journal's thread)--> Found --render--> Page
//! ```
//!
//! A page is shown also where the journal did not answer: with what is known of before, and with why.

mod acts;
mod badge;
mod charts;
mod error;
mod facts;
mod failure;
mod frame;
mod grid;
mod health;
mod host;
mod incidents;
mod levels;
mod log;
mod login;
mod node;
mod overview;
mod page;
mod parts;
mod public;
mod query;
mod reports;
#[cfg(test)]
mod tests;

pub use acts::{Form, PATH as ACT_PATH, own_path};
pub use error::error;
use error::not_found;
pub use facts::{Facts, Pushed, Settings, Visitor};
pub use failure::{acknowledged, failure};
pub use login::login;
pub use page::Page;
pub use query::Query;
pub use reports::ReportFacts;

use crate::store::{Store, Unread};
use oco_fleet::journal::{JournalError, Reader};

/// A page that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/`.
    Overview(overview::Overview),
    /// `/g/GROUP`, `/g/GROUP/SERVICE`.
    Grid(grid::Grid),
    /// `/h/HOST`.
    Host(host::Host),
    /// `/n/NODE`.
    Node(node::Node),
    /// `/incidents`.
    Incidents(incidents::List),
    /// `/incidents/N`.
    Incident(incidents::One),
    /// `/log`.
    Log(log::Log),
    /// `/levels`.
    Levels(levels::Levels),
    /// `/reports`.
    Reports,
    /// `/p/NAME`.
    Public(public::Public),
    /// `/badge/NAME.svg`.
    Badge(badge::Badge),
    /// The style sheet, the script, an icon.
    Asset(page::Asset),
}

/// What the journal answered.
#[derive(Debug)]
pub enum Found {
    /// It was not asked.
    Nothing,
    /// For hosts by time.
    Grid(grid::Found),
    /// For a host.
    Host(host::Found),
    /// For a node.
    Node(node::Found),
    /// For the list of incidents.
    Incidents(incidents::FoundList),
    /// For an incident.
    Incident(incidents::FoundOne),
    /// For the log.
    Log(log::Found),
    /// For the levels.
    Levels(levels::Found),
    /// For a public page.
    Public(public::Found),
}

impl Route {
    /// The page of a path.
    ///
    /// # Errors
    /// There is none, or the query is not one of it: the page that says so.
    pub fn new(path: &str, query: &Query, facts: &Facts, visitor: &Visitor) -> Result<Route, Page> {
        let segments: Vec<String> =
            path.trim_start_matches('/').split('/').map(crate::view::name::decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let wrong = |why: String| error(facts, visitor, 400, &why);
        let nothing = || not_found(facts, visitor);
        Ok(match segments.as_slice() {
            [""] => Route::Overview(overview::Overview::new(query).map_err(wrong)?),
            ["g", group] => Route::Grid(grid::Grid::new(group, None, query, facts).map_err(wrong)?),
            ["g", group, service] => {
                Route::Grid(grid::Grid::new(group, Some(service), query, facts).map_err(wrong)?)
            }
            ["h", host] => Route::Host(host::Host::new(host, query, facts).map_err(wrong)?),
            ["n", node] => Route::Node(node::Node::new(node, query, facts).map_err(wrong)?),
            ["incidents"] => Route::Incidents(incidents::List::new(query).map_err(wrong)?),
            ["incidents", number] => Route::Incident(incidents::One::new(number).ok_or_else(nothing)?),
            ["log"] => Route::Log(log::Log::new(query, facts).map_err(wrong)?),
            ["levels"] => Route::Levels(levels::Levels),
            ["reports"] => Route::Reports,
            ["p", name] => Route::Public(public::Public::new(name, facts).ok_or_else(nothing)?),
            ["badge", rest @ ..] => {
                Route::Badge(badge::Badge::new(&rest.join("/"), facts).ok_or_else(nothing)?)
            }
            [file] => Route::Asset(page::Asset::new(file).ok_or_else(nothing)?),
            _ => return Err(nothing()),
        })
    }

    /// Whether everybody may see it, also where others have to say who they are.
    pub fn is_public(&self, facts: &Facts) -> bool {
        match self {
            Route::Public(_) | Route::Asset(_) => true,
            Route::Badge(badge) => badge.is_public(facts),
            Route::Overview(_)
            | Route::Grid(_)
            | Route::Host(_)
            | Route::Node(_)
            | Route::Incidents(_)
            | Route::Incident(_)
            | Route::Log(_)
            | Route::Levels(_)
            | Route::Reports => false,
        }
    }

    /// The host that is shown, of which what was pushed goes into [`Facts::pushed`].
    pub fn host(&self) -> Option<&str> {
        if let Route::Host(host) = self { Some(host.name()) } else { None }
    }

    /// Whether the journal has to be asked.
    pub fn asks(&self) -> bool {
        match self {
            Route::Overview(_) | Route::Reports | Route::Badge(_) | Route::Asset(_) => false,
            Route::Grid(_)
            | Route::Host(_)
            | Route::Node(_)
            | Route::Incidents(_)
            | Route::Incident(_)
            | Route::Log(_)
            | Route::Levels(_)
            | Route::Public(_) => true,
        }
    }

    /// Asks the journal: for its thread.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read(&self, facts: &Facts, reader: &mut Reader) -> Result<Found, JournalError> {
        Ok(match self {
            Route::Overview(_) | Route::Reports | Route::Badge(_) | Route::Asset(_) => Found::Nothing,
            Route::Grid(grid) => Found::Grid(grid.read(facts, reader)?),
            Route::Host(host) => Found::Host(host.read(facts, reader)?),
            Route::Node(node) => Found::Node(node.read(facts, reader)?),
            Route::Incidents(list) => Found::Incidents(list.read(reader)?),
            Route::Incident(one) => Found::Incident(one.read(reader)?),
            Route::Log(log) => Found::Log(log.read(reader)?),
            Route::Levels(_) => Found::Levels(levels::read(facts, reader)?),
            Route::Public(public) => Found::Public(public.read(facts, reader)?),
        })
    }

    /// Asks the journal where that has to be, and shows the page.
    pub async fn show(self, facts: Facts, visitor: &Visitor, store: &Store) -> Page {
        if !self.asks() {
            return self.render(&facts, visitor, Ok(Found::Nothing));
        }
        let (route, known) = (self.clone(), facts.clone());
        let found = store.ask(move |reader| route.read(&known, reader)).await;
        self.render(&facts, visitor, found)
    }

    /// Shows the page.
    pub fn render(&self, facts: &Facts, visitor: &Visitor, found: Result<Found, Unread>) -> Page {
        let (found, why) = match found {
            Ok(found) => (found, None),
            Err(unread) => (Found::Nothing, Some(unread.to_string())),
        };
        let why = why.as_deref();
        match (self, found) {
            (Route::Overview(overview), _) => overview.render(facts, visitor),
            (Route::Reports, _) => reports::render(facts, visitor),
            (Route::Badge(badge), _) => badge.render(facts),
            (Route::Asset(asset), _) => asset.render(),
            (Route::Grid(grid), Found::Grid(found)) => grid.render(facts, visitor, Some(&found), why),
            (Route::Grid(grid), _) => grid.render(facts, visitor, None, why),
            (Route::Host(host), Found::Host(found)) => host.render(facts, visitor, Some(found), why),
            (Route::Host(host), _) => host.render(facts, visitor, None, why),
            (Route::Node(node), Found::Node(found)) => node.render(facts, visitor, Some(found), why),
            (Route::Node(node), _) => node.render(facts, visitor, None, why),
            (Route::Incidents(list), Found::Incidents(found)) => {
                list.render(facts, visitor, Some(found), why)
            }
            (Route::Incidents(list), _) => list.render(facts, visitor, None, why),
            (Route::Incident(one), Found::Incident(found)) => one.render(facts, visitor, Some(found), why),
            (Route::Incident(one), _) => one.render(facts, visitor, None, why),
            (Route::Log(log), Found::Log(found)) => log.render(facts, visitor, Some(found), why),
            (Route::Log(log), _) => log.render(facts, visitor, None, why),
            (Route::Levels(_), Found::Levels(found)) => levels::render(facts, visitor, Some(&found), why),
            (Route::Levels(_), _) => levels::render(facts, visitor, None, why),
            (Route::Public(public), Found::Public(found)) => public.render(facts, Some(&found)),
            (Route::Public(public), _) => public.render(facts, None),
        }
    }
}
