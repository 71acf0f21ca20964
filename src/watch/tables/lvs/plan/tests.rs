use super::*;
use crate::tables::lvs::saved;
use crate::tables::wanted::tests::{any_state, server};
use oco_fleet::state::State;
use proptest::prelude::*;

fn rules() -> Rules {
    Rules {
        virtual_service: VirtualService::Tcp("192.0.2.1:80".parse().unwrap()),
        persistent: Some(Duration::from_secs(300)),
        scheduler: "wlc".to_owned(),
        forward: Forwarding::Gate,
        port: None,
        weight: 100,
        but_weight: 50,
        quiesce: false,
        fallback: None,
        min_up: 0,
    }
}

fn host(number: u8, state: State) -> Server {
    let address = Some([192, 0, 2, 10 + number].into());
    Server { address, ..server(&format!("h{number}"), state, i64::from(number)) }
}

/// What `ipvsadm -Sn` would tell after the steps: the kernel, and what it refuses.
fn apply_steps(saved: &mut Vec<SavedService>, plan: &Plan) {
    for step in &plan.steps {
        let service = saved.iter_mut().find(|service| service.name == plan.name);
        match (step, service) {
            (Step::AddService { .. }, None) => {
                saved.push(SavedService { name: plan.name, servers: BTreeMap::new() });
            }
            (Step::Add(address, forward, weight), Some(service)) => {
                let new = SavedServer { forward: Some(*forward), weight: *weight };
                assert!(service.servers.insert(*address, new).is_none());
            }
            (Step::Edit(address, forward, weight), Some(service)) => {
                let new = SavedServer { forward: Some(*forward), weight: *weight };
                assert!(service.servers.insert(*address, new).is_some());
            }
            (Step::Delete(address), Some(service)) => assert!(service.servers.remove(address).is_some()),
            (step, service) => panic!("{step:?} of {service:?}"),
        }
    }
}

fn words(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.arguments(plan.name).join(" ")).collect()
}

#[test]
fn servers_come_and_go_with_their_states() {
    let mut servers = [host(1, State::Ok), host(2, State::But), host(3, State::Ko), host(4, State::Unknown)];
    let mut saved = Vec::new();
    let first = plan(&servers, &saved, &BTreeMap::new(), &rules());
    let expected = [
        "-A -t 192.0.2.1:80 -s wlc -p 300",
        "-a -t 192.0.2.1:80 -r 192.0.2.11:80 -g -w 100",
        "-a -t 192.0.2.1:80 -r 192.0.2.12:80 -g -w 50",
    ];
    assert_eq!(words(&first), expected);
    assert_eq!(first.mine.values().collect::<Vec<_>>(), ["h1", "h2"]);
    apply_steps(&mut saved, &first);
    servers[0].is_planned = true;
    servers[1].state = State::Ko;
    let second = plan(&servers, &saved, &first.mine, &rules());
    let expected = ["-e -t 192.0.2.1:80 -r 192.0.2.11:80 -g -w 0", "-d -t 192.0.2.1:80 -r 192.0.2.12:80"];
    assert_eq!(words(&second), expected);
    let quiet = plan(&servers, &saved, &first.mine, &Rules { quiesce: true, ..rules() });
    assert_eq!(words(&quiet)[1], "-e -t 192.0.2.1:80 -r 192.0.2.12:80 -g -w 0");
}

#[test]
fn nothing_known_is_nothing_done_and_no_service_added() {
    let servers = [host(1, State::Unknown), host(2, State::Ko)];
    let with_fallback = Rules { fallback: "127.0.0.1:80".parse().ok(), ..rules() };
    assert_eq!(words(&plan(&servers, &[], &BTreeMap::new(), &with_fallback)), [""; 0]);
}

#[test]
fn the_fallback_is_in_while_every_server_is_out() {
    let rules = Rules { fallback: "127.0.0.1:80".parse().ok(), forward: Forwarding::Ipip, ..rules() };
    let mut servers = [host(1, State::Ko), host(2, State::Ko)];
    let mut saved = Vec::new();
    let first = plan(&servers, &saved, &BTreeMap::new(), &rules);
    assert_eq!(words(&first)[1..], ["-a -t 192.0.2.1:80 -r 127.0.0.1:80 -g -w 1"]);
    apply_steps(&mut saved, &first);
    assert_eq!(words(&plan(&servers, &saved, &first.mine, &rules)), [""; 0]);
    servers[1].state = State::But;
    let second = plan(&servers, &saved, &first.mine, &rules);
    let expected = ["-a -t 192.0.2.1:80 -r 192.0.2.12:80 -i -w 50", "-d -t 192.0.2.1:80 -r 127.0.0.1:80"];
    assert_eq!(words(&second), expected);
}

