//! The settings as a whole: that the contract's example arrives, and that each fault is told with its line.

mod documents;
mod faults;

use super::*;
use oco_fleet::level::CountedAs;
use oco_fleet::object::Kind;
use oco_fleet::tree::Rule;
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// The example of the contract, and below it what it speaks of without having it.
fn contract() -> String {
    let beside = r#"
        [hostgroup.db]
        hosts = ["192.0.2.31"]
        service.sql.probe = { tcp = true, port = 5432 }
        [hostgroup.gateway]
        hosts = ["192.0.2.1"]
        service.ping.probe = "ping"
        [node.network]
        members = ["gateway/ping"]
    "#;
    include_str!("tests/contract.toml").to_owned() + beside
}

fn settings(text: &str) -> Settings {
    parse(text).unwrap_or_else(|fault| panic!("{fault:?}"))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn service<'a>(settings: &'a Settings, name: &str) -> &'a Service {
    let (group, service) = name.split_once('/').unwrap();
    let group = settings.groups.iter().find(|other| other.name == group).unwrap();
    group.services.iter().find(|other| other.name == service).unwrap()
}

#[test]
fn the_daemons_own_settings_of_the_contract_arrive() {
    let settings = settings(&contract());
    assert_eq!(settings.state_dir, Path::new("/var/lib/oco-watch"));
    assert_eq!(settings.control, Path::new("/run/oco-watch/control"));
    assert_eq!(settings.control_group.as_deref(), Some("oco-act"));
    assert_eq!(settings.user.as_deref(), Some("oco-watch"));
    assert_eq!(settings.resolve_every, seconds(300));
    assert_eq!(settings.metrics, "127.0.0.1:9779".parse().ok());
    assert_eq!(settings.base_url.as_deref(), Some("https://board.example.org"));
    assert_eq!(settings.time_zone.as_deref(), Some("Europe/Paris"));
    let ports: Vec<Option<u16>> = settings.canary.iter().map(|canary| canary.port).collect();
    assert_eq!(ports, [None, Some(53)]);
    assert_eq!(settings.keep, humantime::parse_duration("5y").unwrap());
    assert_eq!(settings.figures_keep, Some(seconds(30 * 86_400)));
    assert_eq!(settings.publish.as_deref(), Some(Path::new("/var/lib/oco")));
    let forward = settings.forward.unwrap();
    assert_eq!((forward.url.as_str(), forward.name.as_str()), ("https://board.example.org", "paris"));
    assert_eq!((forward.every, forward.of.len()), (seconds(60), 2));
    assert_eq!(settings.incident.acknowledge_within, Some(seconds(900)));
    assert_eq!(settings.incident.close_within, Some(seconds(4 * 3600)));
    assert_eq!(settings.incident.command, Some(vec![Word("/etc/oco/incident".to_owned())]));
}

#[test]
fn groups_and_services_of_the_contract_arrive() {
    let settings = settings(&contract());
    let names: Vec<&str> = settings.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["web", "backup", "push", "db", "gateway"], "in the file's order");
    let web = &settings.groups[0];
    let hosts: Vec<(&str, &str, Option<u16>)> =
        web.hosts.iter().map(|host| (&*host.name, host.written(), host.port)).collect();
    assert_eq!(
        hosts,
        [
            ("192.0.2.11", "192.0.2.11", None),
            ("192.0.2.12:7979", "192.0.2.12:7979", Some(7979)),
            ("[2001:db8::3]", "[2001:db8::3]", None),
            ("web4.example.org", "web4.example.org", None),
            ("web5", "192.0.2.15:7979", Some(7979)),
        ]
    );
    assert_eq!(web.hosts[2].address.ip(), "2001:db8::3".parse().ok());
    assert_eq!(web.hosts[3].address, Address::Name("web4.example.org".into()));
    let names: Vec<&str> = web.services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["oco", "open", "page", "tls", "ssh", "mx", "echo", "up", "disk", "fping"]);
    assert_eq!(service(&settings, "web/oco").need, Rule::Count(2));
    assert_eq!(service(&settings, "web/fping").depends, [ObjectName::parse("gateway/ping").unwrap()]);
    let timing = service(&settings, "web/oco").timing;
    assert_eq!(
        (timing.interval, timing.fast_interval, timing.timeout),
        (seconds(10), seconds(2), seconds(3))
    );
    assert_eq!((timing.fall, timing.rise, timing.max_silence), (3, 2, seconds(300)));
    assert_eq!(timing.flap, Flap { changes: 6, within: seconds(600), calm: seconds(300) });
    assert!(settings.groups[2].accept_reports && settings.groups[2].hosts.is_empty());
}

