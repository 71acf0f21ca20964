//! Made-up fleets, the same each time.

use oco::logic::code::Code;
use oco_fleet::calendar::Period;
use oco_fleet::figure::{Figure, Measure};
use oco_fleet::journal::{
    Act, ActKind, Adjustment, AlertSent, Counts, Definitions, Entry, FILE, Incident, LevelDefinition,
    Measured, NodeDefinition, Reporter, Stands, Window, Writer,
};
use oco_fleet::level::{CountedAs, Promise};
use oco_fleet::object::{ObjectName, Pattern, encode};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use oco_fleet::transition::Transition;
use std::collections::HashMap;
use std::path::PathBuf;
use tempfile::TempDir;

/// 2026-11-25T10:00:30Z.
pub(super) const NOW: i64 = 1_795_600_830_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;
const DAYS: i64 = 100;

pub(super) const LONG: &str = "a-host-with-a-name-of-sixty-four-characters-as-some-people-do-it";

pub(super) fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

/// `GROUP/SERVICE/HOST` of what was pushed under these names.
pub(super) fn pushed(service: &str, host: &str) -> String {
    format!("push/{}/{}", encode(service.as_bytes()), encode(host.as_bytes()))
}

/// Writes a history in the order of time.
struct Story {
    entries: Vec<(i64, Entry)>,
    stood: HashMap<ObjectName, (Standing, i64)>,
    seed: u64,
}

impl Story {
    /// The next number of a row that is the same each time, below `below`.
    fn next(&mut self, below: u64) -> i64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.seed >> 33) % below).unwrap()
    }

    fn change(&mut self, who: &str, at: i64, code: u16, reason: &str, planned: bool) {
        let name = name(who);
        let new = Standing {
            planned,
            ..Code::new(code)
                .map_or_else(|| Standing::unknown(reason), |code| Standing::of_code(code, reason))
        };
        let (old, since) =
            self.stood.insert(name.clone(), (new.clone(), at)).unwrap_or((Standing::default(), at));
        let transition = Transition {
            name,
            at: Millis(at),
            old,
            old_since: Millis(since),
            new,
            probes: None,
            depends_on: None,
        };
        self.entries.push((at, Entry::Transition(transition)));
    }

    fn add(&mut self, at: i64, entry: Entry) {
        self.entries.push((at, entry));
    }

    /// Down for a while, and up again.
    fn outage(&mut self, who: &str, at: i64, length: i64, code: u16, reason: &str) {
        self.change(who, at, code, reason, false);
        self.change(who, at + length, 200, "", false);
    }
}

