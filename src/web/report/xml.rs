//! A report as XML. Figures are attributes, texts of people are content. Lengths are milliseconds, shares per cent, and
//! missing where nothing was measured; times are RFC 3339 in the report's zone.
//!
//! ```xml
//! <report version="1" board="" title="" period="2026-10" zone="Europe/Paris" from="" to="" until="" over="true">
//!   <names><name>node:shop</name></names>
//!   <levels>
//!     <level name="slo:shop" of="node:shop" part="false" from="" to="" period="month" hours="" unknown-is="excluded" target="99.900"
//!            ok="" but="" ko="" unknown="" planned="" no-data="" measured="" contractual=""
//!            budget="" spent="" left="" verdict="met"/>
//!   </levels>
//!   <members cell="1 day" more="0">
//!     <member name="" title="" depth="0" ok="" but="" ko="" unknown="" planned="" no-data="" measured="" contractual=""
//!             outages="" longest="" bar="oookb.."/>
//!   </members>
//!   <outages more="0"><outage name="" from="" to="" from-before="false" goes-on="false" length="" planned="">why</outage></outages>
//!   <incidents><incident id="" name="" opened="" acknowledged="" closed="" who=""><member>web/page</member></incident></incidents>
//!   <maintenance><work name="" from="" to="" who="" at="">why</work></maintenance>
//!   <corrections><correction id="" name="" from="" to="" state="" who="" at="">why</correction></corrections>
//!   <made at="" by="" journal="" began="" known="" watched="true"/>
//! </report>
//! ```

use super::figures::{Report, letters};
use super::words::{rfc3339, zone_name};
use oco_fleet::availability::{Durations, Percent};
use oco_fleet::time::Millis;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

/// Writes it.
pub(super) fn write(report: &Report) -> Result<Vec<u8>, String> {
    let mut xml = Xml(Writer::new_with_indent(Vec::new(), b' ', 2));
    xml.report(report).map_err(|error| error.to_string())?;
    let mut octets = xml.0.into_inner();
    octets.push(b'\n');
    Ok(octets)
}

struct Xml(Writer<Vec<u8>>);

/// Attributes of an element; those without a value are left out.
type Attributes<'a> = Vec<(&'a str, Option<String>)>;

impl Xml {
    fn report(&mut self, report: &Report) -> io::Result<()> {
        let at = |at: Millis| Some(rfc3339(at, &report.zone));
        let period = &report.period;
        self.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        self.open(
            "report",
            vec![
                ("version", Some("1".to_owned())),
                ("board", Some(report.board.clone())),
                ("title", Some(report.title.clone())),
                ("period", Some(period.text.clone())),
                ("zone", Some(zone_name(&report.zone))),
                ("from", at(period.from)),
                ("to", at(period.to)),
                ("until", at(period.until)),
                ("over", Some(period.is_over().to_string())),
            ],
        )?;
        self.open("names", Vec::new())?;
        for name in &report.names {
            self.element("name", Vec::new(), name)?;
        }
        self.close("names")?;
        self.levels(report)?;
        self.members(report)?;
        self.outages(report)?;
        self.incidents(report)?;
        self.maintenance(report)?;
        self.corrections(report)?;
        let made = &report.made;
        self.element(
            "made",
            vec![
                ("at", at(made.at)),
                ("by", Some(format!("ocoboard {}", made.version))),
                ("journal", Some(made.journal.to_string_lossy().into_owned())),
                ("began", at(made.began)),
                ("known", at(made.known)),
                ("watched", Some(made.is_watched.to_string())),
            ],
            "",
        )?;
        self.close("report")
    }

    fn levels(&mut self, report: &Report) -> io::Result<()> {
        let at = |at: Millis| Some(rfc3339(at, &report.zone));
        self.open("levels", Vec::new())?;
        for level in &report.levels {
            let mut attributes = vec![
                ("name", Some(level.name.to_string())),
                ("of", Some(level.of.to_string())),
                ("part", Some(level.is_part.to_string())),
                ("from", at(level.from)),
                ("to", at(level.to)),
                ("period", Some(level.period.clone())),
                ("hours", level.hours.clone()),
                ("unknown-is", Some(level.unknown.to_owned())),
                ("target", Some(level.target.to_string())),
            ];
            attributes.extend(figures(level.durations, level.measured, level.contractual));
            attributes.extend([
                ("budget", Some(level.budget.to_string())),
                ("spent", Some(level.spent.to_string())),
                ("left", Some(level.left.to_string())),
                ("verdict", Some(level.verdict.word().to_owned())),
            ]);
            self.element("level", attributes, "")?;
        }
        self.close("levels")
    }

