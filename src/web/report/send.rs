//! A report goes where it is to go: into a file, or to somebody by mail.

use super::figures::Report;
use super::limits::SENDMAIL;
use super::words::{percent, visible};
use super::{Attachment, Format, Mail, ReportError, Settings, write};
use std::fs;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Of a report's file.
const MODE: u32 = 0o644;
/// How often is looked whether the mail program has ended.
const LOOK: Duration = Duration::from_millis(10);
/// Octets of what a mail program says that are told.
const SAID_OCTETS: u64 = 500;

/// Writes a file whole or not at all; what is there and is no file, as a pipe, is written to.
///
/// # Errors
/// It can't be written.
pub fn write_file(path: &Path, octets: &[u8]) -> Result<(), ReportError> {
    let written = if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        fs::OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(octets))
    } else {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match path.file_name().and_then(|name| name.to_str()) {
            Some(name) => oco::system::atomic_file::replace(parent, name, octets, MODE, true),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file")),
        }
    };
    written.map_err(|error| ReportError::Io(format!("write {}", path.display()), error))
}

/// Sends a report by mail, in these formats.
///
/// # Errors
/// It can't be written, or the mail program does not take it.
pub fn mail_report(
    report: &Report,
    formats: &[Format],
    to: &[String],
    settings: &Settings,
) -> Result<(), ReportError> {
    let mut attachments = Vec::new();
    for format in formats {
        attachments.push(Attachment {
            file: file_name(report, *format),
            content_type: format.content_type(),
            octets: write(report, *format, &settings.fonts)?,
        });
    }
    let mail = Mail {
        to: to.to_vec(),
        subject: visible(&format!("{}: {}, {}", report.board, report.title, report.period.text)),
        text: summary(report),
        attachments,
        message_id: message_id(report, to),
        at: report.made.at,
    };
    hand_over(&settings.sendmail, &mail.octets(&report.zone))
}

/// What a file with this report is called: `shop-monthly-2026-10.pdf`.
pub(super) fn file_name(report: &Report, format: Format) -> String {
    let plain = |text: &str| -> String {
        let letter = |c: char| if c.is_ascii_alphanumeric() || "._".contains(c) { c } else { '-' };
        text.chars().map(letter).take(80).collect()
    };
    let name = plain(&report.title);
    let name = name.trim_matches(['-', '.']);
    let name = if name.is_empty() { "report" } else { name };
    format!("{name}-{}.{}", plain(&report.period.text).replace("..", "_"), format.word())
}

/// What a mail says before it is opened: whether promises were kept.
fn summary(report: &Report) -> String {
    let mut text = format!(
        "{}: availability report\n{}\n{} to {}\n\n",
        visible(&report.board),
        visible(&report.title),
        super::words::minute(report.period.from, &report.zone),
        super::words::minute(report.period.until, &report.zone),
    );
    for level in report.levels.iter().filter(|level| !level.is_part) {
        let target = oco_fleet::level::target_text(level.target.0);
        let (share, verdict) = (percent(level.contractual), level.verdict.word());
        text.push_str(&format!("{}: {share} of {target}, {verdict}\n", level.name));
    }
    for member in report.members.iter().filter(|member| member.depth == 0) {
        let outages = if member.outages == 1 { "outage" } else { "outages" };
        text.push_str(&format!(
            "{}: {} contractual, {} measured, {} {outages}\n",
            super::words::name(member.name.as_str()),
            percent(member.contractual),
            percent(member.measured),
            member.outages,
        ));
    }
    text
}

/// The same for the same report to the same people.
fn message_id(report: &Report, to: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [report.board.as_str(), &report.title].into_iter().chain(to.iter().map(String::as_str)) {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&report.period.from.0.to_le_bytes());
    hasher.update(&report.period.until.0.to_le_bytes());
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String =
        host.trim().chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect();
    let host = if host.is_empty() { "localhost" } else { &host };
    let hash = hasher.finalize().to_hex();
    format!("report.{}@{host}", hash.get(..32).unwrap_or_default())
}

/// Gives a mail to the mail program, which has to say that it took it. It reads a file, not a pipe: when this one is
/// killed, it has the whole mail, and sends no part of it.
fn hand_over(program: &Path, mail: &[u8]) -> Result<(), ReportError> {
    let failed = |why: String| ReportError::Mail(program.to_owned(), why);
    let io_failed = |error: io::Error| failed(oco::system::words::words(&error).to_string());
    let (mut input, mut said) =
        tempfile::tempfile().and_then(|input| Ok((input, tempfile::tempfile()?))).map_err(io_failed)?;
    let given = input.write_all(mail).and_then(|()| input.rewind());
    let (stdin, stderr) =
        given.and_then(|()| Ok((input.try_clone()?, said.try_clone()?))).map_err(io_failed)?;
    let mut child = Command::new(program)
        .arg("-t")
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::null())
        .stderr(Stdio::from(stderr))
        .spawn()
        .map_err(io_failed)?;
    let why = match wait(&mut child) {
        // Both have one place in the file.
        Ended::Well if input.stream_position().ok() == u64::try_from(mail.len()).ok() => return Ok(()),
        Ended::Well => "it did not read the whole mail".to_owned(),
        Ended::Badly(why) => why,
    };
    let mut words = Vec::new();
    // What it said only explains.
    let _ = said.rewind().and_then(|()| said.take(SAID_OCTETS).read_to_end(&mut words));
    let words = oco::logic::text::printable(words.trim_ascii());
    Err(failed(if words.is_empty() { why } else { format!("{why}: {words}") }))
}

/// How the mail program ended.
enum Ended {
    Well,
    Badly(String),
}

fn wait(child: &mut Child) -> Ended {
    let deadline = Instant::now() + SENDMAIL;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ended::Well,
            Ok(Some(status)) => {
                return Ended::Badly(match (status.code(), status.signal()) {
                    (Some(code), _) => format!("exit status {code}"),
                    (None, Some(signal)) => format!("ended by signal {signal}"),
                    (None, None) => "failed".to_owned(),
                });
            }
            Ok(None) if Instant::now() >= deadline => {
                let _ = child.kill();
                let _ = child.wait();
                return Ended::Badly(format!("took longer than {}s", SENDMAIL.as_secs()));
            }
            Ok(None) => thread::sleep(LOOK),
            Err(error) => return Ended::Badly(error.to_string()),
        }
    }
}
