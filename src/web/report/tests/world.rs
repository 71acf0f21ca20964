//! A journal with a history.

use crate::report::figures::Report;
use crate::report::{Known, ReportError, Settings, Wish, gather};
use oco::logic::code::Code;
use oco_fleet::calendar::{Period, Zone};
use oco_fleet::journal::{
    Act, ActKind, Adjustment, Definitions, Entry, FILE, Incident, LevelDefinition, NodeDefinition, Reader,
    Window, Writer,
};
use oco_fleet::level::{CountedAs, Promise};
use oco_fleet::object::{ObjectName, Pattern};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use oco_fleet::transition::Transition;
use oco_fleet::when::{Toward, parse_when};
use std::path::{Path, PathBuf};

pub(super) struct Scene {
    pub(super) dir: tempfile::TempDir,
    pub(super) settings: Settings,
    pub(super) now: Millis,
    pub(super) heartbeat: Millis,
}

pub(super) fn at(text: &str) -> Millis {
    parse_when(text, Millis(0), "UTC", Toward::Past).unwrap()
}

pub(super) fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

fn code(number: u16, reason: &str) -> Standing {
    Standing::of_code(Code::new(number).unwrap(), reason)
}

/// What somebody became, one after the other.
fn history(who: &str, steps: &[(Millis, Standing)]) -> Vec<Entry> {
    let mut old = Standing::default();
    let mut old_since = Millis(0);
    let mut entries = Vec::new();
    for (at, new) in steps {
        entries.push(Entry::Transition(Transition {
            name: name(who),
            at: *at,
            old: old.clone(),
            old_since,
            new: new.clone(),
            probes: None,
            depends_on: None,
        }));
        (old, old_since) = (new.clone(), *at);
    }
    entries
}

fn node(who: &str, title: Option<&str>, members: &[&str]) -> NodeDefinition {
    NodeDefinition {
        name: name(who),
        title: title.map(str::to_owned),
        rule: "all".to_owned(),
        members: members.iter().map(|one| Pattern::parse(one).unwrap()).collect(),
    }
}

impl Scene {
    /// A shop in October 2026, with all that a report can tell.
    pub(super) fn new() -> Scene {
        let begin = at("2026-08-15T00:00:00Z");
        let (now, heartbeat) = (at("2026-11-10T12:00:00Z"), at("2026-11-10T11:59:30Z"));
        let ok = || (begin, code(200, ""));
        let planned = |standing: Standing| Standing { planned: true, ..standing };
        let (down, up) = (at("2026-10-05T10:00:00Z"), at("2026-10-05T11:00:00Z"));
        let (off, on) = (at("2026-10-10T01:00:00Z"), at("2026-10-10T03:00:00Z"));
        let mut entries = Vec::new();
        for target in ["web/page/a", "web/page/b", "db/pg/main"] {
            entries.extend(history(target, &[ok()]));
        }
        entries
            .extend(history("web/page", &[ok(), (off, planned(code(300, "refused"))), (on, code(200, ""))]));
        entries.extend(history(
            "db/pg",
            &[ok(), (down, code(500, "disk <full> & \"gone\"")), (up, code(210, "slow"))],
        ));
        // 中文, مخدم and сервер, as OverC's clients send them.
        for reported in [
            "push/%E4%B8%AD%E6%96%87",
            "push/%E4%B8%AD%E6%96%87/%D9%85%D8%AE%D8%AF%D9%85",
            "push/%E4%B8%AD%E6%96%87/%D1%81%D0%B5%D1%80%D0%B2%D0%B5%D1%80",
        ] {
            entries.extend(history(reported, &[ok()]));
        }
        entries.extend(history(
            "node:shop",
            &[
                ok(),
                (down, code(550, "1 of 3 down: db/pg")),
                (up, code(250, "")),
                (off, planned(code(350, "1 of 3 down: web/page"))),
                (on, code(200, "")),
            ],
        ));
        entries.extend([
            Entry::Defined(Box::new(Definitions {
                nodes: vec![node("node:shop", Some("The shop"), &["web/page", "db/*", "push/*"])],
                levels: vec![LevelDefinition {
                    name: name("slo:shop"),
                    of: name("node:shop"),
                    promise: Promise {
                        target: 99_900,
                        period: Period::Month,
                        hours: None,
                        unknown: CountedAs::Excluded,
                    },
                }],
            })),
            Entry::Act(Act {
                id: 1,
                kind: ActKind::Maint,
                name: "web/page".to_owned(),
                who: "eve via root".to_owned(),
                at: at("2026-10-09T10:00:00Z"),
                since: at("2026-10-10T00:00:00Z"),
                until: Some(at("2026-10-10T04:00:00Z")),
                text: "new disks".to_owned(),
                ended: Some(at("2026-10-10T04:00:00Z")),
                ended_by: None,
            }),
            Entry::Window(Window {
                name: name("db/pg"),
                since: at("2026-10-11T00:00:00Z"),
                until: at("2026-10-11T02:00:00Z"),
                text: "backup".to_owned(),
            }),
            Entry::Adjustment(Adjustment {
                id: 1,
                name: name("node:shop"),
                since: down,
                until: at("2026-10-05T10:30:00Z"),
                state: State::Ok,
                who: "eve".to_owned(),
                at: at("2026-11-02T08:00:00Z"),
                text: "=probe was wrong".to_owned(),
                undone: None,
                undone_by: None,
            }),
            Entry::Incident(Incident {
                id: 1,
                name: name("db/pg"),
                opened: down,
                acknowledged: Some(at("2026-10-05T10:04:00Z")),
                closed: Some(up),
                who: Some("eve".to_owned()),
                note: String::new(),
                members: vec![name("db/pg/main")],
            }),
        ]);
        Scene::of(begin, heartbeat, now, &entries)
    }

