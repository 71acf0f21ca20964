//! What the `[[report]]`s of the file owe: each period once, after its end.
//!
//! What was sent is kept in `STATE_DIR/reports.json`, by the name of the report: the first moment of the period that is to
//! be sent next. It is noted after each one that was sent, so that a kill at any point loses none, and only one between the
//! end of sendmail and the note of it sends one twice, with the same Message-ID. A report that is seen first owes the
//! period in which it was seen, when that is over.

use super::limits::{MISSED, STATE_OCTETS};
use super::send::{file_name, mail_report};
use super::words::rfc3339;
use super::{Known, ReportError, Settings, Wish, gather, write, write_file};
use crate::config::{ReportPlan, SentTo};
use nix::fcntl::{Flock, FlockArg};
use oco_fleet::calendar::{Period, Zone};
use oco_fleet::journal::Reader;
use oco_fleet::time::Millis;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Where is kept what was sent.
pub const STATE_FILE: &str = "reports.json";
/// Who holds this is the only one that sends.
const LOCK_FILE: &str = "reports.lock";
const VERSION: u32 = 1;

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether something is wrong.
    pub is_error: bool,
    /// A line.
    pub text: String,
}

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct State {
    version: u32,
    /// The first moment of each report's next period.
    next: BTreeMap<String, Millis>,
}

/// What a report owes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owed {
    /// Periods that are over and not sent, oldest first.
    periods: Vec<(Millis, Millis)>,
    /// How many more were missed, which are not sent any more.
    skipped: usize,
    /// The first moment of the period that is not over.
    next: Millis,
}

/// What a report owes at `now`, whose next period begins at `next`; none: it was never seen before.
fn owed(next: Option<Millis>, every: Period, now: Millis, zone: &Zone) -> Owed {
    let current = every.around(now, zone).0;
    let mut owed = Owed { periods: Vec::new(), skipped: 0, next: current };
    let Some(next) = next.filter(|next| *next < current) else {
        // A clock that was put back owes nothing twice.
        owed.next = next.unwrap_or(current);
        return owed;
    };
    let mut end = current;
    while end > next {
        let (from, to) = every.around(Millis(end.0.saturating_sub(1)), zone);
        if from >= to || to > end {
            break;
        }
        if owed.periods.len() < MISSED {
            owed.periods.push((from, to));
        } else {
            owed.skipped += 1;
        }
        end = from;
    }
    owed.periods.reverse();
    owed
}

/// Sends what is owed. What could not be sent is owed still, and said.
///
/// # Errors
/// What was sent before is not known, or can't be kept: nothing more is sent then.
pub fn run(settings: &Settings, known: Known) -> Result<Vec<Said>, ReportError> {
    let _lock = lock(&settings.state_dir)?;
    let path = settings.state_dir.join(STATE_FILE);
    let mut state = load(&path)?;
    let mut said = Vec::new();
    for plan in &settings.reports {
        let every = plan.every.period();
        let before = state.next.get(&plan.name).copied();
        let owed = owed(before, every, known.now, &settings.zone);
        if owed.skipped > 0 {
            let text = format!(
                "report {}: {} periods that were missed are not sent any more",
                plan.name, owed.skipped
            );
            // All the rest is sent, so nobody has to do anything.
            said.push(Said { is_error: false, text });
        }
        let mut next = owed.periods.first().map_or(owed.next, |(from, _)| *from);
        for (from, to) in owed.periods {
            match send(settings, plan, (from, to), every, known) {
                Ok(text) => said.push(Said { is_error: false, text }),
                Err(error) => {
                    let text = format!("report {}: {error}; it is tried again", plan.name);
                    said.push(Said { is_error: true, text });
                    break;
                }
            }
            next = to;
            state.next.insert(plan.name.clone(), next);
            keep(&path, &state)?;
        }
        if before != Some(next) && state.next.get(&plan.name) != Some(&next) {
            state.next.insert(plan.name.clone(), next);
            keep(&path, &state)?;
        }
    }
    Ok(said)
}

/// Sends one, and tells so.
fn send(
    settings: &Settings,
    plan: &ReportPlan,
    (from, to): (Millis, Millis),
    every: Period,
    known: Known,
) -> Result<String, ReportError> {
    let zone = &settings.zone;
    let mut reader = Reader::open(&settings.journal)?;
    let span = format!("{}..{}", rfc3339(from, zone), rfc3339(to, zone));
    let names = plan.of.iter().map(ToString::to_string).collect();
    let wish = Wish { names, title: Some(plan.name.clone()), period: span };
    let mut report = gather(&mut reader, &wish, settings, known)?;
    let called = called(from, every, zone);
    report.period.text.clone_from(&called);
    match &plan.to {
        SentTo::Directory(directory) => {
            for format in &plan.formats {
                let path = directory.join(file_name(&report, *format));
                write_file(&path, &write(&report, *format, &settings.fonts)?)?;
            }
            Ok(format!("report {} of {called}: written to {}", plan.name, directory.display()))
        }
        SentTo::Mail(to) => {
            mail_report(&report, &plan.formats, to, settings)?;
            Ok(format!("report {} of {called}: sent to {}", plan.name, to.join(", ")))
        }
    }
}