#[test]
fn probes_of_the_contract_arrive() {
    let settings = settings(&contract());
    let probe = |name: &str| service(&settings, name).probe.clone();
    assert!(matches!(*probe("web/oco"), Probe::Oco { port: None }));
    assert!(matches!(*probe("web/open"), Probe::Tcp { port: Some(25) }));
    let Probe::Http(page) = &*probe("web/page") else { panic!("http") };
    assert_eq!((page.path.as_str(), page.port, page.method.as_str()), ("/health", Some(8080), "GET"));
    assert_eq!((page.host.as_deref(), page.status.as_slice()), (Some("www.example.org"), &[(200, 399)][..]));
    assert_eq!(page.headers, [("X-Probe".to_owned(), "oco".to_owned())]);
    assert!(page.tls.is_none() && page.expect.as_ref().unwrap().is_match(b"ready"));
    let Probe::Http(page) = &*probe("web/tls") else { panic!("http") };
    let tls =
        Tls { verify: true, ca: None, expires_but: seconds(14 * 86_400), expires_ko: seconds(3 * 86_400) };
    assert_eq!((page.tls.as_ref(), page.port), (Some(&tls), None));
    let Probe::Banner(ssh) = &*probe("web/ssh") else { panic!("banner") };
    assert!(ssh.expect.is_match(b"SSH-2.0-x") && !ssh.expect.is_match(b"x SSH-2") && ssh.send.is_none());
    let Probe::Banner(mx) = &*probe("web/mx") else { panic!("banner") };
    assert_eq!((mx.port, mx.send.as_deref()), (Some(25), Some(&b"QUIT\r\n"[..])));
    assert!(mx.then.as_ref().unwrap().is_match(b"221 bye"));
    let Probe::Udp(echo) = &*probe("web/echo") else { panic!("udp") };
    assert_eq!((echo.send.as_slice(), echo.port), (&b"ping"[..], Some(7)));
    assert!(matches!(*probe("web/up"), Probe::Ping));
    let Probe::Exec(words) = &*probe("web/disk") else { panic!("exec") };
    assert_eq!((words.len(), words[2].0.as_str()), (5, "{address}"));
    assert!(matches!(&*probe("web/fping"), Probe::Mon(words) if words[0].0 == "fping.monitor"));
    assert!(matches!(*probe("backup/nightly"), Probe::Report(within) if within == seconds(25 * 3600)));
}

#[test]
fn nodes_alerts_tables_and_levels_of_the_contract_arrive() {
    let settings = settings(&contract());
    let nodes: Vec<&str> = settings.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(nodes, ["network", "shop"], "members first");
    let shop = &settings.nodes[1];
    assert_eq!((shop.title.as_deref(), shop.rule, shop.ignore_but), (Some("The shop"), Rule::All, true));
    let alert = &settings.alerts[0];
    assert_eq!(alert.on, [AlertEvent::Ko, AlertEvent::Ok, AlertEvent::Partial]);
    assert_eq!(
        (alert.after, alert.every, alert.limit),
        (After::Time(seconds(60)), Some(seconds(1800)), Some(5))
    );
    assert_eq!((alert.name.as_deref(), alert.text.as_deref()), (Some("ops"), Some("fleet")));
    assert!(alert.hours.is_some());
    let steps: Vec<(Duration, &str)> =
        alert.steps.iter().map(|step| (step.after, step.command[0].0.as_str())).collect();
    assert_eq!(steps, [(Duration::ZERO, "mail.alert"), (seconds(600), "sms.alert")]);
    assert_eq!(settings.alertmanager.as_ref().unwrap().urls, ["http://127.0.0.1:9093"]);
    let TableKind::Haproxy { socket, backend, ko_is_maint, but_weight, min_up } = &settings.tables[0].kind
    else {
        panic!("haproxy")
    };
    assert_eq!(socket, &HaproxySocket::Unix("/run/haproxy/admin.sock".into()));
    assert_eq!((backend.as_str(), *ko_is_maint, *but_weight, *min_up), ("web", true, 50, 0));
    let TableKind::Lvs { virtual_service, persistent, scheduler, forward, port, weight, but_weight, .. } =
        &settings.tables[1].kind
    else {
        panic!("lvs")
    };
    assert_eq!(*virtual_service, VirtualService::Tcp("192.0.2.1:80".parse().unwrap()));
    assert_eq!((*persistent, scheduler.as_str(), *forward), (Some(seconds(300)), "wlc", Forwarding::Gate));
    assert_eq!((*port, *weight, *but_weight), (Some(80), 100, 50));
    assert!(
        matches!(&settings.tables[2].kind, TableKind::Exec { command } if command[0].0 == "/etc/oco/on-change")
    );
    assert_eq!(settings.maintenance[0].text, "backup of the cold copy");
    let level = &settings.levels[0];
    assert_eq!((level.name.as_str(), level.of.kind(), level.promise.target), ("shop", Kind::Node, 99_900));
    assert_eq!(level.promise.unknown, CountedAs::Excluded);
}

