//! Alerts by chance.

use crate::config::{After, Alert, AlertEvent, Incident, Settings, Step, Word};
use crate::decide::simulation::{Seed, settings};
use oco_fleet::calendar::Hours;
use oco_fleet::object::Pattern;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The first half of each hour.
fn half_of_the_time() -> Hours {
    let windows: Vec<String> = (0..24).map(|hour| format!("mon-sun {hour:02}:00-{hour:02}:30")).collect();
    Hours::parse(&windows.join(", ")).unwrap()
}

fn alert(seed: &mut Seed, name: Option<&str>, of: &[&str], commands: &[&str]) -> Alert {
    let mut on = Vec::new();
    for event in [AlertEvent::Ko, AlertEvent::Ok] {
        if !seed.one_in(10) {
            on.push(event);
        }
    }
    for event in [
        AlertEvent::But,
        AlertEvent::Unknown,
        AlertEvent::Flapping,
        AlertEvent::Incident,
        AlertEvent::Partial,
    ] {
        if seed.one_in(2) {
            on.push(event);
        }
    }
    let after =
        *seed.pick(&[After::Time(Duration::ZERO), After::Time(MINUTE), After::Probes(3), After::Probes(1)]);
    let steps = commands.iter().enumerate().map(|(index, command)| Step {
        after: MINUTE * 4 * index as u32,
        command: vec![Word((*command).to_owned()), Word("{service}".to_owned())],
        hours: (index > 0 && seed.one_in(4)).then(half_of_the_time),
    });
    let steps = steps.collect();
    Alert {
        name: name.map(str::to_owned),
        of: of.iter().map(|pattern| Pattern::parse(pattern).unwrap()).collect(),
        on,
        after,
        every: seed.one_in(2).then_some(MINUTE * 5),
        limit: seed.one_in(3).then(|| 1 + seed.below(3) as u32),
        hours: seed.one_in(4).then(half_of_the_time),
        text: None,
        steps,
    }
}

/// The fleet of the other simulation, or what is left of it, and some alerts.
pub(super) fn any(seed: &mut Seed) -> Settings {
    let mut settings = settings::any(seed);
    settings.incident =
        Incident { command: None, acknowledge_within: Some(MINUTE * 2), close_within: Some(MINUTE * 10) };
    let ops = *seed.pick(&["mail", "mail", "mail", "page"]);
    let all = [
        alert(seed, Some("ops"), &["web/*", "backup/*"], &[ops]),
        alert(seed, Some("steps"), &["web/oco", "push/*", "node:*"], &["one", "two", "three"]),
        alert(seed, None, &["*/*", "node:s*"], &["log"]),
    ];
    settings.alerts = all.into_iter().filter(|_| !seed.one_in(6)).collect();
    settings
}