/// The journal of some months of a fleet that has something of everything.
pub(super) fn usual() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let begin = NOW - DAYS * DAY;
    let (mut writer, _) = Writer::open(dir.path(), Millis(begin), 0).unwrap();
    let mut story = Story { entries: Vec::new(), stood: HashMap::new(), seed: 7 };
    let services: [(&str, &str, &[&str]); 9] = [
        ("web", "page", &["web1", "web2", "web3", "web4", "web5", "192.0.2.11", "[2001:db8::3]:7979", LONG]),
        ("web", "oco", &["web1", "web2", "web3", "web4", "web5", "192.0.2.11", "[2001:db8::3]:7979", LONG]),
        ("web", "tls", &["web1", "web2", "web3", "web4", "web5"]),
        ("db", "mysql", &["db1", "db2", "db3"]),
        ("db", "replica", &["db2", "db3"]),
        ("mail", "smtp", &["mx1", "mx2"]),
        ("mail", "imap", &["mx1", "mx2"]),
        ("edge", "ping", &["edge1", "edge2", "edge3", "edge4"]),
        ("backup", "nightly", &["db1", "db2", "mx1", "web1"]),
    ];
    for (group, service, hosts) in services {
        let service = format!("{group}/{service}");
        story.change(&service, begin + 1, 200, "", false);
        for host in hosts {
            let target = format!("{service}/{host}");
            story.change(&target, begin + 1, 200, "", false);
            let mut at = begin + story.next(20) * DAY;
            while at < NOW - DAY {
                let length = (1 + story.next(40)) * MINUTE;
                let kind = story.next(10);
                match kind {
                    0..6 => story.outage(&target, at, length, 300, "timeout"),
                    6 | 7 => story.outage(&target, at, length * 30, 210, "load 31"),
                    8 => story.outage(&target, at, length * 10, 300, "refused"),
                    _ => story.outage(&target, at, length * 4, 0, "cannot reach the network from here"),
                }
                at += DAY + story.next(30 * 24) * HOUR;
            }
        }
        let mut at = begin + story.next(30) * DAY;
        while at < NOW - 2 * DAY {
            let length = (3 + story.next(50)) * MINUTE;
            story.outage(
                &service,
                at,
                length,
                350,
                "3 of 8 down: web1 (timeout), web2 (timeout), web3 (refused)",
            );
            at += 10 * DAY + story.next(20 * 24) * HOUR;
        }
    }
    for (host, service) in [
        ("\u{441}\u{435}\u{440}\u{432}\u{435}\u{440}-1", "\u{434}\u{438}\u{441}\u{43a}"),
        ("\u{6771}\u{4eac}\u{4e2d}\u{592e}\u{30b5}\u{30fc}\u{30d0}", "\u{5099}\u{4efd}"),
        (
            "\u{62e}\u{627}\u{62f}\u{645} \u{627}\u{644}\u{646}\u{633}\u{62e}",
            "\u{627}\u{644}\u{642}\u{631}\u{635}",
        ),
    ] {
        let target = pushed(service, host);
        let above = name(&target).service_of_target().unwrap().to_string();
        story.change(&above, begin + 1, 200, "", false);
        story.change(&target, begin + 1, 200, "", false);
        story.add(
            begin + 2,
            Entry::Reporter(Reporter { name: name(&target), taken_in: true, periods: vec![60_000] }),
        );
    }
    story.add(begin + 3, definitions());
    now_it_burns(&mut story);
    history_of_people(&mut story);
    measured(&mut story);
    story.entries.sort_by_key(|(at, _)| *at);
    let mut day = begin;
    let mut entries = story.entries.into_iter().peekable();
    while day < NOW {
        let end = (day + DAY).min(NOW);
        let mut batch = Vec::new();
        while let Some((_, entry)) = entries.next_if(|(at, _)| *at < end) {
            batch.push(entry);
        }
        let minutes = (1..=(end - day) / MINUTE).map(|minute| Millis(day + minute * MINUTE));
        // For some hours nobody watched.
        let is_watched = |at: &Millis| !(NOW - 3 * DAY..NOW - 3 * DAY + 5 * HOUR).contains(&at.0);
        batch.extend(minutes.filter(is_watched).map(Entry::Heartbeat));
        writer.write(&batch).unwrap();
        day = end;
    }
    let path = dir.path().join(FILE);
    (dir, path)
}

/// A shop that was down thrice in ten days: for six hours, which somebody corrected, for two, which were planned (and
/// entered afterwards), and for one.
pub(super) fn corrected() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let begin = NOW - 10 * DAY;
    let (mut writer, _) = Writer::open(dir.path(), Millis(begin), 0).unwrap();
    let mut story = Story { entries: Vec::new(), stood: HashMap::new(), seed: 5 };
    for who in ["node:shop", "slo:shop", "web/page"] {
        story.change(who, begin, 200, "", false);
    }
    for (ago, hours) in [(8, 6), (5, 2), (2, 1)] {
        story.outage("node:shop", NOW - ago * DAY, hours * HOUR, 350, "1 of 3 down");
    }
    story.add(begin + 1, definitions());
    let adjustment = Adjustment {
        id: 1,
        name: name("node:shop"),
        since: Millis(NOW - 8 * DAY),
        until: Millis(NOW - 8 * DAY + 6 * HOUR),
        state: State::Ok,
        who: "anna".to_owned(),
        at: Millis(NOW - DAY),
        text: "our provider's fault, agreed with them".to_owned(),
        undone: None,
        undone_by: None,
    };
    story.add(NOW - DAY, Entry::Adjustment(adjustment));
    let work = Act {
        id: 2,
        kind: ActKind::Maint,
        name: "node:shop".to_owned(),
        who: "anna".to_owned(),
        at: Millis(NOW - DAY),
        since: Millis(NOW - 5 * DAY),
        until: Some(Millis(NOW - 5 * DAY + 2 * HOUR)),
        text: "new disks".to_owned(),
        ended: None,
        ended_by: None,
    };
    story.add(NOW - DAY, Entry::Act(work));
    let minutes = (1..=10 * 1_440).map(|minute| begin + minute * MINUTE);
    story.entries.extend(minutes.map(|at| (at, Entry::Heartbeat(Millis(at)))));
    story.entries.sort_by_key(|(at, _)| *at);
    writer.write(&story.entries.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>()).unwrap();
    let path = dir.path().join(FILE);
    (dir, path)
}

