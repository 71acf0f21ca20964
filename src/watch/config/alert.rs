//! Whom to tell: alerts, Alertmanager, incidents; and weekly maintenance, in which nobody is told.

use super::names::Known;
use super::section::{Culprit, wrong};
use super::value::{Length, List, Text, TextOrNumber, Url, WeeklyHours, delay};
use super::word::{Placeholder, command};
use super::{After, Alert, AlertEvent, Alertmanager, Incident, Maintenance, Step, Tls};
use oco_fleet::object::{Kind, Pattern};
use oco_fleet::value::{FilePath, Name, Names, Number};
use serde::de::{Deserialize, Deserializer, Error as _};
use std::collections::BTreeSet;
use std::time::Duration;
use toml::Spanned;

/// What an alert may be about.
const ALERTED: [Kind; 3] = [Kind::Service, Kind::Node, Kind::Level];
/// What Alertmanager, and another board, is told of unless the file says otherwise.
const ALL: [&str; 2] = ["*/*", "node:*"];

/// `[[alert]]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [[alert]]")]
pub(super) struct AlertSection {
    name: Option<Spanned<Name>>,
    of: List<Spanned<Names>>,
    on: Option<List<Spanned<Event>>>,
    after: Option<AlertAfter>,
    every: Option<Length>,
    limit: Option<Number<1, { u32::MAX }>>,
    hours: Option<WeeklyHours>,
    text: Option<Text>,
    steps: Option<Spanned<List<StepSection>>>,
    command: Option<Spanned<List<Spanned<String>>>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, as { after = \"10m\", command = [\"PROGRAM\"] }")]
struct StepSection {
    after: Option<Delay>,
    command: List<Spanned<String>>,
    hours: Option<WeeklyHours>,
}

/// A duration that may be nothing.
#[derive(Debug, Clone, Copy)]
struct Delay(Duration);

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Delay, D::Error> {
        delay(&String::deserialize(deserializer)?).map(Delay).map_err(D::Error::custom)
    }
}

#[derive(Debug, Clone, Copy)]
struct AlertAfter(After);

impl<'de> Deserialize<'de> for AlertAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AlertAfter, D::Error> {
        let after = match TextOrNumber::deserialize(deserializer)? {
            TextOrNumber::Text(text) => delay(&text).map(After::Time),
            TextOrNumber::Number(number) => match u32::try_from(number) {
                Ok(probes) if probes > 0 => Ok(After::Probes(probes)),
                _ => Err(format!("{number}: expected 1 probe or more, or a duration as \"1m\"")),
            },
        };
        after.map(AlertAfter).map_err(D::Error::custom)
    }
}

/// `on`, as it is written.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Event {
    Ko,
    Ok,
    But,
    Unknown,
    Flapping,
    Incident,
    Partial,
}

impl Event {
    fn event(self) -> AlertEvent {
        match self {
            Event::Ko => AlertEvent::Ko,
            Event::Ok => AlertEvent::Ok,
            Event::But => AlertEvent::But,
            Event::Unknown => AlertEvent::Unknown,
            Event::Flapping => AlertEvent::Flapping,
            Event::Incident => AlertEvent::Incident,
            Event::Partial => AlertEvent::Partial,
        }
    }
}

/// The alerts, in the file's order, each told from the others.
pub(super) fn alerts(sections: Vec<Spanned<AlertSection>>, known: &Known<'_>) -> Result<Vec<Alert>, Culprit> {
    let mut alerts: Vec<Alert> = Vec::with_capacity(sections.len());
    let mut memories = BTreeSet::new();
    for section in sections {
        let whole = wrong(&section, "the same of and commands as another alert: one of them needs a name");
        let name = section.get_ref().name.as_ref();
        let name = name.map(|name| wrong(name, format!("{:?}: given twice", name.get_ref().0)));
        let alert = section.into_inner().alert(&whole, known)?;
        if !memories.insert(alert.memory()) {
            return Err(name.unwrap_or(whole));
        }
        alerts.push(alert);
    }
    Ok(alerts)
}

impl Alert {
    /// What its memory is kept under over reloads and restarts: its name, else whom it is of and its commands.
    pub fn memory(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        // A name holds no line feed, and neither does a pattern.
        let of = self.of.iter().map(Pattern::as_str).collect::<Vec<_>>().join(" ");
        let commands = self
            .steps
            .iter()
            .flat_map(|step| step.command.iter().map(|word| word.0.as_str()).chain(std::iter::once("\0")));
        format!("{of}\n{}", commands.collect::<Vec<_>>().join("\n"))
    }
}

