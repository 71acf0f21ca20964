//! What follows at once, where the simulation lets a minute pass.

use super::*;
use crate::config::{After, Alert, AlertEvent, Probe, Step, Word};
use crate::decide::canary::CanaryResult;
use crate::decide::changes::Kept;
use crate::decide::fleet::Report;
use crate::decide::known::NoLevels;
use crate::decide::simulation::settings;
use oco::logic::code::Code;
use oco::logic::time::Nanos;
use oco_fleet::calendar::Hours;
use oco_fleet::object::Pattern;
use oco_fleet::tree::Rule;
use std::time::Duration;

const NAME: &str = "backup/nightly";

struct Bench {
    fleet: Fleet,
    changes: Changes,
    telling: Telling,
    now: Now,
    /// Who came back by what was told last.
    recovered: Vec<ObjectName>,
    file: Settings,
}

impl Bench {
    /// One service of one host that others report, and an alert of it.
    fn new() -> Bench {
        Bench::of(&["a"], &|_| {})
    }

    /// The same of several hosts, with a file that is changed.
    fn of(hosts: &[&str], change: &dyn Fn(&mut Settings)) -> Bench {
        let mut bench = Bench::unknown(hosts, change);
        for host in hosts {
            bench.report_of(host, 200);
        }
        bench
    }

    /// The same, and nobody reported.
    fn unknown(hosts: &[&str], change: &dyn Fn(&mut Settings)) -> Bench {
        let nightly = settings::service("nightly", Probe::Report(Duration::from_secs(60)), Rule::All, &[]);
        let mut file =
            settings::file(vec![settings::group("backup", hosts, vec![nightly])], Vec::new(), false);
        file.alerts.push(Alert {
            name: Some("ops".to_owned()),
            of: vec![Pattern::parse("backup/*").unwrap()],
            on: vec![AlertEvent::Ko, AlertEvent::Ok, AlertEvent::Incident],
            after: After::Time(Duration::ZERO),
            every: None,
            limit: None,
            hours: None,
            text: None,
            steps: vec![Step { after: Duration::ZERO, command: vec![Word("mail".to_owned())], hours: None }],
        });
        change(&mut file);
        let now = Now { wall: Nanos(1_800_000_000_000_000_000), boot: Nanos(50_000_000_000) };
        let mut changes = Changes::default();
        let mut fleet = Fleet::new(&file, &Kept::default(), now, &mut changes);
        let moment = fleet.moment(now);
        let telling = Telling::new(&file, KeptTelling::default(), [].iter(), Zone::UTC, moment);
        Bench { fleet, changes, telling, now, recovered: Vec::new(), file }
    }

    /// A round of the canary.
    fn canary(&mut self, result: CanaryResult) -> Vec<AlertEvent> {
        assert!(self.fleet.start_canary(self.now));
        self.fleet.canary(result, self.now.boot, self.now, &mut self.changes);
        self.turn().0
    }

    /// What is told in a turn: the events of commands and of incidents. Commands succeed.
    fn turn(&mut self) -> (Vec<AlertEvent>, Vec<IncidentEvent>) {
        let moment = self.fleet.moment(self.now);
        let out = self.telling.turn(&mut self.fleet, &NoLevels, &mut self.changes, self.now);
        self.changes.clear();
        let mut told = Vec::new();
        for said in out.said {
            if let Said::Send(sending) = said {
                told.push(sending.event);
                self.recovered.clone_from(&sending.recovered);
                self.telling.done(sending.id, Ok(()), moment);
            }
        }
        (told, out.incidents.said.iter().map(|said| said.event).collect())
    }

    fn report(&mut self, code: u16) -> (Vec<AlertEvent>, Vec<IncidentEvent>) {
        self.report_of("a", code)
    }

    fn report_of(&mut self, host: &str, code: u16) -> (Vec<AlertEvent>, Vec<IncidentEvent>) {
        let name = ObjectName::target("backup", "nightly", host);
        let report = Report { code: Code::new(code).unwrap(), period: None, text: "" };
        self.fleet.report(&name, report, self.now, &mut self.changes).unwrap();
        self.turn()
    }