/// A service of 500 hosts, each of which failed some forty times in a year.
pub(super) fn large_service() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let begin = NOW - 365 * DAY;
    let (mut writer, _) = Writer::open(dir.path(), Millis(begin), 0).unwrap();
    let mut story = Story { entries: Vec::new(), stood: HashMap::new(), seed: 3 };
    story.change("web/page", begin + 1, 200, "", false);
    for host in 0..499 {
        let target = format!("web/page/host-{host:03}.example.org");
        story.change(&target, begin + 1, 200, "", false);
        let mut at = begin + DAY;
        while at < NOW - DAY {
            let length = (1 + story.next(200)) * MINUTE;
            story.outage(&target, at, length, 300, "timeout");
            at += DAY + story.next(16 * 24) * HOUR;
        }
    }
    story.entries.sort_by_key(|(at, _)| *at);
    let entries: Vec<Entry> = story.entries.into_iter().map(|(_, entry)| entry).collect();
    writer.write(&entries).unwrap();
    writer
        .write(
            &(1..=365 * 1_440)
                .map(|minute| Entry::Heartbeat(Millis(begin + minute * MINUTE)))
                .collect::<Vec<_>>(),
        )
        .unwrap();
    let path = dir.path().join(FILE);
    (dir, path)
}

/// What was measured of the last day.
fn measured(story: &mut Story) {
    for slot in 1..288_i64 {
        let at = NOW - slot * 5 * MINUTE;
        let mut measured = Vec::new();
        for (place, host) in ["web1", "web2", "web3"].into_iter().enumerate() {
            // It is slower by day, and of one host nothing is known for a while.
            if place == 1 && (100..140).contains(&slot) {
                continue;
            }
            let wave = i32::try_from((slot - 144).abs()).unwrap();
            let noise = i32::try_from(story.next(20)).unwrap();
            let mean = f64::from(200 - wave + noise) / 10_000.0;
            let figure =
                Figure { min: mean * 0.6, mean, max: mean * (1.2 + f64::from(noise) / 10.0), count: 30 };
            let name = name(&format!("web/page/{host}"));
            measured.push(Measured { name: name.clone(), measure: Measure::RESPONSE_TIME, figure });
            let disk = Figure::of(f64::from(60 + wave / 10));
            measured.push(Measured { name, measure: Measure::performance("/var <b>", "%"), figure: disk });
        }
        story.add(at, Entry::Figures { at: Millis(at), measured });
    }
}