#[test]
fn the_fallback_has_the_port_of_the_virtual_service_but_by_masquerading() {
    let servers = [host(1, State::Ko)];
    for (fallback, forward, expected) in [
        ("127.0.0.1:8080", Forwarding::Masq, "127.0.0.1:80 -g"),
        ("192.0.2.9:8080", Forwarding::Gate, "192.0.2.9:80 -g"),
        ("192.0.2.9:8080", Forwarding::Ipip, "192.0.2.9:80 -i"),
        ("192.0.2.9:8080", Forwarding::Masq, "192.0.2.9:8080 -m"),
    ] {
        let rules = Rules { fallback: fallback.parse().ok(), forward, ..rules() };
        let (mut saved, down) = (Vec::new(), &servers[..]);
        let first = plan(down, &saved, &BTreeMap::new(), &rules);
        assert_eq!(words(&first)[1..], [format!("-a -t 192.0.2.1:80 -r {expected} -w 1")]);
        apply_steps(&mut saved, &first);
        let second = plan(down, &saved, &first.mine, &rules);
        assert_eq!((words(&second), second.mine.len(), second.foreign.len()), (vec![], 1, 0));
        let up = plan(&[host(1, State::Ok)], &saved, &first.mine, &rules);
        assert_eq!(words(&up).len(), 2, "it goes");
    }
}

#[test]
fn our_own_go_with_host_or_address_but_not_while_nobody_knows_where_it_is() {
    let text = b"-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 192.0.2.11:80 -g -w 100\n\
                 -a -t 192.0.2.1:80 -r 192.0.2.99:80 -g -w 3\n";
    let saved = saved::parse(text).unwrap();
    let mine = BTreeMap::from([("192.0.2.11:80".parse().unwrap(), "h1".to_owned())]);
    let gone = plan(&[], &saved, &mine, &rules());
    assert_eq!(words(&gone), ["-d -t 192.0.2.1:80 -r 192.0.2.11:80"]);
    assert_eq!(gone.foreign.iter().map(SocketAddr::to_string).collect::<Vec<_>>(), ["192.0.2.99:80"]);
    let moved = Server { address: Some([192, 0, 2, 77].into()), ..host(1, State::Ok) };
    let expected = ["-a -t 192.0.2.1:80 -r 192.0.2.77:80 -g -w 100", "-d -t 192.0.2.1:80 -r 192.0.2.11:80"];
    assert_eq!(words(&plan(&[moved], &saved, &mine, &rules())), expected);
    let unknown = Server { address: None, ..host(1, State::Ok) };
    let kept = plan(&[unknown], &saved, &mine, &rules());
    assert_eq!((words(&kept).len(), kept.mine), (0, mine));
}

#[test]
fn marks_have_a_family_and_no_port() {
    let rules = Rules { virtual_service: VirtualService::Mark(3), persistent: None, ..rules() };
    let four = plan(&[host(1, State::Ok)], &[], &BTreeMap::new(), &rules);
    assert_eq!(words(&four), ["-A -f 3 -s wlc", "-a -f 3 -r 192.0.2.11:0 -g -w 100"]);
    let six = Server { address: "2001:db8::1".parse().ok(), ..host(1, State::Ok) };
    let six = plan(&[six], &[], &BTreeMap::new(), &rules);
    assert_eq!(words(&six), ["-A -f 3 -6 -s wlc", "-a -f 3 -6 -r [2001:db8::1]:0 -g -w 100"]);
}

/// Those that are given to the real ipvsadm, one after the other.
const COMMANDS: &str = include_str!("../../../../../tests/lvs_guest/commands");
/// What that made of them.
const KERNEL: &str = include_str!("../../../../../tests/lvs_guest/kernel");