    /// As many members, each down so often, over the year 2025.
    pub(super) fn large(members: i64, outages: i64) -> Scene {
        let begin = at("2024-12-01T00:00:00Z");
        let (now, year) = (at("2026-02-01T00:00:00Z"), at("2025-01-01T00:00:00Z"));
        let mut entries = Vec::new();
        let mut names = Vec::new();
        for member in 0..members {
            let who = format!("web/a-service-with-a-name-of-some-length-{member}");
            let mut steps = vec![(begin, code(200, ""))];
            for outage in 0..outages {
                let from = Millis(year.0 + outage * (31_536_000_000 / outages) + member * 977_000);
                steps.push((from, code(300, "timeout of some probe after 3s")));
                steps.push((Millis(from.0 + 60_000 + member * 1000), code(200, "")));
            }
            entries.extend(history(&who, &steps));
            names.push(who);
        }
        entries.extend(history("node:all", &[(begin, code(200, ""))]));
        let nodes = vec![node("node:all", Some("All of it"), &["web/*"])];
        entries.push(Entry::Defined(Box::new(Definitions { nodes, levels: Vec::new() })));
        Scene::of(begin, now, now, &entries)
    }

    fn of(begin: Millis, heartbeat: Millis, now: Millis, entries: &[Entry]) -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, _) = Writer::open(dir.path(), begin, 0).unwrap();
        writer.write(entries).unwrap();
        writer.write(&[Entry::Heartbeat(heartbeat)]).unwrap();
        // A heartbeat a minute would tell that somebody watched all the time.
        let journal = rusqlite::Connection::open(dir.path().join(FILE)).unwrap();
        journal.execute("DELETE FROM gap", []).unwrap();
        drop(journal);
        Scene { settings: Scene::settings(dir.path()), dir, now, heartbeat }
    }

    /// Those of a board over the journal in this directory.
    pub(super) fn settings(dir: &Path) -> Settings {
        Settings {
            journal: dir.join(FILE),
            control: dir.join("control"),
            zone: Zone::parse(Some("Europe/Paris")).unwrap(),
            title: "Example".to_owned(),
            fonts: Vec::new(),
            state_dir: dir.to_owned(),
            sendmail: PathBuf::from("/usr/sbin/sendmail"),
            reports: Vec::new(),
        }
    }

    pub(super) fn known(&self) -> Known {
        Known { now: self.now, is_watched: true }
    }

    pub(super) fn report(&self, names: &[&str], period: &str) -> Report {
        self.report_as(names, period, self.known()).unwrap()
    }

    pub(super) fn report_as(
        &self,
        names: &[&str],
        period: &str,
        known: Known,
    ) -> Result<Report, ReportError> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let wish = Wish { names, title: None, period: period.to_owned() };
        gather(&mut Reader::open(&self.settings.journal)?, &wish, &self.settings, known)
    }
}