#[test]
fn without_a_key_there_is_a_default() {
    let settings = settings("");
    assert_eq!(settings.state_dir, Path::new("/var/lib/oco-watch"));
    assert_eq!(settings.control, Path::new("/run/oco-watch/control"));
    assert_eq!(token_socket(&settings.control), Path::new("/run/oco-watch/token"));
    assert_eq!((settings.resolve_every, settings.keep), (seconds(300), seconds(5 * 31_557_600)));
    assert!(settings.user.is_none() && settings.control_group.is_none() && settings.figures_keep.is_none());
    let settings =
        parse("[hostgroup.a]\nhosts = [\"h\"]\nservice.x.probe = \"oco\"\n[figures]\n[publish]\n").unwrap();
    let timing = settings.groups[0].services[0].timing;
    assert_eq!(
        (timing.interval, timing.fast_interval, timing.timeout),
        (seconds(10), seconds(10), seconds(3))
    );
    assert_eq!((timing.fall, timing.rise, timing.max_silence), (3, 2, seconds(300)));
    assert_eq!(settings.groups[0].services[0].need, Rule::All);
    assert_eq!(settings.figures_keep, Some(seconds(30 * 86_400)));
    assert_eq!(settings.publish.as_deref(), Some(Path::new("/var/lib/oco")));
}

#[test]
fn the_nearest_of_defaults_group_and_service_wins() {
    let settings = settings(
        r#"
        [defaults]
        interval = "20s"
        fast-interval = "5s"
        fall = 5
        flap = { changes = 8, within = "1h" }
        [hostgroup.a]
        hosts = ["h"]
        interval = "1m"
        rise = 4
        flap = { within = "2h" }
        [hostgroup.a.service.far]
        probe = "oco"
        [hostgroup.a.service.near]
        probe = "oco"
        interval = "2s"
        fall = 1
        flap = { calm = "30m" }
        [hostgroup.b]
        accept-reports = true
    "#,
    );
    let far = service(&settings, "a/far").timing;
    assert_eq!((far.interval, far.fast_interval, far.fall, far.rise), (seconds(60), seconds(5), 5, 4));
    assert_eq!(far.flap, Flap { changes: 8, within: seconds(7200), calm: seconds(300) });
    let near = service(&settings, "a/near").timing;
    assert_eq!((near.interval, near.fast_interval, near.fall, near.rise), (seconds(2), seconds(2), 1, 4));
    assert_eq!(near.flap, Flap { changes: 8, within: seconds(7200), calm: seconds(1800) });
    assert_eq!(settings.groups[1].timing.interval, seconds(20));
}

#[test]
fn other_ways_to_write_it() {
    let text = |probe: &str, more: &str| {
        format!(
            "[hostgroup.a]\nhosts = [\"h:1\", \"i:2\", \"k:3\"]\n[hostgroup.a.service.s]\nprobe = {probe}\n{more}"
        )
    };
    for (probe, port) in [("\"tcp\"", None), ("{ tcp = true }", None), ("{ tcp = true, port = 9 }", Some(9))]
    {
        assert!(
            matches!(*service(&settings(&text(probe, "")), "a/s").probe, Probe::Tcp { port: p } if p == port)
        );
    }
    for probe in ["\"ping\"", "{ ping = true }"] {
        assert!(matches!(*service(&settings(&text(probe, "")), "a/s").probe, Probe::Ping));
    }
    let oco = settings(&text("{ oco = true, port = 7979 }", ""));
    assert!(matches!(*service(&oco, "a/s").probe, Probe::Oco { port: Some(7979) }));
    for (need, rule) in [
        ("1", Rule::Count(1)),
        ("\"50%\"", Rule::Percent(50)),
        ("\"2 of\"", Rule::Count(2)),
        ("\"any\"", Rule::Any),
        ("\"all\"", Rule::All),
    ] {
        assert_eq!(
            service(&settings(&text("\"tcp\"", &format!("need = {need}"))), "a/s").need,
            rule,
            "{need}"
        );
    }
    for (status, ranges) in [("200", vec![(200, 200)]), ("\"200-299, 401\"", vec![(200, 299), (401, 401)])] {
        let settings = settings(&text(&format!("{{ http = \"/\", status = {status} }}"), ""));
        let Probe::Http(page) = &*service(&settings, "a/s").probe else { panic!("http") };
        assert_eq!(page.status, ranges);
    }
    let tls = |keys: &str| {
        let settings = settings(&text(&format!("{{ http = \"/\", tls = true{keys} }}"), ""));
        let Probe::Http(page) = &*service(&settings, "a/s").probe else { panic!("http") };
        let tls = page.tls.clone().unwrap();
        (tls.expires_but, tls.expires_ko)
    };
    let days = |days: u64| seconds(days * 86_400);
    assert_eq!(tls(", expires-but = \"2d\""), (days(2), days(2)), "ko never before but");
    assert_eq!(tls(", expires-ko = \"30d\""), (days(30), days(30)));
    let alert = settings(&text("\"tcp\"", "[[alert]]\nof = [\"a\"]\nafter = 3\ncommand = [\"x\"]"));
    assert_eq!(alert.alerts[0].after, After::Probes(3));
    assert_eq!(alert.alerts[0].on, [AlertEvent::Ko, AlertEvent::Ok]);
    assert_eq!(alert.alerts[0].of[0].as_str(), "a/*");
}