/// What is planned for each of these, one after the other.
fn planned(rules: &Rules, phases: &[&[Server]]) -> Vec<String> {
    let (mut saved, mut mine, mut planned) = (Vec::new(), BTreeMap::new(), Vec::new());
    for servers in phases {
        let plan = plan(servers, &saved, &mine, rules);
        planned.extend(words(&plan));
        apply_steps(&mut saved, &plan);
        mine = plan.mine;
    }
    planned
}

#[test]
fn what_the_real_kernel_is_given_is_what_is_planned() {
    let address = |text: &str| text.parse().unwrap();
    let six = |number, state| Server {
        address: format!("2001:db8::{}", 10 + number).parse().ok(),
        ..host(number, state)
    };
    let at_work = |server: Server| Server { is_planned: true, ..server };
    let fallback = Rules { fallback: "127.0.0.1:80".parse().ok(), ..rules() };
    let mut planned_all = planned(
        &fallback,
        &[
            &[host(1, State::Ok), host(2, State::But)],
            &[at_work(host(1, State::Ok)), host(2, State::Ko)],
            &[host(1, State::Ok), host(2, State::Ko)],
        ],
    );
    let udp = Rules {
        virtual_service: VirtualService::Udp(address("192.0.2.1:53")),
        persistent: None,
        scheduler: "rr".to_owned(),
        forward: Forwarding::Masq,
        port: Some(5353),
        weight: 65_535,
        but_weight: 1,
        ..rules()
    };
    let both = [host(1, State::But), host(2, State::Ok)];
    let at_work = [at_work(host(1, State::But)), host(2, State::Ok)];
    let down = [at_work[0].clone(), host(2, State::Ko)];
    planned_all.extend(planned(&udp, &[&both, &at_work, &down]));
    let mark = Rules {
        virtual_service: VirtualService::Mark(3),
        persistent: Some(Duration::from_secs(3600)),
        scheduler: "wrr".to_owned(),
        forward: Forwarding::Ipip,
        ..rules()
    };
    planned_all.extend(planned(&mark, &[&[host(1, State::Ok)]]));
    let mark = Rules { virtual_service: VirtualService::Mark(3), persistent: None, ..rules() };
    planned_all.extend(planned(&mark, &[&[six(1, State::Ok)], &[six(1, State::Ko)]]));
    let tls = Rules {
        virtual_service: VirtualService::Tcp(address("[2001:db8::1]:443")),
        persistent: None,
        forward: Forwarding::Masq,
        port: Some(8443),
        ..rules()
    };
    planned_all.extend(planned(&tls, &[&[six(1, State::Ok)], &[six(1, State::But)]]));
    let dns = Rules {
        virtual_service: VirtualService::Udp(address("[2001:db8::1]:53")),
        forward: Forwarding::Ipip,
        weight: 7,
        ..rules()
    };
    planned_all.extend(planned(&dns, &[&[six(2, State::Ok)]]));
    let given = COMMANDS.lines().take_while(|line| *line != "# What it refuses.");
    let given = given.filter(|line| line.starts_with('-'));
    let given = given.flat_map(|line| line.strip_prefix("-R ").unwrap_or(line).split("; "));
    assert_eq!(planned_all, given.collect::<Vec<_>>());
}

#[test]
fn what_the_real_kernel_tells_is_read_and_is_what_was_planned() {
    let mut steps = KERNEL.split_inclusive("> ").map(|step| step.trim_end_matches("> "));
    assert_eq!(steps.next(), Some(""));
    let tables = steps.map(|step| {
        let lines = step.lines().skip(1).filter(|line| line.starts_with('-'));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    });
    let tables: Vec<Vec<SavedService>> =
        tables.map(|table| saved::parse(table.as_bytes()).unwrap()).collect();
    // A fallback that is this host itself is nothing that is to be changed.
    let rules = Rules { fallback: "127.0.0.1:80".parse().ok(), ..rules() };
    let servers = [Server { is_planned: true, ..host(1, State::Ok) }, host(2, State::Ko)];
    let mine = BTreeMap::from([("127.0.0.1:80".parse().unwrap(), FALLBACK.to_owned())]);
    assert_eq!(words(&plan(&servers, &tables[1], &mine, &rules)), [""; 0]);
}

