//! `ocoboard report`: what was asked for goes where it is to go.

use super::due::{self, Said};
use super::limits::WATCHER;
use super::{
    Format, Known, ReportError, Settings, Wish, check_address, gather, mail_report, write, write_file,
};
use oco::command::fleet::connection::Connection;
use oco::command::fleet::error::FleetError;
use oco::logic::control::FleetOrder;
use oco_fleet::journal::Reader;
use oco_fleet::time::Millis;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The period of a report that names none.
pub const DEFAULT_PERIOD: &str = "last-month";

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Of whom: nodes, services, levels, groups, or one of the file's reports.
    pub names: Vec<String>,
    /// Of which time; none: [`DEFAULT_PERIOD`].
    pub period: Option<String>,
    /// As what; none: what `output` ends in, else HTML.
    pub format: Option<Format>,
    /// Into which file; none: standard output, unless it is mailed.
    pub output: Option<PathBuf>,
    /// To whom by mail.
    pub mail: Vec<String>,
}

/// What is known now: whether the watcher at `control` lives.
pub fn known(control: &Path, now: Millis) -> Known {
    // A name that nobody has is refused, which is an answer too.
    let order = FleetOrder::Status { patterns: vec!["slo:_".to_owned()], most: Some(0) };
    let asked = Connection::open(control, WATCHER).and_then(|mut watcher| watcher.ask_line(order, false));
    Known { now, is_watched: matches!(asked, Ok(_) | Err(FleetError::Refused(_))) }
}

/// Writes or sends a report. `out` is standard output.
///
/// # Errors
/// There is none, or it can't go there.
pub fn run(
    options: &Options,
    settings: &Settings,
    known: Known,
    out: &mut dyn Write,
) -> Result<Vec<Said>, ReportError> {
    for address in &options.mail {
        check_address(address).map_err(|why| ReportError::Wrong(format!("--mail: {why}")))?;
    }
    let of_file = options.output.as_deref().and_then(Format::of_file);
    let format = options.format.or(of_file).unwrap_or_default();
    let period = options.period.clone().unwrap_or_else(|| DEFAULT_PERIOD.to_owned());
    let mut reader = Reader::open(&settings.journal)?;
    let report = gather(&mut reader, &wish(&options.names, period, settings), settings, known)?;
    let mut said = Vec::new();
    if !options.mail.is_empty() {
        mail_report(&report, &[format], &options.mail, settings)?;
        let text = format!("report of {}: sent to {}", report.title, options.mail.join(", "));
        said.push(Said { is_error: false, text });
    }
    if options.mail.is_empty() || options.output.is_some() {
        let octets = write(&report, format, &settings.fonts)?;
        match &options.output {
            Some(path) if path.as_os_str() != "-" => write_file(path, &octets)?,
            Some(_) | None => {
                let written = out.write_all(&octets).and_then(|()| out.flush());
                written.map_err(|error| ReportError::Io("standard output".to_owned(), error))?;
            }
        }
    }
    Ok(said)
}

/// What names ask for: that of a `[[report]]` stands for what it is of, and gives its name to a report of it alone.
fn wish(names: &[String], period: String, settings: &Settings) -> Wish {
    let planned = |name: &String| settings.reports.iter().find(|plan| plan.name == *name);
    let title = match names {
        [name] => planned(name).map(|plan| plan.name.clone()),
        [] | [_, ..] => None,
    };
    let of = names.iter().flat_map(|name| match planned(name) {
        Some(plan) => plan.of.iter().map(ToString::to_string).collect(),
        None => vec![name.clone()],
    });
    Wish { names: of.collect(), title, period }
}

/// `ocoboard report --due`.
///
/// # Errors
/// See [`due::run`].
pub fn run_due(settings: &Settings, known: Known) -> Result<Vec<Said>, ReportError> {
    due::run(settings, known)
}
