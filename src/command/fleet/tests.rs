//! The picture of a fleet at several widths and heights, letter for letter, and of fleets that are large or odd.
//! `OCO_WRITE=1` writes the golden texts anew.

use super::items::Scope;
use super::line::width;
use super::overview::{Canvas, draw, names_with_bars};
use super::rows::cells;
use crate::command::columns::Style;
use crate::limits::TARGETS_SHOWN;
use crate::logic::control::{
    ActStatus, FleetStatus, LevelStatus, NodeStatus, ServiceStatus, TargetCounts, TargetStatus, VERSION,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 2026-11-25T10:00:00Z.
const NOW: u64 = 1_795_600_800;

fn at(seconds: u64) -> String {
    let time: SystemTime = UNIX_EPOCH + Duration::from_secs(NOW - seconds);
    humantime::format_rfc3339_seconds(time).to_string()
}

fn act(who: &str, ago: u64, until: Option<&str>, text: &str) -> ActStatus {
    let until = until.map(|time| format!("2026-11-25T{time}Z"));
    ActStatus { who: who.to_owned(), at: at(ago), until, text: text.to_owned() }
}

fn service(
    name: &str,
    (state, code): (&str, u16),
    reason: &str,
    since: u64,
    [up, need, of]: [u32; 3],
) -> ServiceStatus {
    ServiceStatus {
        name: name.to_owned(),
        state: state.to_owned(),
        code: Some(code).filter(|code| *code > 0),
        reason: reason.to_owned(),
        since: at(since),
        need: Some(need),
        up,
        of,
        counts: Some(TargetCounts { ok: of, ..TargetCounts::default() }),
        acked: None,
        muted: None,
        maint: None,
        flapping: false,
        targets: Vec::new(),
    }
}

fn target(host: &str, (state, code): (&str, u16), reason: &str, since: u64) -> TargetStatus {
    TargetStatus {
        name: format!("web/oco/{host}"),
        host: host.to_owned(),
        address: None,
        state: state.to_owned(),
        code: Some(code).filter(|code| *code > 0),
        reason: reason.to_owned(),
        since: at(since),
        last: None,
        latency_ms: None,
        acked: None,
        muted: None,
        maint: None,
    }
}

fn node(name: &str, title: &str, (state, code): (&str, u16), reason: &str, rule: &str) -> NodeStatus {
    NodeStatus {
        name: name.to_owned(),
        title: title.to_owned(),
        state: state.to_owned(),
        code: Some(code),
        reason: reason.to_owned(),
        since: at(200),
        rule: rule.to_owned(),
        members: vec!["web/page".to_owned()],
        acked: None,
        muted: None,
        maint: None,
    }
}

fn fleet(services: Vec<ServiceStatus>) -> FleetStatus {
    FleetStatus {
        warning: None,
        version: VERSION,
        at: at(0),
        state: "ko".to_owned(),
        code: Some(550),
        services,
        nodes: Vec::new(),
        slos: Vec::new(),
    }
}

/// A fleet with something of everything.
fn usual() -> FleetStatus {
    let page = ServiceStatus {
        counts: Some(TargetCounts { ko: 21, unknown: 0, but: 0, ok: 1 }),
        targets: vec![
            target("web1", ("ko", 300), "refused", 200),
            target("web2", ("ko", 300), "timeout", 190),
            TargetStatus {
                acked: Some(act("anna", 600, None, "")),
                ..target("\u{6771}\u{4eac}.example.org", ("ko", 300), "http 503", 3900)
            },
            target("web4", ("ko", 300), "http 503", 3900),
        ],
        ..service("web/page", ("ko", 350), "1 of 22 up", 200, [1, 2, 22])
    };
    let smtp = ServiceStatus {
        targets: vec![
            // What is said of the service is so of its targets, too, and is shown once.
            TargetStatus {
                acked: Some(act("root", 6000, Some("12:00:00"), "disk ordered")),
                ..target("mx1", ("ko", 500), "550 KO 500-raid", 7400)
            },
            target("mx2", ("ko", 300), "closed", 7300),
        ],
        acked: Some(act("root", 6000, Some("12:00:00"), "disk ordered")),
        flapping: true,
        counts: None,
        ..service("mail/smtp", ("ko", 550), "mx1: 550 KO 500-raid", 7400, [0, 1, 2])
    };
    let replica = ServiceStatus {
        maint: Some(act("/etc/oco/watch.toml", 1800, Some("11:30:00"), "backup of the cold copy")),
        ..service("db/replica", ("ko", 300), "silent for 26h", 5 * 86_400, [0, 1, 1])
    };
    let edge = ServiceStatus {
        targets: (1..4)
            .map(|n| target(&format!("edge{n}"), ("unknown", 0), "network unreachable", 40))
            .collect(),
        counts: Some(TargetCounts { unknown: 3, ..TargetCounts::default() }),
        ..service("edge/ping", ("unknown", 0), "cannot reach the network from here", 40, [0, 3, 3])
    };
    let long = "a-service-with-a-name-that-is-longer-than-a-column-may-be";
    let long = service(&format!("web/{long}"), ("but", 210), "expires in 9d", 86_400, [4, 4, 4]);
    let muted = ServiceStatus {
        targets: vec![TargetStatus {
            muted: Some(act("anna via board", 90_000, None, "noisy")),
            ..target("dns1", ("ok", 200), "", 7 * 86_400)
        }],
        muted: Some(act("anna via board", 90_000, None, "noisy")),
        ..service("dns/query", ("ok", 200), "", 7 * 86_400, [2, 2, 2])
    };
    let mut services = vec![page, smtp, replica, edge, long, muted];
    for (group, count, of) in [("backup", 1, 12), ("db", 6, 3), ("dns", 2, 4), ("web", 1, 1)] {
        services.extend(
            (0..count)
                .map(|n| service(&format!("{group}/s{n}"), ("ok", 200), "", (n + 2) * 90_000, [of, of, of])),
        );
    }
    FleetStatus {
        nodes: vec![
            node("node:shop", "The shop", ("ko", 350), "web/page", "all"),
            node("node:network", "network", ("ok", 200), "", "2 of"),
            node("node:mail", "Mail", ("ok", 200), "", "60%"),
        ],
        slos: vec![LevelStatus {
            name: "slo:shop".to_owned(),
            state: "but".to_owned(),
            code: Some(210),
            reason: "6m of 43m left".to_owned(),
            since: at(3000),
            of: "node:shop".to_owned(),
            acked: None,
            muted: None,
        }],
        ..fleet(services)
    }
}

/// A thousand services of a hundred targets, of which some dozens fail.
fn large() -> FleetStatus {
    let name = |n: u32| format!("g{:02}/s{}", n % 100, n / 100);
    let failed = |n: u32| ServiceStatus {
        targets: (0..TARGETS_SHOWN).map(|n| target(&format!("h{n}"), ("ko", 300), "timeout", 300)).collect(),
        counts: Some(TargetCounts { ko: 80, unknown: 0, but: 0, ok: 20 }),
        ..service(&name(n), ("ko", 350), "20 of 100 up", 300, [20, 50, 100])
    };
    let services = (0..1000).map(|n| match n {
        0..35 => failed(n),
        35..40 => service(&name(n), ("but", 210), "expires in 9d", 300, [100, 100, 100]),
        _ => service(&name(n), ("ok", 200), "", 300, [100, 100, 100]),
    });
    fleet(services.collect())
}

fn bars(status: &FleetStatus, scope: Scope, room: Option<usize>) -> BTreeMap<String, String> {
    let length = usize::try_from(cells(room)).unwrap();
    let cells: String = ".uooobbok".chars().flat_map(|cell| [cell; 4]).collect();
    names_with_bars(status, scope)
        .into_iter()
        .map(|name| {
            let begin = name.len() % 6;
            (name, cells[begin..begin + length].to_owned())
        })
        .collect()
}

fn picture(status: &FleetStatus, scope: Scope, room: Option<usize>, height: Option<usize>) -> String {
    let canvas = Canvas { style: Style::plain(room), height };
    draw(status, &bars(status, scope, room), scope, None, canvas)
}

fn compare(name: &str, drawn: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/command/fleet/golden").join(name);
    if std::env::var_os("OCO_WRITE").is_some() {
        std::fs::write(&path, drawn).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(drawn == golden, "{} differs, OCO_WRITE=1 writes it anew:\n{drawn}", path.display());
}

#[test]
fn a_fleet_is_drawn_for_each_width() {
    for room in [60, 80, 120] {
        let drawn = picture(&usual(), Scope::Fleet, Some(room), None);
        assert!(drawn.lines().all(|line| width(line) <= room), "{drawn}");
        compare(&format!("{room}_columns"), &drawn);
    }
    compare("no_terminal", &picture(&usual(), Scope::Fleet, None, None));
}

#[test]
fn what_was_asked_for_is_not_folded() {
    compare("asked_for", &picture(&usual(), Scope::Some, Some(80), None));
}

#[test]
fn a_fleet_fits_on_a_screen() {
    for height in [24, 40] {
        let drawn = picture(&usual(), Scope::Fleet, Some(80), Some(height));
        assert!(drawn.lines().count() <= height, "{drawn}");
        compare(&format!("{height}_lines"), &drawn);
    }
    let drawn = picture(&large(), Scope::Fleet, Some(80), Some(24));
    compare("100000_targets", &drawn);
}

#[test]
fn a_fleet_that_is_well_or_empty_is_short() {
    let mut well = usual();
    well.services.retain(|service| service.state == "ok" && service.muted.is_none());
    well.nodes.retain(|node| node.state == "ok");
    well.slos.clear();
    (well.state, well.code) = ("ok".to_owned(), Some(200));
    compare("well", &picture(&well, Scope::Fleet, Some(80), Some(24)));
    let empty = FleetStatus { state: "unknown".to_owned(), code: None, ..fleet(Vec::new()) };
    assert_eq!(picture(&empty, Scope::Fleet, Some(80), Some(24)), "unknown  nothing is watched\n");
}

#[test]
fn what_somebody_has_to_come_for_stands_first() {
    let hosts = [("web1", 300), ("web2", 500), ("web3", 300), ("web4", 500)];
    let page = ServiceStatus {
        targets: hosts.map(|(host, code)| target(host, ("ko", code), "", 100)).to_vec(),
        counts: None,
        ..service("web/page", ("ko", 550), "", 100, [0, 1, 4])
    };
    let status = fleet(vec![service("web/a", ("ko", 350), "", 100, [0, 1, 1]), page]);
    let drawn = picture(&status, Scope::Fleet, None, None);
    let names: Vec<&str> = drawn.lines().skip(4).filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert_eq!(names, ["web/page", "web2", "web4", "web1", "web3", "web/a"], "{drawn}");
}

#[test]
fn a_note_stands_on_top() {
    let canvas = Canvas { style: Style::in_colour(Some(80)), height: Some(24) };
    let drawn = draw(&usual(), &BTreeMap::new(), Scope::Fleet, Some("no ocowatch\n"), canvas);
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(lines[0], "\x1b[31mno ocowatch?\x1b[0m");
    assert!(lines[1].starts_with("\x1b[35mko 550\x1b[0m"), "{drawn}");
    assert!(lines.len() <= 24);
}

#[test]
fn a_watcher_that_tells_of_every_target_is_shown_as_one_that_does_not() {
    let mut all = usual();
    for service in &mut all.services {
        let told = service.targets.len();
        let of = usize::try_from(service.of).unwrap();
        let is_down = service.state == "ko" && told > 0;
        service.targets.extend((told..of).map(|n| match (is_down, n + 1 == of) {
            (true, false) => target(&format!("more{n}"), ("ko", 300), "timeout", 100),
            _ => target(&format!("more{n}"), ("ok", 200), "", 100),
        }));
        service.counts = None;
    }
    assert_eq!(picture(&all, Scope::Fleet, Some(80), None), picture(&usual(), Scope::Fleet, Some(80), None));
}

/// A fleet that says this in all places.
fn odd(texts: &[String]) -> FleetStatus {
    let mut texts = texts.iter().cycle().cloned();
    let mut next = || texts.next().unwrap_or_default();
    let mut act = || Some(ActStatus { who: next(), at: next(), until: Some(next()), text: next() });
    let (acked, muted, maint) = (act(), act(), act());
    let target = TargetStatus {
        host: next(),
        state: next(),
        reason: next(),
        since: next(),
        acked: acked.clone(),
        ..target("", ("", 300), "", 0)
    };
    let services = (0..3).map(|_| ServiceStatus {
        name: next(),
        state: next(),
        reason: next(),
        since: next(),
        acked: acked.clone(),
        muted: muted.clone(),
        maint: maint.clone(),
        targets: vec![target.clone(); 3],
        counts: None,
        ..service("", ("", 0), "", 0, [u32::MAX; 3])
    });
    let mut status = fleet(services.collect());
    status.nodes = vec![NodeStatus {
        name: next(),
        title: next(),
        reason: next(),
        rule: next(),
        ..node("", "", ("", 0), "", "")
    }];
    status.at = next();
    status
}

proptest! {
    /// Whatever a watcher says: nothing is wider or higher than the terminal, and no terminal obeys it.
    #[test]
    fn nothing_breaks_out(
        texts in prop::collection::vec("\\PC{0,40}|[\\x00-\\x1f\\x7f-\\u{9f} a/:]{0,6}|ok|ko|but", 1..9),
        bar in "[kbuo.x]{0,12}",
        room in 1..130usize,
        height in 0..30usize,
    ) {
        let status = odd(&texts);
        let bars = status.services.iter().map(|service| (service.name.clone(), bar.clone())).collect();
        for scope in [Scope::Fleet, Scope::Some, Scope::Targets] {
            let canvas = Canvas { style: Style::plain(Some(room)), height: Some(height) };
            let drawn = draw(&status, &bars, scope, None, canvas);
            prop_assert!(drawn.lines().all(|line| width(line) <= room), "{}", drawn);
            prop_assert!(!drawn.chars().any(|c| c.is_control() && c != '\n'), "{:?}", drawn);
            // Counts, blanks, the heading and one line that counts what has no place are always there.
            prop_assert!(drawn.lines().count() <= height.max(9), "{} {}", height, drawn);
        }
    }
}