#[test]
fn what_counts_only_after_a_restart_is_named() {
    let old = settings("");
    assert_eq!(settings("").stay_with(&old), [""; 0]);
    let mut new = settings("state-dir = \"/x\"\ncontrol = \"/y/z\"\nuser = \"u\"\nmetrics = \"127.0.0.1:1\"");
    assert_eq!(new.stay_with(&old), ["state-dir", "control", "user"]);
    assert_eq!(settings("control-group = \"g\"").stay_with(&old), ["control-group"]);
    // What runs is what the next reload is compared with.
    assert_eq!((new.stay_with(&old), new.metrics), (vec![], Some("127.0.0.1:1".parse().unwrap())));
}

#[test]
fn a_file_is_loaded_or_its_fault_is_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("watch.toml");
    let said = |text: &[u8]| {
        std::fs::write(&path, text).unwrap();
        let error = load(&path).unwrap_err();
        assert!(!error.to_string().contains('\n'));
        error.to_string().replacen(path.to_str().unwrap(), "FILE", 1)
    };
    assert_eq!(said(b"\nusr = 1").split(", expected").next(), Some("FILE:2: unknown field `usr`"));
    assert_eq!(said(b"\n\n\xff"), "FILE:3: not UTF-8; expected text, as an editor writes it");
    assert!(
        load(Path::new("/nowhere/watch.toml")).unwrap_err().to_string().contains("no such file or directory")
    );
    std::fs::write(&path, "user = \"x\"").unwrap();
    assert_eq!(load(&path).unwrap().user.as_deref(), Some("x"));
}

#[test]
fn a_fleet_of_a_hundred_thousand_is_read_in_a_moment() {
    let hosts: Vec<String> =
        (0..100_000).map(|n| format!("\"10.{}.{}.{}\"", n >> 16, n >> 8 & 255, n & 255)).collect();
    let members: Vec<String> =
        hosts.iter().take(20_000).map(|host| host.replacen('"', "\"a/s/", 1)).collect();
    let text = format!(
        "[hostgroup.a]\nhosts = [{}]\nservice.s.probe = \"oco\"\n[node.n]\nmembers = [{}]\nrule = 20000\n",
        hosts.join(","),
        members.join(",")
    );
    let start = Instant::now();
    assert_eq!(settings(&text).groups[0].hosts.len(), 100_000);
    assert!(start.elapsed() < seconds(20), "{:?}", start.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_settings_or_one_line(text in any_file()) {
        if let Err(fault) = parse(&text) {
            prop_assert!(!fault.what.is_empty() && !fault.what.chars().any(char::is_control), "{:?}", fault);
            let place = fault.place.expect("any fault has its line");
            prop_assert!((1..=text.lines().count().max(1)).contains(&place.line), "{:?}", place);
        }
    }
}

/// Lines of the contract's example, some with other values, in any order.
fn any_file() -> impl Strategy<Value = String> {
    let lines: Vec<String> = contract().lines().map(str::to_owned).collect();
    let line = prop_oneof![
        6 => prop::sample::select(lines.clone()),
        2 => (prop::sample::select(lines), "[\"'0-9a-z\\[\\]{}.:/%,=\u{1b}\u{e4}-]{0,8}", any::<prop::sample::Index>())
            .prop_map(|(line, junk, at)| {
                let mut chars: Vec<char> = line.chars().collect();
                let at = if chars.is_empty() { 0 } else { at.index(chars.len()) };
                let end = (at + 3).min(chars.len());
                chars.splice(at..end, junk.chars());
                chars.into_iter().collect()
            }),
        1 => "[a-z-]{1,8} ?= ?[\"'0-9a-z\\[\\].:/]{0,12}|\\[{1,2}[a-z.]{1,8}\\]{1,2}",
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}
