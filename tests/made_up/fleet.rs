//! The fleet of `scripts/board`, and its week. Names, nodes and levels are those of the watch.toml that `scripts/board`
//! writes.

use crate::large;
use crate::names;
use crate::story::{DAY, HOUR, MINUTE, Story, name};
use oco_fleet::calendar::Period;
use oco_fleet::figure::{Figure, Measure};
use oco_fleet::journal::{
    ActKind, Adjustment, AlertSent, Definitions, Entry, LevelDefinition, Measured, NodeDefinition,
};
use oco_fleet::level::{CountedAs, Promise};
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::state::State;
use oco_fleet::time::Millis;

/// How the fleet stands at the end of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Something of each kind is wrong.
    Usual,
    /// All is well.
    Well,
    /// Much is wrong, and hosts have names of all kinds.
    Burning,
    /// A hundred thousand, of which five hundred fail.
    Large,
}

impl Mood {
    /// The one of this word.
    pub fn parse(word: &str) -> Option<Mood> {
        match word {
            "usual" => Some(Mood::Usual),
            "well" => Some(Mood::Well),
            "burning" => Some(Mood::Burning),
            "large" => Some(Mood::Large),
            _ => None,
        }
    }
}

/// Services with their hosts, how many of those may fail, and how often in a week one does, more or less.
const SERVICES: [(&str, &[&str], usize, u64); 6] = [
    ("web/oco", &["web1", "web2", "web3", "web4"], 1, 3),
    ("front/page", &["web1", "web2", "web3", "web4"], 1, 4),
    ("db/oco", &["db1", "db2"], 0, 1),
    ("mail/oco", &["mx1", "mx2"], 0, 2),
    ("push/disk", &["till-1", "till-2", "till-3"], 0, 2),
    ("push/printer", &["till-1", "till-2", "till-3"], 0, 4),
];

const REASONS: [(u16, &str); 5] =
    [(300, "timeout"), (300, "refused"), (300, "http 503"), (210, "load 31"), (300, "the disk is full")];

/// Tells the week.
pub fn tell(story: &mut Story, mood: Mood) {
    let nodes = if mood == Mood::Large { large::NODES } else { NODES };
    if mood == Mood::Large {
        large::tell(story);
    } else {
        usual(story, mood);
        people(story);
        figures(story);
    }
    let mut defined: Vec<_> =
        nodes.iter().zip(TITLES).map(|((name, members), title)| (*name, title, *members)).collect();
    if mood == Mood::Burning {
        names::tell(story);
        defined.push(names::NODE);
    }
    for (node, _, members) in &defined {
        let members: Vec<_> = members.iter().map(|member| (*member).to_owned()).collect();
        story.above(&format!("node:{node}"), &members, 0);
    }
    story.add(story.begin + 3, definitions(&defined));
}

/// The services and their hosts.
fn usual(story: &mut Story, mood: Mood) {
    for (service, hosts, may_fail, often) in SERVICES {
        for host in hosts {
            let target = format!("{service}/{host}");
            story.watched(&target);
            by_chance(story, &target, often);
            if service.starts_with("push/") {
                story.reports(&target, 5 * MINUTE);
            }
        }
        if service == "mail/oco" {
            story.fails("mail/oco/mx2", 5 * DAY, 75 * MINUTE, 500, "a disk of the array is gone");
            story.incident(1, service, 5 * DAY, 6 * MINUTE, Some(75 * MINUTE), &["mail/oco/mx2"]);
        }
        if service == "db/oco" {
            story.planned(1, "db/oco/db1", 3 * DAY, 90 * MINUTE, "a new version of the database");
        }
        if mood != Mood::Well {
            now(story, service);
        }
        let mut members: Vec<_> = hosts.iter().map(|host| format!("{service}/{host}")).collect();
        if mood == Mood::Burning {
            members.extend(names::under(story, service));
        }
        story.above(service, &members, may_fail);
    }
}

/// What fails now and then. Nothing in the last six hours, which are told by themselves.
pub fn by_chance(story: &mut Story, target: &str, often: u64) {
    let week = story.now - story.begin;
    let mut ago = week - story.next(48) * HOUR;
    while ago > 6 * HOUR {
        let (code, reason) = REASONS[usize::try_from(story.next(5)).unwrap()];
        let length = (2 + story.next(35)) * MINUTE * if code == 210 { 8 } else { 1 };
        story.fails(target, ago, length, code, reason);
        let apart = u64::try_from(2 * week / HOUR).unwrap() / often;
        ago -= 6 * HOUR + story.next(apart * 60) * MINUTE;
    }
}

