//! The alerts of the file, and who is alerted by which.

use crate::config::{After, Alert, AlertEvent, Settings, Step};
use crate::decide::clock::millis;
use oco_fleet::object::{ObjectName, Pattern};
use std::sync::Arc;
use std::time::Duration;

/// An alert of the file.
#[derive(Debug)]
pub(super) struct Rule {
    /// What its memory is kept under.
    pub key: Arc<str>,
    pub alert: Alert,
}

impl Rule {
    pub fn is_on(&self, event: AlertEvent) -> bool {
        self.alert.on.contains(&event)
    }

    /// As people call it: its name, or whom it is of.
    pub fn title(&self) -> String {
        let of = || self.alert.of.iter().map(Pattern::as_str).collect::<Vec<_>>().join(" ");
        self.alert.name.clone().unwrap_or_else(of)
    }

    /// How long somebody has to fail before: of a number of probes, the first one began it.
    pub fn after_ms(&self, interval: Duration) -> i64 {
        match self.alert.after {
            After::Time(length) => millis(length),
            After::Probes(probes) => millis(interval.saturating_mul(probes.saturating_sub(1))),
        }
    }

    /// Its steps, each with its number.
    pub fn steps(&self) -> impl Iterator<Item = (u32, &Step)> {
        (1..).zip(&self.alert.steps)
    }
}

/// The words of a step's command.
pub(super) fn words(step: &Step) -> Vec<String> {
    step.command.iter().map(|word| word.0.clone()).collect()
}

/// All of them, in the file's order.
pub(super) fn rules(settings: &Settings) -> Vec<Arc<Rule>> {
    let alerts = settings.alerts.iter();
    alerts.map(|alert| Arc::new(Rule { key: alert.memory().into(), alert: alert.clone() })).collect()
}

/// Those that are of `name`.
pub(super) fn matching(rules: &[Arc<Rule>], name: &ObjectName) -> Arc<[Arc<Rule>]> {
    let is_of = |rule: &&Arc<Rule>| rule.alert.of.iter().any(|pattern| pattern.matches(name));
    rules.iter().filter(is_of).cloned().collect()
}
