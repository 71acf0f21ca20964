//! Any octets as what `ipvsadm -Sn` tells, and a plan for it, which is done once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use ocowatch::config::{Forwarding, VirtualService};
use ocowatch::tables::lvs::plan::{Rules, plan};
use ocowatch::tables::lvs::saved::parse;
use ocowatch::tables::wanted::Server;
use std::collections::BTreeMap;

fuzz_target!(|input: &[u8]| {
    let saved = match parse(input) {
        Ok(saved) => saved,
        Err(error) => return assert!(!error.chars().any(char::is_control), "{error}"),
    };
    let servers = [("a", 11, State::Ok), ("b", 12, State::Ko)].map(|(host, last, state)| Server {
        host: host.into(),
        address: Some([192, 0, 2, last].into()),
        port: None,
        state,
        since: Millis(0),
        is_planned: false,
    });
    let rules = Rules {
        virtual_service: VirtualService::Tcp(([192, 0, 2, 1], 80).into()),
        persistent: None,
        scheduler: "wlc".to_owned(),
        forward: Forwarding::Gate,
        port: None,
        weight: 100,
        but_weight: 50,
        quiesce: false,
        fallback: None,
        min_up: 0,
    };
    let plan = plan(&servers, &saved, &BTreeMap::new(), &rules);
    for step in &plan.steps {
        let words = step.arguments(plan.name);
        assert!(
            words.iter().all(|word| !word.is_empty() && !word.contains(char::is_whitespace)),
            "{words:?}"
        );
    }
});