    fn act(&mut self, kind: ActKind) {
        let at = self.fleet.moment(self.now).at;
        let known = Known { fleet: &self.fleet, levels: &NoLevels };
        let (name, who, text) = (NAME.to_owned(), "ada".to_owned(), String::new());
        self.telling.act(Wish { kind, name, who, since: at, until: None, text }, known, at).unwrap();
    }

    fn act_for(&mut self, kind: ActKind, seconds: i64) {
        let at = self.fleet.moment(self.now).at;
        let known = Known { fleet: &self.fleet, levels: &NoLevels };
        let until = Some(Millis(at.0 + seconds * 1000));
        let (name, who, text) = (NAME.to_owned(), "ada".to_owned(), String::new());
        self.telling.act(Wish { kind, name, who, since: at, until, text }, known, at).unwrap();
    }

    fn seconds(&mut self, seconds: i64) {
        self.now.wall.0 += seconds * 1_000_000_000;
        self.now.boot.0 += seconds * 1_000_000_000;
    }

    fn undo(&mut self, kind: ActKind) {
        let at = self.fleet.moment(self.now).at;
        let known = Known { fleet: &self.fleet, levels: &NoLevels };
        self.telling.undo(kind, NAME, "ada", known, at).unwrap();
    }
}

#[test]
fn what_is_undone_holds_nothing_from_the_next_turn_on() {
    for kind in [ActKind::Mute, ActKind::Maint] {
        let mut bench = Bench::new();
        bench.act(kind);
        bench.turn();
        assert_eq!(bench.report(300), (Vec::new(), Vec::new()));
        bench.undo(kind);
        let moment = bench.fleet.moment(bench.now);
        assert_eq!(bench.telling.wait(moment), Some(0));
        assert_eq!(bench.turn().0, [AlertEvent::Ko], "{kind:?}");
    }
}

#[test]
fn an_acknowledgement_of_an_incident_is_told_and_alerts_nobody() {
    let mut bench = Bench::new();
    let (told, incidents) = bench.report(500);
    assert!(told.contains(&AlertEvent::Incident), "{told:?}");
    assert_eq!(incidents, [IncidentEvent::Open]);
    bench.turn();
    bench.act(ActKind::Ack);
    assert_eq!(bench.turn(), (Vec::new(), vec![IncidentEvent::Acknowledge]));
    assert_eq!(bench.report(200), (vec![AlertEvent::Ok], vec![IncidentEvent::Close]));
}

#[test]
fn a_mute_or_maintenance_acknowledges_no_incident() {
    for kind in [ActKind::Mute, ActKind::Maint] {
        let mut bench = Bench::new();
        bench.report(500);
        bench.act(kind);
        assert_eq!(bench.turn(), (Vec::new(), Vec::new()), "{kind:?}");
    }
}

#[test]
fn what_somebody_says_waits_for_nothing_else() {
    let mut bench = Bench::new();
    let moment = bench.fleet.moment(bench.now);
    let known = Known { fleet: &bench.fleet, levels: &NoLevels };
    let name = ObjectName::parse(NAME).unwrap();
    assert_eq!(
        bench.telling.direct(name.as_str(), "hello", known, moment).map(|told| told.took.len()),
        Ok(1)
    );
    assert_eq!(bench.telling.wait(moment), Some(0));
    assert_eq!(bench.turn().0.len(), 1);
}

#[test]
fn an_acknowledgement_ends_with_the_recovery_and_the_next_failure_is_told() {
    let mut bench = Bench::new();
    assert_eq!(bench.report(300).0, [AlertEvent::Ko]);
    bench.act(ActKind::Ack);
    bench.turn();
    assert_eq!(bench.report(200).0, [AlertEvent::Ok]);
    assert_eq!(bench.telling.acts().all().count(), 0);
    assert_eq!(bench.report(300).0, [AlertEvent::Ko]);
}

