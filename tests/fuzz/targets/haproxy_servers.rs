//! Any octets as HAProxy's answer: what is read of it makes a plan whose commands are one line of that backend.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use ocowatch::tables::haproxy::answer::parse;
use ocowatch::tables::haproxy::plan::{Mine, Rules, line, plan};
use ocowatch::tables::wanted::Server;

fuzz_target!(|input: &[u8]| {
    let answer = match parse(input, "web") {
        Ok(answer) => answer,
        Err(error) => return assert!(!error.to_string().chars().any(char::is_control), "{error}"),
    };
    let hosts = [("web1", State::Ko), ("web2", State::But), ("web3", State::Ok)];
    let servers = hosts.map(|(host, state)| Server {
        host: host.into(),
        address: "192.0.2.11".parse().ok(),
        port: None,
        state,
        since: Millis(0),
        is_planned: false,
    });
    let rules = Rules { ko_is_maint: true, but_weight: 50, min_up: 0 };
    let plan = plan(&servers, &answer.servers, |_| Mine::default(), rules);
    let (line, taken) = line(&plan.steps, "web");
    assert!(taken.len() <= plan.steps.len());
    assert_eq!(line.find('\n'), Some(line.len() - 1), "{line:?}");
    assert_eq!(line.matches(';').count(), taken.len(), "{line:?}");
});
