//! What hosts, reporters and people do.

use super::{World, file, known};
use crate::decide::acts::Wish;
use crate::decide::fleet::Report;
use crate::limits::DIRECT_WAITING;
use oco::logic::code::Code;
use oco_fleet::calendar::Zone;
use oco_fleet::journal::ActKind;
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::time::Duration;

impl World {
    pub(super) fn change_hosts(&mut self) {
        let targets: Vec<ObjectName> = self.fleet.targets().map(|target| target.name.clone()).collect();
        let code = *self.seed.pick(&[200, 200, 200, 210, 300, 300, 500, 0]);
        let one = self.seed.pick(&targets).clone();
        let all = self.seed.one_in(2);
        for name in targets {
            if name == one || (all && name.service_of_target() == one.service_of_target()) {
                self.hosts.insert(name, code);
            }
        }
    }

    /// A service goes up and down.
    pub(super) fn flap(&mut self) {
        let name = ObjectName::parse(self.seed.pick::<&str>(&["backup/nightly/a", "push/x/a"])).unwrap();
        for _ in 0..4 + self.seed.below(6) {
            let code = if self.seed.one_in(2) { Code::OK } else { Code::KO };
            let report = Report { code, period: None, text: "" };
            let _ = self.fleet.report(&name, report, self.now, &mut self.changes);
            self.settle();
            self.run(Duration::from_secs(3));
        }
    }

    pub(super) fn report(&mut self) {
        let names = ["backup/nightly/a", "backup/nightly/b", "push/x/a", "push/x/b", "push/y/a"];
        let name = ObjectName::parse(self.seed.pick::<&str>(&names)).unwrap();
        let code = Code::new(*self.seed.pick(&[200, 200, 210, 300, 500])).unwrap();
        let report = Report { code, period: None, text: "told" };
        let _ = self.fleet.report(&name, report, self.now, &mut self.changes);
        if self.seed.one_in(6) {
            let _ = self.fleet.forget(&name, self.now, &mut self.changes);
        }
    }

    pub(super) fn report_all_well(&mut self) {
        let reported = self.fleet.targets().map(|target| target.name.clone());
        let reported = reported.filter(|name| ["backup", "push"].contains(&name.group()));
        for name in reported.collect::<Vec<_>>() {
            let report = Report { code: Code::OK, period: None, text: "" };
            self.fleet.report(&name, report, self.now, &mut self.changes).unwrap();
        }
    }

    pub(super) fn act(&mut self) {
        let mut names: Vec<String> = self.names().iter().map(ToString::to_string).collect();
        names.extend(self.fleet.targets().map(|target| target.name.to_string()));
        names.push("web".to_owned());
        let mut name = self.seed.pick(&names).clone();
        let kind = *self.seed.pick(&[ActKind::Ack, ActKind::Ack, ActKind::Mute, ActKind::Maint]);
        let failing: Vec<ObjectName> =
            self.names().into_iter().filter(|name| self.failing(name).is_some()).collect();
        if !failing.is_empty() && (kind == ActKind::Ack || self.seed.one_in(2)) {
            name = self.seed.pick(&failing).to_string();
        }
        let at = self.fleet.moment(self.now).at;
        if self.seed.one_in(3) {
            let _ = self.telling.undo(kind, &name, "root", known(&self.fleet), at);
        } else {
            let until = Some(Millis(at.0 + 1000 * (1 + self.seed.below(900) as i64)));
            let (who, text) = ("root".to_owned(), String::new());
            let wish = Wish { kind, name, who, since: at, until, text };
            if self.telling.act(wish, known(&self.fleet), at).is_ok() {
                self.reach(kind.word());
            }
        }
    }

    /// Somebody says something to whom the alerts of a name tell.
    pub(super) fn say(&mut self) {
        let names = self.names();
        let name = self.seed.pick(&names).clone();
        let moment = self.fleet.moment(self.now);
        let text = format!("hello {}", self.turns);
        self.show(|| format!("somebody says to {name}: {text}"));
        let told = self.telling.direct(name.as_str(), &text, known(&self.fleet), moment);
        assert!(told.is_ok(), "{name} is known: {told:?}");
        for alert in &self.settings.alerts {
            if alert.of.iter().any(|pattern| pattern.matches(&name)) {
                let track = self.receivers.tracks.entry((name.clone(), alert.memory())).or_default();
                if track.direct.len() < DIRECT_WAITING {
                    track.direct.push((text.clone(), None));
                }
            }
        }
    }

    /// Something became of the incident of an object: each alert that is of it and `on` incident is to tell so.
    pub(super) fn incident(&mut self, name: &ObjectName) {
        for alert in &self.settings.alerts {
            let is_of = alert.of.iter().any(|pattern| pattern.matches(name));
            if is_of && alert.on.contains(&crate::config::AlertEvent::Incident) {
                let track = self.receivers.tracks.entry((name.clone(), alert.memory())).or_default();
                track.incident = Some((self.turns, self.journal.pushed));
            }
        }
    }

    pub(super) fn reload(&mut self) {
        self.settings = file::any(&mut self.seed);
        self.show(|| format!("reloaded: {:?}", self.settings.alerts));
        self.fleet.reload(&self.settings, self.now, &mut self.changes);
        self.telling.reload(&self.settings, Zone::UTC);
        let fleet = &self.fleet;
        self.flights.retain(|(target, ..)| fleet.target(*target).is_some());
        if self.settings.canary.is_empty() {
            self.round = None;
        }
        self.demands.reload();
        self.reach("reloaded");
        self.settle();
        self.keep_names();
    }
}
