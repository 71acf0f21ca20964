//! Any text as the settings of ocowatch.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::config::Fault;
use oco_fleet::object::ObjectName;
use ocowatch::config::{Settings, parse};
use ocowatch::limits::{LONGEST_DURATION, SHORTEST_DURATION};
use std::collections::BTreeSet;
use std::time::Duration;

fuzz_target!(|text: &str| match parse(text) {
    Ok(settings) => is_sound(&settings),
    Err(Fault { place, what }) => {
        assert!(!what.is_empty() && !what.chars().any(char::is_control), "one printable line: {what:?}");
        let place = place.expect("any fault has its line");
        let lines = text.lines().count().max(1);
        assert!((1..=lines).contains(&place.line), "line {} of {lines}", place.line);
        assert!(!place.excerpt().replace('\n', "").chars().any(char::is_control));
    }
});

fn is_sound(settings: &Settings) {
    let is_length = |length: Duration| (SHORTEST_DURATION..=LONGEST_DURATION).contains(&length);
    assert!(settings.state_dir.is_absolute() && settings.control.is_absolute());
    assert!(is_length(settings.keep) && is_length(settings.resolve_every));
    let mut services = BTreeSet::new();
    for group in &settings.groups {
        assert!(group.name != "node" && group.name != "slo");
        for service in &group.services {
            let name = ObjectName::service(&group.name, &service.name);
            assert!(ObjectName::parse(name.as_str()).is_ok());
            services.insert(name);
            let timing = service.timing;
            assert!(
                is_length(timing.interval) && is_length(timing.fast_interval) && is_length(timing.timeout)
            );
            assert!(timing.fast_interval <= timing.interval && timing.fall >= 1 && timing.rise >= 1);
            for host in &group.hosts {
                let target = ObjectName::target(&group.name, &service.name, &host.name);
                assert!(ObjectName::parse(target.as_str()).is_ok(), "{target}");
            }
        }
    }
    // Each node stands behind its members.
    for (index, node) in settings.nodes.iter().enumerate() {
        let is_member = |name: &ObjectName| node.members.iter().any(|pattern| pattern.matches(name));
        let mut rest = settings.nodes.iter().skip(index);
        assert!(!rest.any(|other| is_member(&ObjectName::node(&other.name))), "{}", node.name);
    }
    for table in &settings.tables {
        assert!(services.contains(&table.service));
    }
    assert!(settings.alerts.iter().all(|alert| !alert.steps.is_empty() && !alert.on.is_empty()));
    let memories: BTreeSet<String> = settings.alerts.iter().map(|alert| alert.memory()).collect();
    assert_eq!(memories.len(), settings.alerts.len());
    let _ = settings.warning_of_silence(1024);
    assert!(settings.clone().stay_with(settings).is_empty());
}
