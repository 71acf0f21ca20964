//! Who is on it: what was acknowledged, muted and planned, and who said so.

use oco_fleet::journal::{Act, ActKind, Window};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::time::Millis;
use std::collections::HashMap;

/// Somebody who says a window of the watcher's file does not say who: the file does.
const OF_THE_FILE: &str = "the file";

/// What somebody said of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'a> {
    /// What.
    pub kind: ActKind,
    /// Who.
    pub who: &'a str,
    /// Since when.
    pub since: Millis,
    /// Until when; none: until it is undone or ends by itself.
    pub until: Option<Millis>,
    /// Why.
    pub text: &'a str,
}

/// All that is in force at a moment, by the name that it was said of, and the maintenance that is still to come.
#[derive(Debug, Clone, Default)]
pub struct Marks<'a> {
    now: HashMap<&'a str, Vec<Mark<'a>>>,
    to_come: HashMap<&'a str, Vec<Mark<'a>>>,
}

impl<'a> Marks<'a> {
    /// What is in force at `now`.
    pub fn new(acts: &'a [Act], windows: &'a [Window], now: Millis) -> Marks<'a> {
        let mut marks = Marks::default();
        let is_now =
            |since: Millis, until: Option<Millis>| since <= now && until.is_none_or(|until| now < until);
        for act in acts.iter().filter(|act| act.ended.is_none()) {
            let Act { kind, who, since, until, text, .. } = act;
            let mark = Mark { kind: *kind, who, since: *since, until: *until, text };
            if is_now(act.since, act.until) {
                marks.now.entry(&act.name).or_default().push(mark);
            } else if act.kind == ActKind::Maint && now < act.since {
                marks.to_come.entry(&act.name).or_default().push(mark);
            }
        }
        for window in windows.iter().filter(|window| is_now(window.since, Some(window.until))) {
            let Window { since, until, text, .. } = window;
            let mark =
                Mark { kind: ActKind::Maint, who: OF_THE_FILE, since: *since, until: Some(*until), text };
            marks.now.entry(window.name.as_str()).or_default().push(mark);
        }
        marks
    }

    /// What was said of somebody: of a service also what was said of its group.
    pub fn of(&self, name: &ObjectName) -> Vec<Mark<'a>> {
        let mut marks = said_of(&self.now, name);
        marks.sort_by_key(|mark| mark.kind);
        marks
    }

    /// What was said of a group as a whole.
    pub fn of_group(&self, group: &str) -> Vec<Mark<'a>> {
        self.now.get(group).cloned().unwrap_or_default()
    }

    /// Whom nobody hears of for now, be they well or not: all that is muted or in maintenance, by name.
    pub fn quiet(&self) -> Vec<(&'a str, Mark<'a>)> {
        let all = self.now.iter().flat_map(|(name, marks)| marks.iter().map(|mark| (*name, *mark)));
        let mut quiet: Vec<_> = all.filter(|(_, mark)| mark.kind != ActKind::Ack).collect();
        quiet.sort_by_key(|(name, mark)| (*name, mark.kind, mark.since));
        quiet
    }

    /// Whether somebody works on it.
    pub fn is_in_maintenance(&self, name: &ObjectName) -> bool {
        self.of(name).iter().any(|mark| mark.kind == ActKind::Maint)
    }

    /// Which maintenance of somebody is still to come.
    pub fn to_come(&self, name: &ObjectName) -> Vec<Mark<'a>> {
        said_of(&self.to_come, name)
    }

    /// The same of a target, with what was said of its service.
    pub fn of_all_above(&self, name: &ObjectName) -> Vec<Mark<'a>> {
        let mut marks = self.of(name);
        if let Some(service) = name.service_of_target() {
            marks.extend(self.of(&service));
        }
        marks
    }
}

fn said_of<'a>(all: &HashMap<&'a str, Vec<Mark<'a>>>, name: &ObjectName) -> Vec<Mark<'a>> {
    if all.is_empty() {
        return Vec::new();
    }
    let group = (name.kind() == Kind::Service).then(|| name.group());
    let said = [Some(name.as_str()), group].into_iter().flatten().filter_map(|name| all.get(name));
    said.flatten().copied().collect()
}

/// The word for what was done.
pub fn word(kind: ActKind) -> &'static str {
    match kind {
        ActKind::Ack => "acknowledged",
        ActKind::Mute => "muted",
        ActKind::Maint => "maintenance",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(kind: ActKind, name: &str, since: i64, until: Option<i64>) -> Act {
        Act {
            id: 1,
            kind,
            name: name.to_owned(),
            who: "anna".to_owned(),
            at: Millis(since),
            since: Millis(since),
            until: until.map(Millis),
            text: String::new(),
            ended: None,
            ended_by: None,
        }
    }

    #[test]
    fn what_is_said_of_a_group_is_said_of_its_services() {
        let acts = [
            act(ActKind::Mute, "web", 0, None),
            act(ActKind::Ack, "web/oco", 0, None),
            act(ActKind::Maint, "web/oco/a", 50, None),
            act(ActKind::Maint, "web/oco/b", 0, Some(10)),
        ];
        let marks = Marks::new(&acts, &[], Millis(10));
        let of = |name: &str| {
            let marks = marks.of_all_above(&ObjectName::parse(name).unwrap());
            marks.iter().map(|mark| mark.kind).collect::<Vec<_>>()
        };
        assert_eq!(of("web/oco"), [ActKind::Ack, ActKind::Mute]);
        // One is to come, one is over.
        assert_eq!(of("web/oco/a"), of("web/oco/b"));
        assert_eq!(of("web/oco/a"), [ActKind::Ack, ActKind::Mute]);
        assert!(of("node:web").is_empty());
        let to_come = |name: &str| marks.to_come(&ObjectName::parse(name).unwrap()).len();
        assert_eq!((to_come("web/oco/a"), to_come("web/oco/b"), to_come("web/oco")), (1, 0, 0));
    }
}
