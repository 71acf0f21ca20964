//! The journal -> [`Report`]: the only part of a report that reads.

use super::figures::{
    Correction, Down, LevelFigures, Made, Member, Outage, Report, Verdict, Work, cells, cut, downs,
};
use super::limits::PERIODS;
use super::period::Period;
use super::subjects::{Subject, Subjects, World};
use super::{ReportError, Settings};
use oco_fleet::availability::{Durations, Ground, Percent, Piece, pieces};
use oco_fleet::calendar::{Period as Calendar, Zone};
use oco_fleet::journal::limits::HEARTBEAT_LATE_MS;
use oco_fleet::journal::{ActKind, Adjustment, History, Incident, JournalError, LevelDefinition, Reader};
use oco_fleet::maintenance::covers;
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::time::Millis;
use std::collections::HashSet;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Of whom: nodes, services, levels, groups, patterns.
    pub names: Vec<String>,
    /// What it is called; none: as those are.
    pub title: Option<String>,
    /// Of which time.
    pub period: String,
}

/// What is known by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Now.
    pub now: Millis,
    /// Whether the watcher says that it lives: then it is known until now how all was.
    pub is_watched: bool,
}

impl From<JournalError> for ReportError {
    fn from(error: JournalError) -> ReportError {
        ReportError::Journal(error)
    }
}

/// The time of a report, and until when it is known what was in it.
#[derive(Clone, Copy)]
struct Time<'a> {
    period: &'a Period,
    zone: &'a Zone,
    starts: &'a [Millis],
    known: Millis,
    now: Millis,
}