/// How it stands now.
fn now_it_burns(story: &mut Story) {
    for (host, ago, reason) in
        [("web1", 12, "http 503"), ("web2", 11, "timeout"), (LONG, 11, "refused"), ("web4", 9, "http 503")]
    {
        story.change(&format!("web/page/{host}"), NOW - ago * MINUTE, 300, reason, false);
    }
    story.change("web/page", NOW - 11 * MINUTE, 350, "4 of 8 down: web1 (http 503), web2 (timeout)", false);
    story.change("mail/smtp/mx1", NOW - 3 * HOUR, 500, "550 KO 500-raid", false);
    story.change("mail/smtp", NOW - 3 * HOUR, 550, "1 of 2 down: mx1 (550 KO 500-raid)", false);
    story.change("db/replica/db3", NOW - 40 * MINUTE, 300, "connection refused", true);
    story.change("db/replica", NOW - 40 * MINUTE, 350, "1 of 2 down: db3 (connection refused)", true);
    for host in ["edge1", "edge2", "edge3", "edge4"] {
        story.change(&format!("edge/ping/{host}"), NOW - 90_000, 0, "network unreachable", false);
    }
    story.change("edge/ping", NOW - 90_000, 0, "cannot reach the network from here", false);
    story.change("web/tls/web5", NOW - 2 * DAY, 210, "expires in 9d", false);
    story.change("web/tls", NOW - 2 * DAY, 210, "web5: expires in 9d", false);
    let silent = pushed("\u{5099}\u{4efd}", "\u{6771}\u{4eac}\u{4e2d}\u{592e}\u{30b5}\u{30fc}\u{30d0}");
    story.change(&silent, NOW - 26 * HOUR, 300, "silent for 26h", false);
    let above = name(&silent).service_of_target().unwrap().to_string();
    story.change(&above, NOW - 26 * HOUR, 350, "1 of 1 down", false);
    for (node, code, ago, reason) in [
        ("node:shop", 350, 11, "1 of 3 down: web/page (4 of 8 down)"),
        ("node:mail", 550, 180, "1 of 2 down: mail/smtp (550)"),
        ("node:network", 200, 9_000, ""),
        ("node:all", 550, 180, "1 of 3 down: node:mail"),
    ] {
        story.change(node, NOW - DAYS * DAY + 1, 200, "", false);
        for n in 1..9 {
            let at = NOW - n * 11 * DAY - story.next(100) * MINUTE;
            if node != "node:network" {
                let length = (2 + story.next(70)) * MINUTE;
                story.outage(node, at, length, 350, "1 of 3 down");
            }
        }
        story.change(node, NOW - ago * MINUTE, code, reason, false);
    }
    for (level, code, reason) in [
        ("slo:shop", 210, "6m of 43m left"),
        ("slo:mail", 300, "budget spent, 12m over"),
        ("slo:network", 200, ""),
    ] {
        story.change(level, NOW - 50 * MINUTE, code, reason, false);
    }
    let counts = |who: &str| Counts {
        name: name(who),
        failures: 0,
        successes: 0,
        silent_ms: 0,
        settled: None,
        flapping: Some(Millis(NOW - HOUR)),
        failing: None,
    };
    story.add(NOW - HOUR, Entry::Counts(counts("mail/imap")));
}

/// What people and alerts did.
fn history_of_people(story: &mut Story) {
    let act = |id, kind, of: &str, ago: i64, until: Option<i64>, who: &str, text: &str| {
        Entry::Act(Act {
            id,
            kind,
            name: of.to_owned(),
            who: who.to_owned(),
            at: Millis(NOW - ago),
            since: Millis(NOW - ago),
            until: until.map(|until| Millis(NOW + until)),
            text: text.to_owned(),
            ended: None,
            ended_by: None,
        })
    };
    story.add(
        NOW - 2 * HOUR,
        act(1, ActKind::Ack, "mail/smtp", 2 * HOUR, Some(2 * HOUR), "anna", "disk ordered, comes at noon"),
    );
    story.add(NOW - 5 * DAY, act(2, ActKind::Mute, "dns", 5 * DAY, None, "boris via board", "noisy"));
    let window = Window {
        name: name("db/replica"),
        since: Millis(NOW - 40 * MINUTE),
        until: Millis(NOW + 80 * MINUTE),
        text: "backup of the cold copy".to_owned(),
    };
    story.add(NOW - 40 * MINUTE, Entry::Window(window));
    for (id, of, opened, acknowledged, lasted) in [
        (1, "mail/smtp", 40 * DAY, Some(4 * MINUTE), Some(50 * MINUTE)),
        (2, "node:shop", 12 * DAY, Some(20 * MINUTE), Some(3 * HOUR)),
        (3, "mail/smtp", 3 * HOUR, Some(HOUR), None),
        (4, "node:all", 3 * HOUR, None, None),
    ] {
        let at = NOW - opened;
        let incident = Incident {
            id,
            name: name(of),
            opened: Millis(at),
            acknowledged: acknowledged.map(|after| Millis(at + after)),
            closed: lasted.map(|after| Millis(at + after)),
            who: acknowledged.map(|_| "anna".to_owned()),
            note: String::new(),
            members: vec![name("mail/smtp/mx1"), name("mail/smtp")],
        };
        story.add(at, Entry::Incident(incident));
        let event = |at: i64, event: &str, text: &str| Entry::IncidentEvent {
            incident: id,
            at: Millis(at),
            event: event.to_owned(),
            text: text.to_owned(),
        };
        story.add(at, event(at, "open", "550 KO 500-raid"));
        story.add(at + 15 * MINUTE, event(at + 15 * MINUTE, "late", "not acknowledged within 15m"));
        if let Some(after) = acknowledged {
            story.add(at + after, event(at + after, "acknowledge", "by anna"));
        }
        if let Some(after) = lasted {
            story.add(at + after, event(at + after, "close", "up again"));
        }
    }
    for (ago, result) in [(11, "sent"), (10, "held: outside of its hours"), (9, "failed: exit 75, 3 of 3")] {
        let alert = AlertSent {
            at: Millis(NOW - ago * MINUTE),
            name: name("web/page"),
            alert: "ops".to_owned(),
            event: "ko".to_owned(),
            step: 1,
            command: "mail.alert ops@example.org".to_owned(),
            result: result.to_owned(),
        };
        story.add(NOW - ago * MINUTE, Entry::AlertSent(alert));
    }
    let adjustment = Adjustment {
        id: 1,
        name: name("node:shop"),
        since: Millis(NOW - 12 * DAY),
        until: Millis(NOW - 12 * DAY + 10 * MINUTE),
        state: State::Ok,
        who: "anna".to_owned(),
        at: Millis(NOW - 11 * DAY),
        text: "our provider's fault, agreed with them".to_owned(),
        undone: None,
        undone_by: None,
    };
    story.add(NOW - 11 * DAY, Entry::Adjustment(adjustment));
}

