//! A report as JSON. Lengths are milliseconds, shares per cent or null, times RFC 3339 in the report's zone.

use super::figures::{LevelFigures, Member, Report, letters};
use super::words::{rfc3339, zone_name};
use oco_fleet::availability::{Durations, Percent};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use serde::Serialize;

#[derive(Serialize)]
struct Shape<'a> {
    version: u32,
    board: &'a str,
    title: &'a str,
    names: &'a [String],
    period: &'a str,
    zone: String,
    from: String,
    to: String,
    until: String,
    over: bool,
    levels: Vec<LevelShape<'a>>,
    cell: &'a str,
    members: Vec<MemberShape<'a>>,
    more_members: usize,
    outages: Vec<OutageShape<'a>>,
    more_outages: usize,
    incidents: Vec<IncidentShape<'a>>,
    maintenance: Vec<WorkShape<'a>>,
    corrections: Vec<CorrectionShape<'a>>,
    made: MadeShape<'a>,
}

#[derive(Serialize)]
struct Figures {
    ok: i64,
    but: i64,
    ko: i64,
    unknown: i64,
    planned: i64,
    no_data: i64,
    measured: Option<f64>,
    contractual: Option<f64>,
}

#[derive(Serialize)]
struct LevelShape<'a> {
    name: &'a str,
    of: &'a str,
    part: bool,
    from: String,
    to: String,
    period: &'a str,
    hours: Option<&'a str>,
    unknown_is: &'static str,
    target: f64,
    #[serde(flatten)]
    figures: Figures,
    budget: i64,
    spent: i64,
    left: i64,
    verdict: &'static str,
}

#[derive(Serialize)]
struct MemberShape<'a> {
    name: &'a str,
    title: Option<&'a str>,
    depth: usize,
    #[serde(flatten)]
    figures: Figures,
    outages: usize,
    longest: i64,
    bar: String,
}

#[derive(Serialize)]
struct OutageShape<'a> {
    name: &'a str,
    from: String,
    to: String,
    from_before: bool,
    goes_on: bool,
    length: i64,
    planned: i64,
    reason: &'a str,
}

#[derive(Serialize)]
struct IncidentShape<'a> {
    id: i64,
    name: &'a str,
    opened: String,
    acknowledged: Option<String>,
    closed: Option<String>,
    who: Option<&'a str>,
    members: Vec<&'a str>,
}

#[derive(Serialize)]
struct WorkShape<'a> {
    name: &'a str,
    from: String,
    to: Option<String>,
    who: Option<&'a str>,
    at: Option<String>,
    text: &'a str,
}

#[derive(Serialize)]
struct CorrectionShape<'a> {
    id: i64,
    name: &'a str,
    from: String,
    to: String,
    state: &'static str,
    who: &'a str,
    at: String,
    text: &'a str,
}

#[derive(Serialize)]
struct MadeShape<'a> {
    at: String,
    by: String,
    journal: std::borrow::Cow<'a, str>,
    began: String,
    known: String,
    watched: bool,
}

fn figures(durations: Durations, measured: Option<Percent>, contractual: Option<Percent>) -> Figures {
    let Durations { ok, but, ko, unknown, planned, no_data } = durations;
    let (measured, contractual) = (measured.map(Percent::number), contractual.map(Percent::number));
    Figures { ok, but, ko, unknown, planned, no_data, measured, contractual }
}

/// Writes it.
pub(super) fn write(report: &Report) -> Result<Vec<u8>, String> {
    let at = |at: Millis| rfc3339(at, &report.zone);
    let shape = Shape {
        version: 1,
        board: &report.board,
        title: &report.title,
        names: &report.names,
        period: &report.period.text,
        zone: zone_name(&report.zone),
        from: at(report.period.from),
        to: at(report.period.to),
        until: at(report.period.until),
        over: report.period.is_over(),
        levels: report.levels.iter().map(|level| level_shape(level, report)).collect(),
        cell: &report.cell,
        members: report.members.iter().map(member_shape).collect(),
        more_members: report.more_members,
        outages: outages(report),
        more_outages: report.more_outages,
        incidents: incidents(report),
        maintenance: maintenance(report),
        corrections: corrections(report),
        made: MadeShape {
            at: at(report.made.at),
            by: format!("ocoboard {}", report.made.version),
            journal: report.made.journal.to_string_lossy(),
            began: at(report.made.began),
            known: at(report.made.known),
            watched: report.made.is_watched,
        },
    };
    let mut octets = serde_json::to_vec_pretty(&shape).map_err(|error| error.to_string())?;
    octets.push(b'\n');
    Ok(octets)
}

fn level_shape<'a>(level: &'a LevelFigures, report: &Report) -> LevelShape<'a> {
    LevelShape {
        name: level.name.as_str(),
        of: level.of.as_str(),
        part: level.is_part,
        from: rfc3339(level.from, &report.zone),
        to: rfc3339(level.to, &report.zone),
        period: &level.period,
        hours: level.hours.as_deref(),
        unknown_is: level.unknown,
        target: level.target.number(),
        figures: figures(level.durations, level.measured, level.contractual),
        budget: level.budget,
        spent: level.spent,
        left: level.left,
        verdict: level.verdict.word(),
    }
}

fn member_shape(member: &Member) -> MemberShape<'_> {
    MemberShape {
        name: member.name.as_str(),
        title: member.title.as_deref(),
        depth: member.depth,
        figures: figures(member.durations, member.measured, member.contractual),
        outages: member.outages,
        longest: member.longest,
        bar: letters(&member.bar),
    }
}

fn outages(report: &Report) -> Vec<OutageShape<'_>> {
    let shape = |outage: &'_ super::figures::Outage| -> (String, String) {
        (rfc3339(outage.from, &report.zone), rfc3339(outage.to, &report.zone))
    };
    report
        .outages
        .iter()
        .map(|outage| {
            let (from, to) = shape(outage);
            OutageShape {
                name: outage.name.as_str(),
                from,
                to,
                from_before: outage.is_from_before,
                goes_on: outage.goes_on,
                length: outage.length(),
                planned: outage.planned,
                reason: &outage.reason,
            }
        })
        .collect()
}

fn incidents(report: &Report) -> Vec<IncidentShape<'_>> {
    let at = |at: Millis| rfc3339(at, &report.zone);
    let incidents = report.incidents.iter().map(|incident| IncidentShape {
        id: incident.id,
        name: incident.name.as_str(),
        opened: at(incident.opened),
        acknowledged: incident.acknowledged.map(at),
        closed: incident.closed.map(at),
        who: incident.who.as_deref(),
        members: incident.members.iter().map(ObjectName::as_str).collect(),
    });
    incidents.collect()
}

fn maintenance(report: &Report) -> Vec<WorkShape<'_>> {
    let at = |at: Millis| rfc3339(at, &report.zone);
    let works = report.maintenance.iter().map(|work| WorkShape {
        name: &work.name,
        from: at(work.from),
        to: work.to.map(at),
        who: work.who.as_deref(),
        at: work.at.map(at),
        text: &work.text,
    });
    works.collect()
}

fn corrections(report: &Report) -> Vec<CorrectionShape<'_>> {
    let at = |at: Millis| rfc3339(at, &report.zone);
    let corrections = report.corrections.iter().map(|one| CorrectionShape {
        id: one.id,
        name: one.name.as_str(),
        from: at(one.from),
        to: at(one.to),
        state: one.state.word(),
        who: &one.who,
        at: at(one.at),
        text: &one.text,
    });
    corrections.collect()
}
