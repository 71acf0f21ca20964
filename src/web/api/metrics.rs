//! `/metrics`: the fleet as the watcher's own page tells it, and the board itself.

use crate::pages::Facts;
use crate::view::fleet::Object;
use oco::logic::code::Code;
use oco::logic::exposition::Exposition;
use oco_fleet::state::State;

/// Begins the page with the fleet and what is known of the board here. Who serves adds its own counts behind.
pub fn metrics(facts: &Facts) -> Exposition {
    let mut page = Exposition::default();
    let fleet = &facts.snapshot.fleet;
    let all = || fleet.services().map(|service| &service.object).chain(fleet.nodes()).chain(fleet.levels());
    let name = "oco_fleet_code";
    page.family(name, "gauge", "The code of a service, node or level; none while unknown.");
    for object in all() {
        if let Some(code) = object.standing.code {
            page.sample(name, &[("name", object.name.as_str())], Code::number(code));
        }
    }
    let name = "oco_fleet_state";
    page.family(name, "gauge", "Whether a service, node or level is in this state.");
    for object in all() {
        for state in State::WORST_FIRST {
            page.sample(name, &[("name", object.name.as_str()), ("state", state.word())], is(object, state));
        }
    }
    let name = "oco_fleet_targets";
    page.family(name, "gauge", "How many targets of a service are in this state.");
    for service in fleet.services() {
        let labels = |state: State| [("service", service.object.name.as_str()), ("state", state.word())];
        for state in State::WORST_FIRST {
            page.sample(name, &labels(state), service.counts.of(state));
        }
    }
    let seconds = |millis: i64| format!("{}.{:03}", millis.max(0) / 1_000, millis.max(0) % 1_000);
    let name = "oco_board_watcher_up";
    page.family(name, "gauge", "Whether the watcher answers.");
    page.sample(name, &[], u8::from(facts.watcher.is_none()));
    let name = "oco_board_journal_up";
    page.family(name, "gauge", "Whether the journal is read.");
    page.sample(name, &[], u8::from(facts.snapshot.trouble.is_none() && facts.snapshot.read.is_some()));
    let name = "oco_board_watcher_alive_timestamp_seconds";
    page.family(name, "gauge", "The watcher's last sign of life in the journal.");
    page.sample(name, &[], seconds(facts.snapshot.alive.0));
    let name = "oco_board_incidents_open";
    page.family(name, "gauge", "How many incidents are open.");
    page.sample(name, &[], facts.snapshot.incidents.len());
    page
}

fn is(object: &Object, state: State) -> u8 {
    u8::from(object.state() == state)
}