impl AlertSection {
    fn alert(self, whole: &Culprit, known: &Known<'_>) -> Result<Alert, Culprit> {
        let steps = match (self.steps, self.command) {
            (Some(steps), None) => {
                steps.into_inner().0.into_iter().map(StepSection::step).collect::<Result<_, _>>()?
            }
            (None, Some(words)) => {
                let command = command(words.into_inner(), &Placeholder::OF_ALL_HOSTS)?;
                vec![Step { after: Duration::ZERO, command, hours: None }]
            }
            (Some(steps), Some(_)) => {
                return Err(wrong(&steps, "there is a command too; expected either steps or a command"));
            }
            (None, None) => {
                let what = "nobody is told; expected steps or a command".to_owned();
                return Err(Culprit { span: whole.span.clone(), what });
            }
        };
        let mut on = vec![AlertEvent::Ko, AlertEvent::Ok];
        if let Some(events) = self.on {
            on.clear();
            for event in events.0 {
                if on.contains(&event.get_ref().event()) {
                    return Err(wrong(&event, "given twice"));
                }
                on.push(event.into_inner().event());
            }
        }
        Ok(Alert {
            name: self.name.map(|name| name.into_inner().0),
            of: known.patterns(self.of, &ALERTED)?,
            on,
            after: self.after.map_or(After::Time(Duration::ZERO), |after| after.0),
            every: self.every.map(|every| every.0),
            limit: self.limit.map(|limit| limit.0),
            hours: self.hours.map(|hours| hours.0),
            text: self.text.map(|text| text.0),
            steps,
        })
    }
}

impl StepSection {
    fn step(self) -> Result<Step, Culprit> {
        Ok(Step {
            after: self.after.map_or(Duration::ZERO, |after| after.0),
            command: command(self.command, &Placeholder::OF_ALL_HOSTS)?,
            hours: self.hours.map(|hours| hours.0),
        })
    }
}

/// `[alertmanager]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, as [alertmanager]")]
pub(super) struct AlertmanagerSection {
    urls: List<Spanned<Url>>,
    ca: Option<Spanned<FilePath>>,
    of: Option<List<Spanned<Names>>>,
}

impl AlertmanagerSection {
    pub(super) fn alertmanager(self, known: &Known<'_>) -> Result<Alertmanager, Culprit> {
        let mut urls = Vec::with_capacity(self.urls.0.len());
        for url in self.urls.0 {
            if urls.contains(&url.get_ref().0) {
                return Err(wrong(&url, format!("{:?}: given twice", url.get_ref().0)));
            }
            urls.push(url.into_inner().0);
        }
        let is_secure = urls.iter().any(|url| url.starts_with("https://"));
        if let (false, Some(ca)) = (is_secure, &self.ca) {
            return Err(wrong(ca, "no URL is of https, so that nobody looks at it"));
        }
        let tls = is_secure.then(|| Tls::by_authorities(self.ca.map(|ca| ca.into_inner().0)));
        let of = self.of.map(|of| known.patterns(of, &[Kind::Service, Kind::Node])).transpose()?;
        Ok(Alertmanager { urls, tls, of: of.unwrap_or_else(all) })
    }
}

/// All services and nodes, of which there may be none.
pub(super) fn all() -> Vec<Pattern> {
    ALL.iter().filter_map(|text| Pattern::parse(text).ok()).collect()
}

/// `[[maintenance]]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, as [[maintenance]]")]
pub(super) struct MaintenanceSection {
    of: List<Spanned<Names>>,
    hours: WeeklyHours,
    text: Option<Text>,
}

impl MaintenanceSection {
    pub(super) fn maintenance(self, known: &Known<'_>) -> Result<Maintenance, Culprit> {
        Ok(Maintenance {
            of: known.patterns(self.of, &[Kind::Service, Kind::Target, Kind::Node])?,
            hours: self.hours.0,
            text: self.text.map(|text| text.0).unwrap_or_default(),
        })
    }
}

/// `[incident]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [incident]")]
pub(super) struct IncidentSection {
    command: Option<List<Spanned<String>>>,
    acknowledge_within: Option<Length>,
    close_within: Option<Length>,
}

impl IncidentSection {
    pub(super) fn incident(self) -> Result<Incident, Culprit> {
        Ok(Incident {
            command: self.command.map(|words| command(words, &Placeholder::OF_ALL_HOSTS)).transpose()?,
            acknowledge_within: self.acknowledge_within.map(|length| length.0),
            close_within: self.close_within.map(|length| length.0),
        })
    }
}