/// What the file of that fleet says.
fn definitions() -> Entry {
    let node = |name: &str, title: &str, rule: &str, members: &[&str]| NodeDefinition {
        name: ObjectName::node(name),
        title: Some(title.to_owned()),
        rule: rule.to_owned(),
        members: members.iter().map(|name| Pattern::parse(name).unwrap()).collect(),
    };
    let level = |name: &str, target: u32| LevelDefinition {
        name: ObjectName::level(name),
        of: ObjectName::node(name),
        promise: Promise { target, period: Period::Month, hours: None, unknown: CountedAs::Excluded },
    };
    Entry::Defined(Box::new(Definitions {
        nodes: vec![
            node("shop", "The shop", "all", &["web/page", "db/mysql", "node:network"]),
            node("mail", "\u{41f}\u{43e}\u{447}\u{442}\u{430}", "all", &["mail/*"]),
            node("network", "\u{7db2}\u{8def}", "2 of", &["edge/ping"]),
            node(
                "all",
                "\u{643}\u{644} \u{634}\u{64a}\u{621}",
                "60%",
                &["node:shop", "node:mail", "node:network"],
            ),
        ],
        levels: vec![level("shop", 99_830), level("mail", 99_900), level("network", 99_950)],
    }))
}

/// A hundred thousand targets, of which five hundred fail in fifty services.
pub(super) fn burning() -> Vec<Stands> {
    let stands = |name: String, code: u16, reason: &str, ago: i64| Stands {
        name: ObjectName::parse(&name).unwrap(),
        standing: Standing::of_code(Code::new(code).unwrap(), reason),
        since: Millis(NOW - ago * MINUTE),
        flapping: None,
        failing: None,
        reports: false,
    };
    let mut all = Vec::new();
    for n in 0..1_000 {
        let service = format!("group{:02}/service-{n:03}", n % 40);
        let fails = n % 20 == 3;
        let (code, reason) =
            if fails { (350, "10 of 100 down: host-0 (timeout), host-1 (timeout)") } else { (200, "") };
        all.push(stands(service.clone(), code, reason, n));
        for host in 0..100 {
            let (code, reason) = if fails && host < 10 { (300, "timeout") } else { (200, "") };
            all.push(stands(format!("{service}/host-{n:03}-{host:03}.example.org"), code, reason, n));
        }
    }
    all
}
