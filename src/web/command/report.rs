//! `ocoboard report` and `ocoboard ack-mail`: what they need of the settings, and what they say.

use crate::ack_mail::{self, TRY_AGAIN};
use crate::arguments::{Format as FormatWord, Report};
use crate::config::{Every, Format, ReportPlan, SentTo, Settings};
use crate::error::Error;
use crate::report::{self, ReportSettings, command};
use oco::system::{clock, log_lines};
use oco_fleet::calendar::{Period, Zone};
use oco_fleet::time::Millis;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

const SENDMAIL: &str = "/usr/sbin/sendmail";

/// Runs `ocoboard report`.
///
/// # Errors
/// There is no report, or it can't go there.
pub fn run(settings: &Settings, wanted: &Report) -> Result<ExitCode, Error> {
    let settings = of_report(settings)?;
    let known = command::known(&settings.control, Millis::of(clock::now().wall));
    let said = match wanted.due {
        true => command::run_due(&settings, known),
        false => command::run(&options(wanted), &settings, known, &mut io::stdout()),
    };
    let said = said.map_err(|error| Error::Refused(error.to_string()))?;
    let mut exit = ExitCode::SUCCESS;
    for one in said {
        log_lines::say("ocoboard", &one.text);
        if one.is_error {
            exit = ExitCode::from(crate::error::FAILED);
        }
    }
    Ok(exit)
}

fn options(wanted: &Report) -> command::Options {
    let format = wanted.format.map(|format| match format {
        FormatWord::Pdf => report::Format::Pdf,
        FormatWord::Html => report::Format::Html,
        FormatWord::Csv => report::Format::Csv,
        FormatWord::Xml => report::Format::Xml,
        FormatWord::Json => report::Format::Json,
    });
    command::Options {
        names: wanted.names.clone(),
        period: Some(wanted.period.clone()),
        format,
        output: wanted.output.clone(),
        mail: wanted.mail.clone(),
    }
}

fn of_report(settings: &Settings) -> Result<report::Settings, Error> {
    let zone = Zone::parse(settings.time_zone.as_deref());
    Ok(report::Settings {
        journal: settings.journal.clone(),
        control: settings.control.clone(),
        zone: zone.map_err(|why| Error::Refused(format!("time-zone: {why}")))?,
        title: settings.title.clone(),
        fonts: settings.fonts.clone(),
        state_dir: settings.state_dir.clone(),
        sendmail: PathBuf::from(SENDMAIL),
        reports: settings.reports.iter().map(planned).collect(),
    })
}

fn planned(plan: &ReportPlan) -> ReportSettings {
    let (mail, dir) = match &plan.to {
        SentTo::Mail(addresses) => (addresses.clone(), None),
        SentTo::Directory(dir) => (Vec::new(), Some(dir.clone())),
    };
    let format = |format: &Format| match format {
        Format::Pdf => report::Format::Pdf,
        Format::Html => report::Format::Html,
        Format::Csv => report::Format::Csv,
        Format::Xml => report::Format::Xml,
        Format::Json => report::Format::Json,
    };
    ReportSettings {
        name: plan.name.clone(),
        of: plan.of.clone(),
        every: Some(match plan.every {
            Every::Day => Period::Day,
            Every::Week => Period::Week,
            Every::Month => Period::Month,
            Every::Quarter => Period::Quarter,
            Every::Year => Period::Year,
        }),
        formats: plan.formats.iter().map(format).collect(),
        mail,
        dir,
    }
}

/// Runs `ocoboard ack-mail`. Where it can't be done now the mail system is to try again.
pub fn ack_mail(settings: &Settings) -> ExitCode {
    let socket = settings.control.with_file_name("token");
    match ack_mail::run(io::stdin(), &socket) {
        Ok(outcome) => {
            log_lines::say("ocoboard", &outcome.line);
            ack_mail::log_by_syslog(&outcome.line);
            if outcome.is_to_come_again { ExitCode::from(TRY_AGAIN) } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            Error::System("standard input".to_owned(), error).say();
            ExitCode::from(TRY_AGAIN)
        }
    }
}