#[test]
fn a_recovery_names_who_failed_later_too() {
    let mut bench = Bench::of(&["a", "b"], &|_| {});
    assert_eq!(bench.report_of("a", 300).0, [AlertEvent::Ko]);
    assert_eq!(bench.report_of("b", 300).0, []);
    assert_eq!(bench.report_of("a", 200).0, []);
    assert_eq!(bench.report_of("b", 200).0, [AlertEvent::Ok]);
    let names = ["a", "b"].map(|host| ObjectName::target("backup", "nightly", host));
    assert_eq!(bench.recovered, names);
}

#[test]
fn a_recovery_names_none_as_back_who_is_down_under_maintenance() {
    let mut bench = Bench::of(&["a", "b"], &|file| file.groups[0].services[0].need = Rule::Any);
    // It is not to flap.
    bench.seconds(301);
    bench.report_of("a", 300);
    assert_eq!(bench.report_of("b", 300).0, [AlertEvent::Ko]);
    bench.act(ActKind::Maint);
    bench.turn();
    assert_eq!(bench.report_of("a", 200).0, [AlertEvent::Ok]);
    assert_eq!(bench.recovered, [ObjectName::target("backup", "nightly", "a")]);
}

#[test]
fn what_was_for_a_time_holds_nothing_once_that_is_over() {
    for kind in [ActKind::Mute, ActKind::Maint] {
        let mut bench = Bench::new();
        bench.act_for(kind, 5);
        bench.turn();
        assert_eq!(bench.report(300).0, [], "{kind:?}");
        bench.seconds(4);
        assert_eq!(bench.turn().0, [], "{kind:?}");
        let moment = bench.fleet.moment(bench.now);
        assert!(bench.telling.wait(moment).is_some_and(|wait| wait <= 1000), "{kind:?}");
        bench.seconds(1);
        assert_eq!(bench.turn().0, [AlertEvent::Ko], "{kind:?}");
    }
}

#[test]
fn a_reload_may_bring_another_time_zone_and_windows_of_maintenance() {
    // It is a Friday, 08:00 in UTC.
    let hours = |file: &mut Settings| file.alerts[0].hours = Some(Hours::parse("fri 09:00-10:00").unwrap());
    let mut bench = Bench::of(&["a"], &hours);
    assert_eq!(bench.report(300).0, [], "outside of its hours");
    let paris = Zone::parse(Some("Europe/Paris")).unwrap();
    bench.telling.reload(&bench.file, paris);
    assert_eq!(bench.turn().0, [AlertEvent::Ko], "it is nine in Paris");
    let mut bench = Bench::new();
    let mut file = bench.file.clone();
    file.maintenance.push(crate::config::Maintenance {
        of: vec![Pattern::parse(NAME).unwrap()],
        hours: Hours::parse("fri 08:00-09:00").unwrap(),
        text: String::new(),
    });
    bench.telling.reload(&file, Zone::UTC);
    bench.turn();
    assert_eq!(bench.report(300).0, [], "it is planned");
    bench.telling.reload(&bench.file, Zone::UTC);
    assert_eq!(bench.turn().0, [AlertEvent::Ko]);
}

#[test]
fn nobody_is_told_of_unknown_before_all_could_be_judged_after_the_canary_came_back() {
    let mut bench = Bench::unknown(&["a"], &|file| {
        file.canary = settings::file(Vec::new(), Vec::new(), true).canary;
        let service = &mut file.groups[0].services[0];
        (service.probe, service.timing) = (Probe::Tcp { port: Some(1) }.into(), settings::timing(10, 1));
        file.alerts[0].on.push(AlertEvent::Unknown);
    });
    bench.turn();
    let rounds = [(1, CanaryResult::Silent), (1, CanaryResult::Silent), (600, CanaryResult::Answered)];
    for (seconds, result) in rounds {
        bench.seconds(seconds);
        assert_eq!(bench.canary(result), []);
    }
    // One begins in ten seconds; nine more time out three seconds each; and a canary is asked.
    bench.seconds(10 + 9 * 3 + 3 + 3 - 1);
    assert_eq!(bench.turn().0, []);
    bench.seconds(1);
    assert_eq!(bench.turn().0, [AlertEvent::Unknown]);
}
