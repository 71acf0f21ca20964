//! `oco fleet status`: once, for programs, or again and again.

use super::connection::Connection;
use super::error::FleetError;
use super::items::Scope;
use super::overview::{self, Canvas};
use super::rows::cells;
use super::state::State;
use crate::command::columns::Style;
use crate::command::error::Error;
use crate::command::print;
use crate::command::status::screen;
use crate::limits::{CONTROL_TIMEOUT, CONTROL_WATCH_TIMEOUT, TARGETS_SHOWN};
use crate::logic::control::{BarsReply, FleetOrder, FleetStatus};
use crate::logic::time::Nanos;
use crate::system::{clock, terminal};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What was told, and when.
#[derive(Debug)]
struct Told {
    status: FleetStatus,
    bars: BTreeMap<String, String>,
    at: Nanos,
}

/// Shows the status for programs, as the watcher gives it, and returns the exit status.
pub fn json(control: &Path, patterns: &[String]) -> Result<u8, Error> {
    let mut connection = Connection::open(control, CONTROL_TIMEOUT)?;
    let order = FleetOrder::Status { patterns: patterns.to_vec(), most: None };
    let (head, line) = connection.ask_line(order, false)?;
    let Some(state) = head.state else { return Err(connection.strange(line.as_bytes()).into()) };
    print(&(line + "\n"))?;
    Ok(State::of(&state).exit_status())
}

/// Shows the status for people, and returns the exit status.
pub fn text(control: &Path, patterns: &[String]) -> Result<u8, Error> {
    let style = Style::of_stdout();
    let told = ask(control, patterns, CONTROL_TIMEOUT, style)?;
    // Who asks for some wants all of it; the whole fleet fits on a screen, with the prompt below.
    let height = terminal::height().filter(|_| patterns.is_empty()).map(|height| height.saturating_sub(1));
    print(&overview::draw(&told.status, &told.bars, scope(patterns), None, Canvas { style, height }))?;
    Ok(State::of(&told.status.state).exit_status())
}

/// Shows it each second until a signal ends the process. While the watcher is away, what it said last stays, with its age.
pub fn watch(control: &Path, patterns: &[String]) -> Result<u8, Error> {
    let mut last: Option<Told> = None;
    crate::command::status::watch(|_| {
        let style = Style::of_stdout();
        let away = match ask(control, patterns, CONTROL_WATCH_TIMEOUT, style) {
            Ok(told) => {
                last = Some(told);
                None
            }
            // Nothing will mend a pattern that is none.
            Err(error @ FleetError::Refused(_)) if last.is_none() => return Err(error.into()),
            Err(error) => Some(error.to_string()),
        };
        let height = terminal::height().map(|height| height.saturating_sub(1));
        let text = match (&last, away) {
            (Some(told), away) => {
                let age = super::clock::word(clock::now().boot.since(told.at));
                let note = away.map(|why| format!("{age} old: {why}"));
                let canvas = Canvas { style, height };
                overview::draw(&told.status, &told.bars, scope(patterns), note.as_deref(), canvas)
            }
            (None, away) => away.unwrap_or_default() + "\n",
        };
        print(&screen(&text))?;
        Ok(0)
    })
}

fn ask(control: &Path, patterns: &[String], timeout: Duration, style: Style) -> Result<Told, FleetError> {
    let mut connection = Connection::open(control, timeout)?;
    let scope = scope(patterns);
    let most = if scope == Scope::Targets { None } else { Some(TARGETS_SHOWN) };
    let order = FleetOrder::Status { patterns: patterns.to_vec(), most };
    let status: FleetStatus = connection.ask(order, false)?;
    let names = overview::names_with_bars(&status, scope);
    let bars = if names.is_empty() { BTreeMap::new() } else { bars(&mut connection, names, style) };
    Ok(Told { status, bars, at: clock::now().boot })
}

/// The bars of the last hour. They are an adornment: without them the rest is shown as well.
fn bars(connection: &mut Connection, names: Vec<String>, style: Style) -> BTreeMap<String, String> {
    let cells = cells(style.width());
    let order = FleetOrder::Bars { patterns: names, from: "-1h".to_owned(), to: None, cells };
    let Ok(reply) = connection.ask::<BarsReply>(order, false) else { return BTreeMap::new() };
    let most = usize::try_from(cells).unwrap_or(usize::MAX);
    let bars = reply.bars.into_iter().filter(|bar| bar.cells.chars().count() <= most && bar.cells.is_ascii());
    bars.map(|bar| (bar.name, bar.cells)).collect()
}

/// How much these patterns ask for: of a service or a target that is named, each target.
fn scope(patterns: &[String]) -> Scope {
    let names_targets = |pattern: &String| match pattern.matches('/').count() {
        0 => false,
        1 => !pattern.contains('*'),
        _ => true,
    };
    match patterns {
        [] => Scope::Fleet,
        some if some.iter().any(names_targets) => Scope::Targets,
        _ => Scope::Some,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_say_how_much_is_shown() {
        let of = |pattern: &str| scope(&[pattern.to_owned()]);
        assert_eq!(scope(&[]), Scope::Fleet);
        assert_eq!([of("web"), of("*/*"), of("web/o*"), of("node:*"), of("node:shop")], [Scope::Some; 5]);
        assert_eq!([of("web/oco"), of("web/oco/web1"), of("*/*/db1")], [Scope::Targets; 3]);
    }
}