    fn members(&mut self, report: &Report) -> io::Result<()> {
        let more = report.more_members.to_string();
        self.open("members", vec![("cell", Some(report.cell.clone())), ("more", Some(more))])?;
        for member in &report.members {
            let mut attributes = vec![
                ("name", Some(member.name.to_string())),
                ("title", member.title.clone()),
                ("depth", Some(member.depth.to_string())),
            ];
            attributes.extend(figures(member.durations, member.measured, member.contractual));
            attributes.extend([
                ("outages", Some(member.outages.to_string())),
                ("longest", Some(member.longest.to_string())),
                ("bar", Some(letters(&member.bar))),
            ]);
            self.element("member", attributes, "")?;
        }
        self.close("members")
    }

    fn outages(&mut self, report: &Report) -> io::Result<()> {
        let at = |at: Millis| Some(rfc3339(at, &report.zone));
        self.open("outages", vec![("more", Some(report.more_outages.to_string()))])?;
        for outage in &report.outages {
            let attributes = vec![
                ("name", Some(outage.name.to_string())),
                ("from", at(outage.from)),
                ("to", at(outage.to)),
                ("from-before", Some(outage.is_from_before.to_string())),
                ("goes-on", Some(outage.goes_on.to_string())),
                ("length", Some(outage.length().to_string())),
                ("planned", Some(outage.planned.to_string())),
            ];
            self.element("outage", attributes, &outage.reason)?;
        }
        self.close("outages")
    }

    fn incidents(&mut self, report: &Report) -> io::Result<()> {
        let at = |at: Millis| Some(rfc3339(at, &report.zone));
        self.open("incidents", Vec::new())?;
        for incident in &report.incidents {
            self.open(
                "incident",
                vec![
                    ("id", Some(incident.id.to_string())),
                    ("name", Some(incident.name.to_string())),
                    ("opened", at(incident.opened)),
                    ("acknowledged", incident.acknowledged.and_then(at)),
                    ("closed", incident.closed.and_then(at)),
                    ("who", incident.who.clone()),
                ],
            )?;
            for member in &incident.members {
                self.element("member", Vec::new(), member.as_str())?;
            }
            self.close("incident")?;
        }
        self.close("incidents")
    }

    fn maintenance(&mut self, report: &Report) -> io::Result<()> {
        let at = |at: Millis| Some(rfc3339(at, &report.zone));
        self.open("maintenance", Vec::new())?;
        for work in &report.maintenance {
            let attributes = vec![
                ("name", Some(work.name.clone())),
                ("from", at(work.from)),
                ("to", work.to.and_then(at)),
                ("who", work.who.clone()),
                ("at", work.at.and_then(at)),
            ];
            self.element("work", attributes, &work.text)?;
        }
        self.close("maintenance")
    }

    fn corrections(&mut self, report: &Report) -> io::Result<()> {
        let at = |at: Millis| Some(rfc3339(at, &report.zone));
        self.open("corrections", Vec::new())?;
        for one in &report.corrections {
            let attributes = vec![
                ("id", Some(one.id.to_string())),
                ("name", Some(one.name.to_string())),
                ("from", at(one.from)),
                ("to", at(one.to)),
                ("state", Some(one.state.word().to_owned())),
                ("who", Some(one.who.clone())),
                ("at", at(one.at)),
            ];
            self.element("correction", attributes, &one.text)?;
        }
        self.close("corrections")
    }

    fn start<'a>(name: &'a str, attributes: Attributes<'_>) -> BytesStart<'a> {
        let mut start = BytesStart::new(name);
        for (key, value) in attributes {
            if let Some(value) = value {
                start.push_attribute((key, allowed(&value).as_str()));
            }
        }
        start
    }

    fn open(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.0.write_event(Event::Start(Xml::start(name, attributes)))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    fn element(&mut self, name: &str, attributes: Attributes<'_>, content: &str) -> io::Result<()> {
        let start = Xml::start(name, attributes);
        if content.is_empty() {
            return self.0.write_event(Event::Empty(start));
        }
        self.0.write_event(Event::Start(start))?;
        self.0.write_event(Event::Text(BytesText::new(&allowed(content))))?;
        self.close(name)
    }
}

fn figures(
    durations: Durations,
    measured: Option<Percent>,
    contractual: Option<Percent>,
) -> Vec<(&'static str, Option<String>)> {
    vec![
        ("ok", Some(durations.ok.to_string())),
        ("but", Some(durations.but.to_string())),
        ("ko", Some(durations.ko.to_string())),
        ("unknown", Some(durations.unknown.to_string())),
        ("planned", Some(durations.planned.to_string())),
        ("no-data", Some(durations.no_data.to_string())),
        ("measured", measured.map(|share| share.to_string())),
        ("contractual", contractual.map(|share| share.to_string())),
    ]
}

/// A text without the characters that XML 1.0 does not have, not even escaped.
fn allowed(text: &str) -> String {
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}');
    text.chars().map(|c| if is_allowed(c) { c } else { '\u{fffd}' }).collect()
}