/// Gathers a report.
///
/// # Errors
/// What was asked for is not known, or the journal can't be read.
pub fn gather(
    reader: &mut Reader,
    wish: &Wish,
    settings: &Settings,
    known: Known,
) -> Result<Report, ReportError> {
    let period = Period::parse(&wish.period, known.now, &settings.zone).map_err(ReportError::Wrong)?;
    let mut names = reader.names()?;
    names.sort_unstable();
    let definitions = reader.definitions()?;
    let world = World { names: &names, definitions: &definitions };
    let subjects = world.subjects(&wish.names).map_err(ReportError::Wrong)?;
    let (began, alive) = reader.known()?;
    // A watcher whose journal is not written, for its disk is full, knows more than there is to read.
    let is_watched = known.is_watched && known.now.since(alive) <= HEARTBEAT_LATE_MS;
    let known_until = if is_watched { known.now } else { alive };
    let (starts, cell) = period.cells(&settings.zone);
    let time =
        Time { period: &period, zone: &settings.zone, starts: &starts, known: known_until, now: known.now };
    let adjustments = reader.adjustments()?;
    let mut members = Vec::new();
    let mut outages = Vec::new();
    for subject in &subjects.shown {
        if let Some((member, down)) = member(reader, subject, time)? {
            outages.extend(explained(reader, &member.name, &down, &adjustments, time)?);
            members.push(member);
        }
    }
    let (outages, more_outages) = cut(outages);
    let levels = levels(reader, &subjects.levels, time)?;
    let incidents = incidents(reader, &subjects, &period)?;
    let maintenance = maintenance(reader, &subjects.beneath, &period)?;
    let corrections = corrections(adjustments, &subjects.beneath, &period);
    let title = wish.title.clone().unwrap_or_else(|| title(wish, &members));
    let made = Made {
        at: known.now,
        journal: settings.journal.clone(),
        began,
        known: known_until,
        is_watched,
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(Report {
        board: settings.title.clone(),
        title,
        names: wish.names.clone(),
        zone: settings.zone.clone(),
        levels,
        members,
        more_members: subjects.left_out,
        cell,
        outages,
        more_outages,
        incidents,
        maintenance,
        corrections,
        made,
        period,
    })
}

/// What a report is called that nobody gave a name.
fn title(wish: &Wish, members: &[Member]) -> String {
    match (wish.names.as_slice(), members.first()) {
        ([name], Some(Member { title: Some(title), name: of, .. })) if of.as_str() == name => title.clone(),
        (names, _) => names.join(", "),
    }
}

/// How one was; none: nobody watched it in that time, and nobody asks for it by its name.
fn member(
    reader: &mut Reader,
    subject: &Subject,
    time: Time<'_>,
) -> Result<Option<(Member, Vec<Down>)>, ReportError> {
    let Period { from, until, .. } = *time.period;
    let history = reader.history(&subject.name, from, until, time.known)?.unwrap_or_default();
    let ground = Ground { over: history.over(), ..Ground::of(from, until) };
    let all: Vec<Piece> = pieces(&ground, history.spans.iter().copied()).collect();
    let mut durations = Durations::default();
    for piece in &all {
        durations.add(piece.share, piece.to.since(piece.from));
    }
    if durations.no_data == durations.total() && !subject.is_named {
        return Ok(None);
    }
    let down = downs(&all);
    let member = Member {
        name: subject.name.clone(),
        title: subject.title.clone(),
        depth: subject.depth,
        durations,
        measured: durations.measured(),
        contractual: durations.contractual(),
        outages: down.len(),
        longest: down.iter().map(|one| one.to.since(one.from)).max().unwrap_or(0),
        bar: cells(&all, time.starts),
    };
    Ok(Some((member, down)))
}

/// Outages with their reasons: that of the journal when each began, or of who corrected it.
fn explained(
    reader: &mut Reader,
    name: &ObjectName,
    down: &[Down],
    adjustments: &[Adjustment],
    time: Time<'_>,
) -> Result<Vec<Outage>, ReportError> {
    if down.is_empty() {
        return Ok(Vec::new());
    }
    let Period { from, until, .. } = *time.period;
    let failures = reader.failures(name, from, until)?;
    let outage = |one: &Down| {
        let covers = |adjustment: &&Adjustment| {
            adjustment.name == *name && adjustment.since <= one.from && one.from < adjustment.until
        };
        let behind = failures.partition_point(|(at, _)| *at <= one.from);
        let failure = behind.checked_sub(1).and_then(|index| failures.get(index));
        let (began, reason) = match (adjustments.iter().rev().find(covers), failure) {
            (Some(adjustment), _) => {
                (Some(adjustment.since), format!("correction {}: {}", adjustment.id, adjustment.text))
            }
            (None, Some((at, reason))) => (Some(*at), reason.clone()),
            (None, None) => (None, String::new()),
        };
        Outage {
            name: name.clone(),
            from: one.from,
            to: one.to,
            // One that begins with the time may also have begun in its first millisecond.
            is_from_before: one.from == from && began.is_none_or(|at| at < from),
            goes_on: one.to == until,
            planned: one.planned,
            reason,
        }
    };
    Ok(down.iter().map(outage).collect())
}

/// How the promises stand over the whole time, and over each of their own periods in it.
fn levels(
    reader: &mut Reader,
    definitions: &[LevelDefinition],
    time: Time<'_>,
) -> Result<Vec<LevelFigures>, ReportError> {
    let Period { from, to, until, .. } = *time.period;
    let mut found = Vec::new();
    for level in definitions {
        let history = reader.history(&level.of, from, until, time.known)?.unwrap_or_default();
        found.push(level_figures(level, &history, (from, to), false, time));
        let parts = own_periods(level.promise.period, time);
        if parts.len() > 1 && parts.len() <= PERIODS {
            let parts = parts.into_iter().map(|part| level_figures(level, &history, part, true, time));
            found.extend(parts);
        }
    }
    Ok(found)
}

/// The periods of a level that lie within the report's time and have begun.
fn own_periods(period: Calendar, time: Time<'_>) -> Vec<(Millis, Millis)> {
    let Period { from, to, until, .. } = *time.period;
    if matches!(period, Calendar::Rolling(_)) {
        return Vec::new();
    }
    let mut parts = Vec::new();
    let mut part = period.around(from, time.zone);
    while part.0 < until && part.1 <= to && parts.len() <= PERIODS {
        if part.0 >= from {
            parts.push(part);
        }
        let next = period.around(part.1, time.zone);
        if next.1 <= part.1 {
            break;
        }
        part = next;
    }
    parts
}

fn level_figures(
    level: &LevelDefinition,
    history: &History,
    (from, to): (Millis, Millis),
    is_part: bool,
    time: Time<'_>,
) -> LevelFigures {
    let promise = &level.promise;
    let spans = history.spans.iter().copied();
    let account = promise.account((from, to), time.now, history.over(), spans, time.zone);
    LevelFigures {
        name: level.name.clone(),
        of: level.of.clone(),
        target: Percent(promise.target),
        from,
        to,
        is_part,
        durations: account.durations,
        measured: account.measured,
        contractual: account.contractual,
        budget: account.budget,
        spent: account.spent,
        left: account.left,
        verdict: Verdict::of(&account, to <= time.now),
        period: promise.period.to_string(),
        hours: promise.hours.as_ref().map(ToString::to_string),
        unknown: promise.unknown.word(),
    }
}

fn incidents(
    reader: &mut Reader,
    subjects: &Subjects,
    period: &Period,
) -> Result<Vec<Incident>, ReportError> {
    let all = reader.incidents_between(period.from, period.until)?;
    Ok(all.into_iter().filter(|incident| subjects.beneath.contains(&incident.name)).collect())
}

/// What was planned of those that the report is of, and of all that they are made of.
fn maintenance(
    reader: &mut Reader,
    beneath: &HashSet<ObjectName>,
    period: &Period,
) -> Result<Vec<Work>, ReportError> {
    // Work on a service is work on its targets.
    let services: HashSet<ObjectName> = beneath.iter().filter_map(ObjectName::service_of_target).collect();
    let is_ours = |name: &ObjectName| beneath.contains(name) || services.contains(name);
    let is_one_of_ours = |of: Pattern| beneath.iter().any(|name| covers(std::slice::from_ref(&of), name));
    let mut works = Vec::new();
    for act in reader.acts(period.from, period.until)? {
        let is_meant = match ObjectName::parse(&act.name) {
            Ok(name) => is_ours(&name),
            Err(_) => Pattern::parse(&act.name).is_ok_and(is_one_of_ours),
        };
        if act.kind == ActKind::Maint && is_meant {
            works.push(Work {
                name: act.name,
                from: act.since,
                to: act.until.into_iter().chain(act.ended).min(),
                who: Some(act.who),
                at: Some(act.at),
                text: act.text,
            });
        }
    }
    for window in reader.windows(period.from, period.until)? {
        if is_ours(&window.name) {
            works.push(Work {
                name: window.name.to_string(),
                from: window.since,
                to: Some(window.until),
                who: None,
                at: None,
                text: window.text,
            });
        }
    }
    works.sort_by(|a, b| (a.from, &a.name).cmp(&(b.from, &b.name)));
    Ok(works)
}

fn corrections(
    adjustments: Vec<Adjustment>,
    beneath: &HashSet<ObjectName>,
    period: &Period,
) -> Vec<Correction> {
    let is_meant =
        |one: &Adjustment| one.since < period.until && one.until > period.from && beneath.contains(&one.name);
    let found = adjustments.into_iter().filter(is_meant);
    found
        .map(|one| Correction {
            id: one.id,
            name: one.name,
            from: one.since,
            to: one.until,
            state: one.state,
            who: one.who,
            at: one.at,
            text: one.text,
        })
        .collect()
}