/// What is wrong at the end, as the hosts then go on to tell.
fn now(story: &mut Story, service: &str) {
    let lasting = DAY;
    match service {
        "web/oco" => story.fails("web/oco/web3", 50 * MINUTE, lasting, 300, "the disk is full"),
        "front/page" => story.fails("front/page/web3", 49 * MINUTE, lasting, 300, "http 503"),
        "db/oco" => story.planned(2, "db/oco/db2", 30 * MINUTE, 3 * HOUR, "a new version of the database"),
        "mail/oco" => {
            story.fails("mail/oco/mx2", 2 * HOUR, lasting, 500, "a disk of the array is gone");
            let text = "made up: a new disk is on its way";
            story.act(3, ActKind::Ack, service, 110 * MINUTE, None, "anna", text);
            story.incident(2, service, 2 * HOUR, 10 * MINUTE, None, &["mail/oco/mx2"]);
        }
        _ => {}
    }
}

/// Nodes, and of what they are.
pub type Nodes = [(&'static str, &'static [&'static str]); 3];

const NODES: Nodes =
    [("shop", &["front/page", "db/oco"]), ("mail", &["mail/oco"]), ("company", &["node:shop", "node:mail"])];
const TITLES: [&str; 3] = ["The shop (made up)", "Mail (made up)", "The company (made up)"];

/// As watch.toml has them: names, titles and members.
fn definitions(nodes: &[(&str, &str, &[&str])]) -> Entry {
    let nodes = nodes.iter().map(|(node, title, members)| NodeDefinition {
        name: ObjectName::node(node),
        title: Some((*title).to_owned()),
        rule: "all".to_owned(),
        members: members.iter().map(|name| Pattern::parse(name).unwrap()).collect(),
    });
    let level = |name: &str, target: u32| LevelDefinition {
        name: ObjectName::level(name),
        of: ObjectName::node(name),
        promise: Promise { target, period: Period::Month, hours: None, unknown: CountedAs::Excluded },
    };
    let levels = vec![level("shop", 99_500), level("mail", 99_900)];
    Entry::Defined(Box::new(Definitions { nodes: nodes.collect(), levels }))
}

/// What people and alerts did.
fn people(story: &mut Story) {
    let now = story.now;
    let adjustment = Adjustment {
        id: 1,
        name: name("node:shop"),
        since: Millis(now - 3 * DAY),
        until: Millis(now - 3 * DAY + 10 * MINUTE),
        state: State::Ok,
        who: "boris".to_owned(),
        at: Millis(now - 2 * DAY),
        text: "made up: our provider's fault, agreed with them".to_owned(),
        undone: None,
        undone_by: None,
    };
    story.add(now - 2 * DAY, Entry::Adjustment(adjustment));
    let told = [(0, "ko", "sent"), (6 * MINUTE, "ko", "held: acknowledged"), (75 * MINUTE, "ok", "sent")];
    for (after, event, result) in told {
        let at = now - 5 * DAY + MINUTE + after;
        let alert = AlertSent {
            at: Millis(at),
            name: name("mail/oco"),
            alert: "made-up".to_owned(),
            event: event.to_owned(),
            step: 1,
            command: "made-up.alert".to_owned(),
            result: result.to_owned(),
        };
        story.add(at, Entry::AlertSent(alert));
    }
}

/// Response times: slower by day.
fn figures(story: &mut Story) {
    let mut who = Vec::new();
    for (service, hosts, ..) in SERVICES.iter().filter(|(service, ..)| !service.starts_with("push/")) {
        who.extend(hosts.iter().map(|host| name(&format!("{service}/{host}"))));
    }
    story.measured(|at, noise| {
        let from_noon = (at.rem_euclid(DAY) / HOUR - 13).abs();
        let of_day = f64::from(i32::try_from(14 - from_noon).unwrap());
        let noise = f64::from(i32::try_from(noise).unwrap());
        let figure = |place: f64| {
            let mean = 0.000_4 * (of_day + noise / 4.0 + place);
            Figure { min: mean * 0.6, mean, max: mean * (1.2 + noise / 15.0), count: 150 }
        };
        let all = who.iter().zip([1.0, 3.0, 7.0, 2.0].into_iter().cycle());
        all.map(|(name, place)| Measured {
            name: name.clone(),
            measure: Measure::RESPONSE_TIME,
            figure: figure(place),
        })
        .collect()
    });
}
