//! `/metrics`, made part by part while it is sent, so that a fleet of 100,000 delays no probe and its page is never in
//! memory as a whole. What changes meanwhile may be seen by one family and not by the one before.

use super::{AlertResult, Counts};
use crate::decide::fleet::ids::{NodeId, ServiceId};
use crate::decide::fleet::{Fleet, ServiceView};
use crate::levels::{LevelView, Levels};
use crate::limits::{METRICS_PART_OCTETS, METRICS_TARGETS_PER_OBJECT};
use oco::logic::code::Code;
use oco::logic::exposition::Exposition;
use oco::logic::time::{Nanos, Now};
use oco_fleet::availability::Percent;
use oco_fleet::object::ObjectName;
use oco_fleet::state::{Standing, State};
use std::time::Duration;

/// What the page is made of.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// How things stand.
    pub fleet: &'a Fleet,
    /// What was promised of them.
    pub levels: &'a Levels,
    /// What was counted.
    pub counts: &'a Counts,
    /// Now.
    pub now: Now,
}

/// A page that is being made.
#[derive(Debug)]
pub struct MetricsPage {
    page: Exposition,
    services: Vec<ServiceId>,
    nodes: Vec<NodeId>,
    family: Family,
    /// How many services, nodes and levels of the family are written.
    written: usize,
}

/// A family that tells of each service, node or level, or all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Code,
    State,
    Planned,
    Targets,
    Availability,
    Rest,
}

const CODE: &str = "oco_fleet_code";
const STATE: &str = "oco_fleet_state";
const PLANNED: &str = "oco_fleet_planned";
const TARGETS: &str = "oco_fleet_targets";
const AVAILABILITY: &str = "oco_fleet_availability";

impl Family {
    fn begin(self, page: &mut Exposition) {
        match self {
            Family::Code => {
                page.family(CODE, "gauge", "The code of a service, node or level; none while unknown.");
            }
            Family::State => {
                page.family(STATE, "gauge", "Whether a service, node or level is in this state.");
            }
            Family::Planned => {
                page.family(PLANNED, "gauge", "1 for what is in maintenance, or down by nothing else.");
            }
            Family::Targets => {
                page.family(TARGETS, "gauge", "How many targets of a service are in this state.");
            }
            Family::Availability => {
                let help = "The availability of a level in its period until now, from 0 to 1.";
                page.family(AVAILABILITY, "gauge", help);
            }
            Family::Rest => {}
        }
    }

    fn next(self) -> Family {
        match self {
            Family::Code => Family::State,
            Family::State => Family::Planned,
            Family::Planned => Family::Targets,
            Family::Targets => Family::Availability,
            Family::Availability | Family::Rest => Family::Rest,
        }
    }
}

impl MetricsPage {
    /// A page of all that there is now.
    pub fn new(fleet: &Fleet) -> MetricsPage {
        let mut page = Exposition::default();
        Family::Code.begin(&mut page);
        MetricsPage {
            page,
            services: fleet.services().map(|service| service.id).collect(),
            nodes: fleet.nodes().map(|node| node.id).collect(),
            family: Family::Code,
            written: 0,
        }
    }

    /// Writes on, about so many services, nodes and levels, and no more than a part may have. Whether that was the end.
    pub fn write(&mut self, facts: Facts<'_>, objects: usize) -> bool {
        let mut left = objects;
        while left > 0 && self.page.len() < METRICS_PART_OCTETS {
            left = left.saturating_sub(1);
            if self.family == Family::Rest {
                rest(&mut self.page, facts);
                return true;
            }
            let place = self.written;
            self.written += 1;
            if let Some(id) = self.services.get(place) {
                let Some(service) = facts.fleet.service(*id) else { continue };
                self.standing(service.name, service.standing);
                if self.family == Family::Targets {
                    targets(&mut self.page, facts.fleet, &service);
                    left = left.saturating_sub(service.targets.len() / METRICS_TARGETS_PER_OBJECT);
                }
            } else if let Some(id) = self.nodes.get(place - self.services.len()) {
                let Some(node) = facts.fleet.node(*id) else { continue };
                self.standing(node.name, node.standing);
            } else if let Some(level) = facts.levels.at(place - self.services.len() - self.nodes.len()) {
                self.standing(level.name, level.standing);
                if self.family == Family::Availability {
                    availability(&mut self.page, level);
                }
            } else {
                self.next_family();
            }
        }
        false
    }

    /// Takes what was written since the last call.
    pub fn take_part(&mut self) -> String {
        self.page.take()
    }

