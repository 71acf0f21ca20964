//! What it costs to compare a table of 10,000 servers with how it should be: to read what the balancer tells, and to plan.
//! Beside it the least that anybody would do with the same text: words of lines, and a map of them by server.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use oco_fleet::state::State;
use oco_fleet::time::Millis;
use ocowatch::config::{Forwarding, VirtualService};
use ocowatch::tables::wanted::Server;
use ocowatch::tables::{haproxy, lvs};

use super::hosts;
use crate::Result;
use crate::figures::Bench;
use crate::report::{Figure, Nature, Report, Unit, median, thousands};

const SERVERS: usize = 10_000;
/// Enough for the longest of several turns to be told from the usual one.
const TURNS: usize = 20;
/// Reading numbers and addresses and keeping what was planned is several times what splitting lines is.
const AT_MOST: f64 = 6.0;

pub fn reconcile(_: &Bench, report: &mut Report) -> Result<()> {
    for (when, every) in [("at rest", usize::MAX), ("a tenth has changed", 10)] {
        let state = |place: usize| if place % every == every - 1 { State::Ko } else { State::Ok };
        let servers: Vec<Server> = hosts(SERVERS)
            .enumerate()
            .map(|(place, address)| Server {
                host: address.to_string().into(),
                address: Some(address.into()),
                port: None,
                state: state(place),
                since: Millis(0),
                is_planned: false,
            })
            .collect();
        let changed = servers.iter().filter(|server| server.state == State::Ko).count();
        of_lvs(report, when, &servers, changed)?;
        of_haproxy(report, when, &servers, changed)?;
    }
    Ok(())
}

fn of_lvs(report: &mut Report, when: &str, servers: &[Server], changed: usize) -> Result<()> {
    let address = (Ipv4Addr::new(192, 0, 2, 1), 80).into();
    let rules = lvs::plan::Rules {
        virtual_service: VirtualService::Tcp(address),
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
    let lines = servers.iter().map(|server| format!("-a -t {address} -r {}:80 -g -w 100\n", server.host));
    let text = format!("-A -t {address} -s wlc\n{}", lines.collect::<String>());
    let mine: BTreeMap<_, _> = servers
        .iter()
        .filter_map(|server| Some(((server.address?, 80).into(), server.host.to_string())))
        .collect();
    let steps = || -> Result<usize> {
        let saved = lvs::saved::parse(text.as_bytes())?;
        Ok(lvs::plan::plan(servers, &saved, &mine, &rules).steps.len())
    };
    judge(report, &format!("LVS, {when}"), changed, steps, || naive(&text, 4, servers))
}

fn of_haproxy(report: &mut Report, when: &str, servers: &[Server], changed: usize) -> Result<()> {
    let lines = servers.iter().enumerate().map(|(number, server)| {
        format!(
            "3 web {} {} {} 2 0 100 100 7 15 3 4 6 0 0 0 - 80 - 0 0 - - 0\n",
            number + 1,
            server.host,
            server.host
        )
    });
    let text = format!(
        "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
         srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state \
         bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr \
         srv_agent_addr srv_agent_port\n{}\n",
        lines.collect::<String>()
    );
    let rules = haproxy::plan::Rules { ko_is_maint: true, but_weight: 50, min_up: 0 };
    let steps = || -> Result<usize> {
        let answer = haproxy::answer::parse(text.as_bytes(), "web").map_err(|error| error.to_string())?;
        let mine = |_: &str| haproxy::plan::Mine::default();
        Ok(haproxy::plan::plan(servers, &answer.servers, mine, rules).steps.len())
    };
    judge(report, &format!("HAProxy, {when}"), changed, steps, || naive(&text, 3, servers))
}

/// Splits each line into words, and looks each server up by the one at `place`. How many there are.
fn naive(text: &str, place: usize, servers: &[Server]) -> usize {
    let words = text.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let by_name: HashMap<String, Vec<&str>> = words
        .filter_map(|words| {
            let name = words.get(place)?.split(':').next()?.to_owned();
            Some((name, words))
        })
        .collect();
    servers.iter().filter(|server| by_name.contains_key(server.host.as_ref())).count()
}

/// Both take turns, so that what else runs meets both.
fn judge(
    report: &mut Report,
    what: &str,
    changed: usize,
    steps: impl Fn() -> Result<usize>,
    naive: impl Fn() -> usize,
) -> Result<()> {
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let begin = Instant::now();
        let found = black_box(steps()?);
        ours.push(millis(begin.elapsed()));
        let begin = Instant::now();
        let there = black_box(naive());
        others.push(millis(begin.elapsed()));
        if (found, there) != (changed, SERVERS) {
            return Err(format!("{what}: {found} steps, and {there} servers").into());
        }
    }
    let name = format!("{} servers compared and planned, {what}", thousands(SERVERS));
    let figure = Figure { name: &name, unit: Unit::Ratio, nature: Nature::Time, at_most: Some(AT_MOST) };
    let ratios: Vec<f64> = ours.iter().zip(&others).map(|(ours, other)| ours / other).collect();
    let detail = format!(
        "{:.1} ms, and {:.1} ms to split and look up; {changed} steps",
        median(&ours),
        median(&others)
    );
    report.add(&figure, &ratios, detail);
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
