//! `/metrics`, made piece by piece, so that a fleet of 100,000 delays no probe. What changes meanwhile may be seen by one
//! family and not by the one before.

use super::{AlertResult, Counts};
use crate::decide::fleet::ids::{NodeId, ServiceId};
use crate::decide::fleet::{Fleet, ServiceView};
use crate::levels::Levels;
use crate::limits::METRICS_TARGETS_PER_OBJECT;
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
    part: Part,
    /// How many services and nodes of the part are written.
    written: usize,
}

/// A family that tells of each service or node, or all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    State,
    Targets,
    Rest,
}

const CODE: &str = "oco_fleet_code";
const STATE: &str = "oco_fleet_state";
const TARGETS: &str = "oco_fleet_targets";

impl Part {
    fn begin(self, page: &mut Exposition) {
        match self {
            Part::Code => {
                page.family(CODE, "gauge", "The code of a service, node or level; none while unknown.")
            }
            Part::State => {
                page.family(STATE, "gauge", "Whether a service, node or level is in this state.");
            }
            Part::Targets => {
                page.family(TARGETS, "gauge", "How many targets of a service are in this state.")
            }
            Part::Rest => {}
        }
    }
}

impl MetricsPage {
    /// A page of all that there is now.
    pub fn new(fleet: &Fleet) -> MetricsPage {
        let mut page = Exposition::default();
        Part::Code.begin(&mut page);
        MetricsPage {
            page,
            services: fleet.services().map(|service| service.id).collect(),
            nodes: fleet.nodes().map(|node| node.id).collect(),
            part: Part::Code,
            written: 0,
        }
    }

    /// Writes on, about so many services and nodes. Whether that was the end.
    pub fn write(&mut self, facts: Facts<'_>, objects: usize) -> bool {
        let mut left = objects;
        while left > 0 {
            left = left.saturating_sub(1);
            if self.part == Part::Rest {
                rest(&mut self.page, facts);
                return true;
            }
            let place = self.written;
            self.written += 1;
            if let Some(id) = self.services.get(place) {
                let Some(service) = facts.fleet.service(*id) else { continue };
                match self.part {
                    Part::Code => code(&mut self.page, service.name, service.standing),
                    Part::State => state(&mut self.page, service.name, service.standing),
                    Part::Targets => {
                        targets(&mut self.page, facts.fleet, &service);
                        left = left.saturating_sub(service.targets.len() / METRICS_TARGETS_PER_OBJECT);
                    }
                    Part::Rest => {}
                }
            } else if let Some(id) = self.nodes.get(place - self.services.len()) {
                let Some(node) = facts.fleet.node(*id) else { continue };
                match self.part {
                    Part::Code => code(&mut self.page, node.name, node.standing),
                    Part::State => state(&mut self.page, node.name, node.standing),
                    Part::Targets | Part::Rest => {}
                }
            } else {
                self.end_part(facts);
            }
        }
        false
    }

    /// The page.
    pub fn as_str(&self) -> &str {
        self.page.as_str()
    }

    fn end_part(&mut self, facts: Facts<'_>) {
        for level in facts.levels.all() {
            match self.part {
                Part::Code => code(&mut self.page, level.name, level.standing),
                Part::State => state(&mut self.page, level.name, level.standing),
                Part::Targets | Part::Rest => {}
            }
        }
        self.part = match self.part {
            Part::Code => Part::State,
            Part::State => Part::Targets,
            Part::Targets | Part::Rest => Part::Rest,
        };
        self.written = 0;
        self.part.begin(&mut self.page);
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
fn rest(page: &mut Exposition, Facts { levels, counts, now, .. }: Facts<'_>) {
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
    let name = "oco_fleet_availability";
    page.family(name, "gauge", "The availability of a level in its period until now, from 0 to 1.");
    for level in levels.all() {
        let Some(account) = level.account else { continue };
        for (view, percent) in [("measured", account.measured), ("contractual", account.contractual)] {
            if let Some(percent) = percent {
                let labels = [("slo", level.name.service_part()), ("view", view)];
                page.sample(name, &labels, ratio(percent));
            }
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
    use crate::metrics::Forwards;
    use std::collections::HashMap;

    const FILE: &str = "state-dir = \"/var/lib/oco-watch\"\n\
        [hostgroup.web]\nhosts = [\"192.0.2.1\", \"192.0.2.2\"]\nservice.a.probe = \"oco\"\nservice.b.probe = \"oco\"\n\
        [node.shop]\nmembers = [\"web/*\"]\n\
        [slo.gold]\nof = \"web/a\"\ntarget = \"99%\"\nperiod = \"day\"\n";

    /// The page, made in pieces of so many objects, and how many they were.
    fn made(objects: usize) -> (String, usize) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("watch.toml");
        std::fs::write(&path, FILE).unwrap();
        let settings = config::load(&path).unwrap();
        let now = Now { wall: Nanos(1_500_000_000), boot: Nanos(7) };
        let fleet = Fleet::new(&settings, &Kept::default(), now, &mut Changes::default());
        let levels = Levels::new(&settings, &HashMap::new(), Default::default(), &mut Changes::default());
        let forwards = Some(Forwards { sent: 7, failed: 1 });
        let mut counts = Counts { transitions: 9, forwards, ..Counts::default() };
        counts.round(Duration::from_millis(5), now);
        let facts = Facts { fleet: &fleet, levels: &levels, counts: &counts, now };
        let mut page = MetricsPage::new(&fleet);
        let mut pieces = 1;
        while !page.write(facts, objects) {
            pieces += 1;
        }
        (page.as_str().to_owned(), pieces)
    }

    #[test]
    fn every_family_is_there_with_all_of_whom_it_tells() {
        let (page, _) = made(usize::MAX);
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
    }

    #[test]
    fn pieces_make_the_same_page() {
        let whole = made(usize::MAX);
        assert_eq!(whole.1, 1);
        for objects in [1, 2, 3] {
            let (page, pieces) = made(objects);
            assert_eq!(page, whole.0);
            assert!(pieces > 3);
        }
    }

    #[test]
    fn ratios_are_all_for_all_alone() {
        assert_eq!(["1.00000", "0.99999", "0.00000"], [100_000, 99_999, 0].map(|part| ratio(Percent(part))));
    }
}