fn any_virtual() -> impl Strategy<Value = VirtualService> {
    let addresses = ["192.0.2.1:80", "[2001:db8::1]:80"].map(|text| text.parse::<SocketAddr>().unwrap());
    (prop::sample::select(addresses.to_vec()), 0..3u32).prop_map(|(address, kind)| match kind {
        0 => VirtualService::Tcp(address),
        1 => VirtualService::Udp(address),
        _ => VirtualService::Mark(7),
    })
}

proptest! {
    #[test]
    fn what_is_planned_is_told_in_the_same_words(
        virtual_service in any_virtual(),
        (is_v6, is_persistent) in any::<(bool, bool)>(),
        forward in prop::sample::select(vec![Forwarding::Gate, Forwarding::Masq, Forwarding::Ipip]),
        states in prop::collection::vec(any_state(), 0..5),
        port in prop::option::of(1u16..),
        weight in 1..=65_535u32,
    ) {
        let persistent = is_persistent.then_some(Duration::from_secs(360));
        let rules = Rules { virtual_service, persistent, forward, port, weight, ..rules() };
        let servers: Vec<Server> = (0..).zip(states)
            .map(|(number, state)| {
                let four = host(number, state);
                let address = if is_v6 { format!("2001:db8::{number}").parse().ok() } else { four.address };
                Server { address, ..four }
            })
            .collect();
        let first = plan(&servers, &[], &BTreeMap::new(), &rules);
        let mut saved = Vec::new();
        apply_steps(&mut saved, &first);
        let told = words(&first).join("\n");
        prop_assert_eq!(saved::parse(told.as_bytes()), Ok(saved.clone()));
        prop_assert_eq!(words(&plan(&servers, &saved, &first.mine, &rules)), Vec::<String>::new());
    }

    #[test]
    fn a_plan_gives_what_is_wanted_touches_nothing_of_others_and_is_done_once(
        states in prop::collection::vec((any_state(), any::<bool>()), 0..6),
        real in prop::collection::btree_map(0..10u8, (0..3u32, any::<bool>()), 0..8),
        (has_service, quiesce, has_fallback) in any::<(bool, bool, bool)>(),
        min_up in 0..3u32,
    ) {
        let fallback = if has_fallback { "127.0.0.1:80".parse().ok() } else { None };
        let rules = Rules { quiesce, fallback, min_up, ..rules() };
        let servers: Vec<Server> = (0..).zip(&states)
            .map(|(number, (state, is_planned))| Server { is_planned: *is_planned, ..host(number, *state) })
            .collect();
        let (mut saved, mut mine) = (Vec::new(), BTreeMap::new());
        let others = Virtual { service: VirtualService::Mark(9), is_v6_mark: false };
        saved.push(SavedService { name: others, servers: BTreeMap::new() });
        if has_service {
            let mut there = BTreeMap::new();
            for (number, (weight, is_mine)) in &real {
                let address: SocketAddr = format!("192.0.2.{}:80", 10 + number).parse().unwrap();
                there.insert(address, SavedServer { forward: Some(Forwarding::Gate), weight: weight * 50 });
                if *is_mine {
                    mine.insert(address, format!("h{number}"));
                }
            }
            saved.push(SavedService { name: name(&servers, &rules), servers: there });
        }
        let before = saved.clone();
        let first = plan(&servers, &saved, &mine, &rules);
        apply_steps(&mut saved, &first);
        let second = plan(&servers, &saved, &first.mine, &rules);
        prop_assert_eq!(words(&second), Vec::<String>::new());
        prop_assert_eq!(&saved[0], &before[0]);
        let nobody = BTreeMap::new();
        let now = saved.get(1).map_or(&nobody, |service| &service.servers);
        let then = before.get(1).map_or(&nobody, |service| &service.servers);
        for address in &first.foreign {
            prop_assert_eq!(now.get(address), then.get(address));
        }
        for server in &servers {
            let address = SocketAddr::new(server.address.unwrap(), 80);
            let weight = now.get(&address).map(|server| server.weight);
            match (server.is_planned, server.state) {
                (true, _) => prop_assert_eq!(weight, Some(0)),
                (false, State::Ok) => prop_assert_eq!(weight, Some(100)),
                (false, State::But) => prop_assert_eq!(weight, Some(50)),
                (false, State::Unknown) => prop_assert_eq!(weight, then.get(&address).map(|old| old.weight)),
                (false, State::Ko) => prop_assert!(min_up > 0 || weight.unwrap_or(0) == 0),
            }
        }
    }
}
