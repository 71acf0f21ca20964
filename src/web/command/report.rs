//! `ocoboard report`: what was asked for, or is owed, as the settings have it.

use crate::arguments::Report;
use crate::config::Settings;
use crate::error::{Error, FAILED};
use crate::report::command::{Options, known, run as write, run_due};
use crate::report::due::Said;
use crate::report::{self, ReportError};
use oco::system::{clock, log_lines, user};
use oco_fleet::calendar::Zone;
use oco_fleet::time::Millis;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// What takes mail on every system that sends some.
const SENDMAIL: &str = "/usr/sbin/sendmail";

/// Runs it.
///
/// # Errors
/// It can't be done; the words say why, or were said.
pub fn run(settings: &Settings, asked: &Report) -> Result<(), Error> {
    let of_reports = of_reports(settings)?;
    if asked.due
        && let Some(name) = settings.user.as_deref().filter(|_| user::is_root())
    {
        // What cron writes as root is to belong to the board's user.
        user::find(name).and_then(|user| user::become_user(&user)).map_err(Error::User)?;
    }
    let known = known(&settings.control, Millis::of(clock::now().wall));
    let said = if asked.due {
        run_due(&of_reports, known)
    } else {
        let options = Options {
            names: asked.names.clone(),
            period: Some(asked.period.clone()),
            format: asked.format,
            output: asked.output.clone(),
            mail: asked.mail.clone(),
        };
        write(&options, &of_reports, known, &mut io::stdout())
    };
    tell(said.map_err(refused)?)
}

/// What reports need of the settings.
fn of_reports(settings: &Settings) -> Result<report::Settings, Error> {
    Ok(report::Settings {
        journal: settings.journal.clone(),
        control: settings.control.clone(),
        zone: Zone::parse(settings.time_zone.as_deref()).map_err(Error::Refused)?,
        title: settings.title.clone(),
        fonts: settings.fonts.clone(),
        state_dir: settings.state_dir.clone(),
        sendmail: PathBuf::from(SENDMAIL),
        reports: settings.reports.clone(),
    })
}

fn refused(error: ReportError) -> Error {
    match error {
        ReportError::Io(what, error) => Error::System(what, error),
        other => Error::Refused(other.to_string()),
    }
}

/// Says it. Where something is wrong, the exit says so too.
fn tell(said: Vec<Said>) -> Result<(), Error> {
    let is_wrong = said.iter().any(|one| one.is_error);
    for one in said {
        log_lines::say("ocoboard", &one.text);
    }
    if is_wrong { Err(Error::Said(ExitCode::from(FAILED))) } else { Ok(()) }
}