/// What a period is called: `2026-10`, `2026-W40`, as `--period` takes it.
fn called(from: Millis, every: Period, zone: &Zone) -> String {
    let day = zone.date(from);
    match every {
        Period::Day | Period::Rolling(_) => day.to_string(),
        Period::Week => {
            let week = day.iso_week_date();
            format!("{:04}-W{:02}", week.year(), week.week())
        }
        Period::Month => format!("{:04}-{:02}", day.year(), day.month()),
        Period::Quarter => format!("{:04}-Q{}", day.year(), (day.month() - 1) / 3 + 1),
        Period::Year => format!("{:04}", day.year()),
    }
}

fn lock(state_dir: &Path) -> Result<Flock<File>, ReportError> {
    let path = state_dir.join(LOCK_FILE);
    let failed = |error| ReportError::Io(format!("lock {}", path.display()), error);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(lock),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Err(ReportError::Busy(path)),
        Err((_, errno)) => Err(failed(errno.into())),
    }
}

fn load(path: &Path) -> Result<State, ReportError> {
    let mut text = Vec::new();
    match File::open(path) {
        Ok(file) => file
            .take(STATE_OCTETS)
            .read_to_end(&mut text)
            .map_err(|error| ReportError::Io(format!("read {}", path.display()), error))?,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(State { version: VERSION, next: BTreeMap::new() });
        }
        Err(error) => return Err(ReportError::Io(format!("read {}", path.display()), error)),
    };
    let wrong = |why: String| ReportError::State(path.to_owned(), why);
    let state: State = serde_json::from_slice(&text)
        .map_err(|error| wrong(format!("{error}; remove it, and reports are owed from now on")))?;
    if state.version > VERSION {
        return Err(wrong(format!("version {}, of a later ocoboard", state.version)));
    }
    Ok(state)
}

/// Keeps it, whole or not at all, also where the power fails: a file that is empty then would lose reports.
fn keep(path: &Path, state: &State) -> Result<(), ReportError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let kept = (|| -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".reports.").tempfile_in(directory)?;
        let mut octets = serde_json::to_vec(state)?;
        octets.push(b'\n');
        file.write_all(&octets)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(directory)?.sync_all()
    })();
    kept.map_err(|error| ReportError::Io(format!("write {}", path.display()), error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::when::{Toward, parse_when, rfc3339};
    use proptest::prelude::*;

    fn at(text: &str) -> Millis {
        parse_when(text, Millis(0), "UTC", Toward::Past).unwrap()
    }

    fn months(next: Option<&str>, now: &str) -> (String, usize, String) {
        let owed = owed(next.map(at), Period::Month, at(now), &Zone::UTC);
        let periods: Vec<String> =
            owed.periods.iter().map(|(from, _)| called(*from, Period::Month, &Zone::UTC)).collect();
        (periods.join(" "), owed.skipped, rfc3339(owed.next))
    }

    #[test]
    fn each_period_is_owed_once_after_its_end() {
        let october = "2026-10-01T00:00:00Z".to_owned();
        for (next, now, periods, skipped, then) in [
            (None, "2026-10-15", "", 0, &october),
            (Some("2026-10-01"), "2026-10-31T23:59:59Z", "", 0, &october),
            (Some("2026-09-01"), "2026-10-01", "2026-09", 0, &october),
            (Some("2026-07-01"), "2026-10-01", "2026-07 2026-08 2026-09", 0, &october),
            (Some("2026-12-01"), "2026-10-15", "", 0, &"2026-12-01T00:00:00Z".to_owned()),
        ] {
            assert_eq!(months(next, now), (periods.to_owned(), skipped, then.clone()), "{next:?} {now}");
        }
        let (periods, skipped, _) = months(Some("2024-01-01"), "2026-10-15");
        assert_eq!((periods.split(' ').count(), skipped), (12, 21));
        assert!(periods.starts_with("2025-10 ") && periods.ends_with(" 2026-09"), "{periods}");
    }

    #[test]
    fn periods_are_called_as_they_are_asked_for() {
        let zone = Zone::parse(Some("Europe/Paris")).unwrap();
        for (every, text) in [
            (Period::Day, "2026-12-31"),
            (Period::Week, "2026-W53"),
            (Period::Month, "2026-12"),
            (Period::Quarter, "2026-Q4"),
            (Period::Year, "2026"),
        ] {
            let (from, to) = every.around(at("2026-12-31T12:00:00Z"), &zone);
            assert_eq!(called(from, every, &zone), text);
            let now = at("2030-01-01");
            assert_eq!(oco_fleet::calendar::parse_span(text, now, &zone), Ok((from, to)));
        }
    }

    proptest! {
        #[test]
        fn nothing_is_owed_twice_or_lost(
            mut looks in prop::collection::vec(1_577_836_800_i64..1_900_000_000, 1..30),
            every in prop::sample::select(Period::OF_CALENDAR.to_vec()),
        ) {
            let zone = Zone::parse(Some("Europe/Paris")).unwrap();
            looks.sort_unstable();
            let (mut next, mut sent, mut skipped) = (None, Vec::new(), 0);
            for look in &looks {
                let found = owed(next, every, Millis(look * 1000), &zone);
                prop_assert!(found.periods.len() <= MISSED);
                prop_assert!(found.periods.iter().all(|(_, to)| to.0 <= look * 1000));
                sent.extend(found.periods);
                skipped += found.skipped;
                next = Some(found.next);
            }
            prop_assert!(sent.windows(2).all(|pair| pair[0].1 <= pair[1].0));
            if skipped == 0 {
                prop_assert!(sent.windows(2).all(|pair| pair[0].1 == pair[1].0));
                if let (Some(last), Some(next)) = (sent.last(), next) {
                    prop_assert_eq!(last.1, next);
                }
            }
        }
    }
}