    fn next_family(&mut self) {
        self.family = self.family.next();
        self.family.begin(&mut self.page);
        // Levels alone have one.
        let is_of_levels = self.family == Family::Availability;
        self.written = if is_of_levels { self.services.len() + self.nodes.len() } else { 0 };
    }

    /// Writes what the family tells of everybody.
    fn standing(&mut self, name: &ObjectName, standing: &Standing) {
        match self.family {
            Family::Code => code(&mut self.page, name, standing),
            Family::State => state(&mut self.page, name, standing),
            Family::Planned if standing.planned => {
                self.page.sample(PLANNED, &[("name", name.as_str())], 1);
            }
            Family::Planned | Family::Targets | Family::Availability | Family::Rest => {}
        }
    }
}

fn code(page: &mut Exposition, name: &ObjectName, standing: &Standing) {
    if let Some(code) = standing.code {
        page.sample(CODE, &[("name", name.as_str())], Code::number(code));
    }
}

fn state(page: &mut Exposition, name: &ObjectName, standing: &Standing) {
    for state in State::WORST_FIRST {
        let is_so = u8::from(standing.state == state);
        page.sample(STATE, &[("name", name.as_str()), ("state", state.word())], is_so);
    }
}

fn targets(page: &mut Exposition, fleet: &Fleet, service: &ServiceView<'_>) {
    let mut counts = [0_u32; State::WORST_FIRST.len()];
    for target in service.targets.iter().filter_map(|id| fleet.target(*id)) {
        if let Some(count) = counts.get_mut(usize::from(target.standing.state.rank())) {
            *count += 1;
        }
    }
    for (state, count) in State::WORST_FIRST.into_iter().zip(counts) {
        page.sample(TARGETS, &[("service", service.name.as_str()), ("state", state.word())], count);
    }
}

/// What there are few of.
fn rest(page: &mut Exposition, Facts { counts, now, .. }: Facts<'_>) {
    let name = "oco_fleet_transitions_total";
    page.family(name, "counter", "Transitions of targets, services, nodes and levels.");
    page.sample(name, &[], counts.transitions);
    let name = "oco_fleet_alerts_total";
    page.family(name, "counter", "Alerts, by what became of them.");
    for result in AlertResult::ALL {
        page.sample(name, &[("result", result.word())], counts.alerts(result));
    }
    if let Some(forwards) = counts.forwards {
        let name = "oco_fleet_forwards_total";
        page.family(name, "counter", "Reports to another board, by what became of them.");
        for (result, count) in [("sent", forwards.sent), ("failed", forwards.failed)] {
            page.sample(name, &[("result", result)], count);
        }
    }
    let name = "oco_fleet_late_seconds";
    page.family(name, "gauge", "The most that a round of probes began late in the last one to two minutes.");
    page.sample(name, &[], counts.late(now.boot).as_secs_f64());
    let name = "oco_fleet_last_round_timestamp_seconds";
    page.family(name, "gauge", "When all probes that were due had begun last.");
    page.sample(name, &[], seconds(counts.last_round));
}

fn availability(page: &mut Exposition, level: LevelView<'_>) {
    let Some(account) = level.account else { return };
    for (view, percent) in [("measured", account.measured), ("contractual", account.contractual)] {
        if let Some(percent) = percent {
            page.sample(AVAILABILITY, &[("slo", level.name.service_part()), ("view", view)], ratio(percent));
        }
    }
}

/// Rounded down, as percentages are, and without the noise of a division: 0.99950.
fn ratio(percent: Percent) -> String {
    let Percent(thousandths) = percent;
    format!("{}.{:05}", thousandths / Percent::ALL.0, thousandths % Percent::ALL.0)
}

