//! `oco fleet`: speaks to ocowatch by its control socket, and shows what it answers.
//!
//! ```text
//! arguments -> fleet -> connection (an order there, lines back, bounded) -> status, log, acts, lists -> standard output
//! import: another watcher's file -> a watch.toml on standard output; nobody is spoken to
//! status: items (what is shown, what is folded) -> rows (lines of the table) -> overview (what there is room for)
//! ```
//!
//! It reads no file of the watcher and knows no calendar: times go there as they were typed, with the caller's zone.

mod acts;
pub mod arguments;
mod clock;
pub mod connection;
pub mod error;
pub mod import;
mod items;
mod line;
mod lists;
mod log;
mod overview;
mod rows;
mod state;
mod status;
mod zone;

use super::columns::Style;
use super::error::Error;
use super::{BAD, print, say};
use crate::limits::CONTROL_TIMEOUT;
use crate::logic::control::{
    Act, ActReply, AdjustmentStatus, AvailabilityStatus, FleetOrder, FleetStatus, IncidentStatus, Report,
    ReportReply, Undo,
};
use crate::logic::perfdata;
use arguments::{ActArguments, FileArgument, Fleet, FleetArguments, NameArgument};
use connection::Connection;
use error::FleetError;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How a fleet stands, as `oco fleet status` shows it to who reads standard output: for who has the status himself.
pub fn table(status: &FleetStatus) -> String {
    let canvas = overview::Canvas { style: Style::of_stdout(), height: None };
    overview::draw(status, &BTreeMap::new(), items::Scope::Targets, None, canvas)
}

/// Does what is asked of the watcher, and returns the exit status.
///
/// # Errors
/// The watcher is away, refuses, or says what is not understood.
pub fn obey(arguments: &FleetArguments) -> Result<u8, Error> {
    let control = arguments.control.as_path();
    match arguments.order.clone() {
        Fleet::Status { json: true, watch: _, patterns } => status::json(control, &patterns),
        Fleet::Status { json: false, watch: true, patterns } => status::watch(control, &patterns),
        Fleet::Status { json: false, watch: false, patterns } => status::text(control, &patterns),
        Fleet::Log { since, json, patterns } => log::show(control, patterns, since, json),
        Fleet::Ack(act) => do_act(control, act.json, FleetOrder::Ack(of(act, None, None))),
        Fleet::Mute(act) => do_act(control, act.json, FleetOrder::Mute(of(act, None, None))),
        Fleet::Maint { from, to, act } => do_act(control, act.json, FleetOrder::Maint(of(act, from, to))),
        Fleet::Unack(NameArgument { name, json }) => do_act(control, json, FleetOrder::Unack(Undo { name })),
        Fleet::Unmute(NameArgument { name, json }) => {
            do_act(control, json, FleetOrder::Unmute(Undo { name }))
        }
        Fleet::Unmaint(NameArgument { name, json }) => {
            do_act(control, json, FleetOrder::Unmaint(Undo { name }))
        }
        Fleet::Adjust { name, from, to, state, text, json } => {
            do_act(control, json, FleetOrder::Adjust { name, from, to, state, text: text.join(" ") })
        }
        Fleet::Unadjust { id, json } => do_act(control, json, FleetOrder::Unadjust { id }),
        Fleet::Alert { name, text } => {
            do_act(control, false, FleetOrder::Alert { name, text: text.join(" ") })
        }
        Fleet::Forget { name } => do_act(control, false, FleetOrder::Forget { name }),
        Fleet::Adjustments { json } => list(control, FleetOrder::Adjustments, json, |line, connection| {
            Ok(lists::adjustments(&connection.read::<Vec<AdjustmentStatus>>(line)?))
        }),
        Fleet::Incidents { json } => list(control, FleetOrder::Incidents, json, |line, connection| {
            Ok(lists::incidents(&connection.read::<Vec<IncidentStatus>>(line)?))
        }),
        Fleet::Availability { from, to, json, name } => {
            let order = FleetOrder::Availability { name, from, to };
            list(control, order, json, |line, connection| {
                Ok(lists::availability(&connection.read::<AvailabilityStatus>(line)?, Style::of_stdout()))
            })
        }
        Fleet::ImportMon(FileArgument { file }) => import::import(&file, import::mon::convert),
        Fleet::ImportLdirectord(FileArgument { file }) => import::import(&file, import::ldirectord::convert),
        Fleet::Report { name, code, period, text } => {
            let period = period.map(milliseconds);
            let text = text.join(" ");
            let (text, perfdata) = perfdata::parted(&text);
            let (text, perfdata) = (text.to_owned(), perfdata.to_owned());
            report(control, Report { name, code: code.number(), period, text, perfdata, with_next: false })
        }
    }
}

fn of(act: ActArguments, from: Option<String>, until: Option<String>) -> Act {
    Act { name: act.name, from, until, length: act.length.map(milliseconds), text: act.text.join(" ") }
}

fn milliseconds(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

/// Acts, and says what that took.
fn do_act(control: &Path, is_json: bool, order: FleetOrder) -> Result<u8, Error> {
    list(control, order, is_json, |line, connection| Ok(acts::told(&connection.read::<ActReply>(line)?)))
}

/// Shows a reply of one line: as it came for programs, else as `shown` has it.
fn list(
    control: &Path,
    order: FleetOrder,
    is_json: bool,
    shown: impl Fn(&str, &Connection) -> Result<String, FleetError>,
) -> Result<u8, Error> {
    let mut connection = Connection::open(control, CONTROL_TIMEOUT)?;
    let (_, line) = connection.ask_line(order, !is_json)?;
    // Also for programs it has to be what was asked for.
    let text = shown(&line, &connection)?;
    print(&if is_json { line + "\n" } else { text })?;
    Ok(0)
}

/// Reports a result. Nothing is said when it was taken, as nobody reads what cron's scripts say.
fn report(control: &Path, report: Report) -> Result<u8, Error> {
    let mut connection = Connection::open(control, CONTROL_TIMEOUT)?;
    let reply: ReportReply = connection.ask(FleetOrder::Report { reports: vec![report] }, false)?;
    let refused: Vec<String> = reply.results.into_iter().flatten().collect();
    refused.iter().for_each(|why| say(&FleetError::Refused(why.clone())));
    Ok(if refused.is_empty() { 0 } else { BAD })
}

#[cfg(test)]
mod tests;
