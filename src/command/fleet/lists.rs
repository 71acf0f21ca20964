//! Corrections, incidents and availability for people.

use super::clock;
use super::line::Line;
use crate::command::columns::Style;
use crate::logic::control::{AdjustmentStatus, AvailabilityStatus, IncidentStatus};
use crate::logic::text::printable;
use std::time::Duration;

/// The corrections, a line each.
pub fn adjustments(all: &[AdjustmentStatus]) -> String {
    let line = |one: &AdjustmentStatus| {
        let line = format!(
            "{}: {} was {} from {} until {}, by {} at {}: {}",
            one.id, one.name, one.state, one.from, one.to, one.who, one.at, one.text
        );
        printable(line.as_bytes()) + "\n"
    };
    if all.is_empty() { "no corrections\n".to_owned() } else { all.iter().map(line).collect() }
}

/// The incidents, a line each.
pub fn incidents(all: &[IncidentStatus]) -> String {
    let line = |one: &IncidentStatus| {
        let mut line = format!("{}: {} {}, opened {}", one.id, one.name, one.state, one.opened);
        if let Some(at) = &one.acknowledged {
            line.push_str(&format!(", acknowledged {at}"));
            line.push_str(&one.who.as_ref().map(|who| format!(" by {who}")).unwrap_or_default());
        }
        line.push_str(&one.closed.as_ref().map(|at| format!(", closed {at}")).unwrap_or_default());
        if !one.members.is_empty() {
            line.push_str(&format!(": {}", one.members.join(", ")));
        }
        printable(line.as_bytes()) + "\n"
    };
    if all.is_empty() { "no incidents\n".to_owned() } else { all.iter().map(line).collect() }
}

/// How long it was how, and what that makes.
pub fn availability(of: &AvailabilityStatus, style: Style) -> String {
    let parts = [
        ("ok", of.ok),
        ("but", of.but),
        ("ko", of.ko),
        ("unknown", of.unknown),
        ("planned", of.planned),
        ("no data", of.no_data),
    ];
    let mut lines = vec![Line::of(&format!("{} from {} until {}", of.name, of.from, of.to))];
    let row = |name: &str, value: &str| Line::of("  ").text(name).pad(14, 0).text(value);
    lines.extend(parts.into_iter().map(|(name, length)| row(name, &word(length))));
    lines.push(row("measured", &percent(of.measured)));
    lines.push(row("contractual", &percent(of.contractual)));
    lines.extend(of.target.map(|target| row("target", &percent(Some(target)))));
    lines.extend(of.budget.map(|budget| row("budget", &word(budget))));
    lines.extend(of.left.map(|left| {
        row(
            "left",
            &if left < 0 { format!("none, {} over", word(left.saturating_neg())) } else { word(left) },
        )
    }));
    lines.iter().map(|line| line.written(style.width(), style) + "\n").collect()
}

fn word(milliseconds: i64) -> String {
    clock::word(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
}

/// Three decimals, as the watcher has rounded it.
fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3} %"))
}