fn seconds(wall: Nanos) -> f64 {
    Duration::from_nanos(u64::try_from(wall.0).unwrap_or(0)).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::decide::changes::{Changes, Kept};
    use crate::limits::METRICS_OBJECTS_PER_TURN;
    use crate::metrics::Forwards;
    use std::collections::HashMap;

    const FILE: &str = "state-dir = \"/var/lib/oco-watch\"\n\
        [hostgroup.web]\nhosts = [\"192.0.2.1\", \"192.0.2.2\"]\nservice.a.probe = \"oco\"\nservice.b.probe = \"oco\"\n\
        [node.shop]\nmembers = [\"web/*\"]\n\
        [slo.gold]\nof = \"web/a\"\ntarget = \"99%\"\nperiod = \"day\"\n";

    /// The page of this file, made in parts of so many objects, and those parts.
    fn made(file: &str, objects: usize) -> (String, Vec<String>) {
        let settings = config::parse(file).unwrap();
        let now = Now { wall: Nanos(1_500_000_000), boot: Nanos(7) };
        let fleet = Fleet::new(&settings, &Kept::default(), now, &mut Changes::default());
        let levels = Levels::new(&settings, &HashMap::new(), Default::default(), &mut Changes::default());
        let forwards = Some(Forwards { sent: 7, failed: 1 });
        let mut counts = Counts { transitions: 9, forwards, ..Counts::default() };
        counts.round(Duration::from_millis(5), now);
        let facts = Facts { fleet: &fleet, levels: &levels, counts: &counts, now };
        let mut page = MetricsPage::new(&fleet);
        let (mut parts, mut longest) = (Vec::new(), Duration::ZERO);
        loop {
            let begun = processor();
            let is_last = page.write(facts, objects);
            longest = longest.max(processor().saturating_sub(begun));
            parts.push(page.take_part());
            if is_last {
                println!("{} parts, at most {longest:.1?} of a processor for one", parts.len());
                return (parts.concat(), parts);
            }
        }
    }

    /// How long this thread was on a processor: what counts on a machine that others use too.
    fn processor() -> Duration {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        Duration::from_nanos(text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0))
    }

    /// So many services, with one target each.
    fn large(services: usize) -> String {
        let mut text = "state-dir = \"/var/lib/oco-watch\"\n".to_owned();
        for group in 0..services.div_ceil(100) {
            text.push_str(&format!("[hostgroup.group{group:04}]\nhosts = [\"192.0.2.1\"]\n"));
            for service in 0..100 {
                text.push_str(&format!("service.service{service:02}.probe = \"oco\"\n"));
            }
        }
        text
    }

    #[test]
    fn every_family_is_there_with_all_of_whom_it_tells() {
        let (page, _) = made(FILE, usize::MAX);
        for line in [
            "# TYPE oco_fleet_code gauge",
            "oco_fleet_state{name=\"web/a\",state=\"unknown\"} 1",
            "oco_fleet_state{name=\"web/a\",state=\"ok\"} 0",
            "oco_fleet_state{name=\"node:shop\",state=\"unknown\"} 1",
            "oco_fleet_state{name=\"slo:gold\",state=\"unknown\"} 1",
            "oco_fleet_targets{service=\"web/b\",state=\"unknown\"} 2",
            "oco_fleet_targets{service=\"web/b\",state=\"ko\"} 0",
            "oco_fleet_transitions_total 9",
            "oco_fleet_alerts_total{result=\"held\"} 0",
            "oco_fleet_forwards_total{result=\"sent\"} 7",
            "oco_fleet_forwards_total{result=\"failed\"} 1",
            "oco_fleet_late_seconds 0.005",
            "oco_fleet_last_round_timestamp_seconds 1.5",
            "# TYPE oco_fleet_availability gauge",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
        assert!(!page.contains("oco_fleet_code{"), "nothing is known yet");
        assert!(!page.contains("oco_fleet_planned{"), "nothing is planned");
    }

    #[test]
    fn parts_make_the_same_page() {
        let (whole, parts) = made(FILE, usize::MAX);
        assert_eq!(parts.len(), 1);
        for objects in [1, 2, 3] {
            let (page, parts) = made(FILE, objects);
            assert_eq!(page, whole);
            assert!(parts.len() > 3);
        }
    }

    #[test]
    fn no_part_of_a_large_fleets_page_is_large() {
        let (page, parts) = made(&large(3000), METRICS_OBJECTS_PER_TURN);
        assert!(page.len() > 4 * METRICS_PART_OCTETS && parts.len() > 4);
        assert!(parts.iter().all(|part| part.len() <= METRICS_PART_OCTETS + 1024));
    }

    #[test]
    #[ignore = "figures to look at: cargo test --release -p ocowatch --lib -- --ignored --nocapture hundred_thousand"]
    fn the_page_of_a_hundred_thousand_services() {
        let (page, parts) = made(&large(100_000), METRICS_OBJECTS_PER_TURN);
        let largest = parts.iter().map(String::len).max().unwrap_or_default();
        println!("{} octets, at most {largest} in a part", page.len());
    }

    #[test]
    fn ratios_are_all_for_all_alone() {
        assert_eq!(["1.00000", "0.99999", "0.00000"], [100_000, 99_999, 0].map(|part| ratio(Percent(part))));
    }
}
