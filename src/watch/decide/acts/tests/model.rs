//! Any order of events, against a model that remembers each of them and asks all of them anew each time.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const TARGETS: [&str; 7] =
    ["web/page/a", "web/page/b", "web/page/c", "web/tcp/a", "web/tcp/b", "web/tcp/c", "db/tcp/a"];
const ABOVE: [&str; 5] = ["web/page", "web/tcp", "db/tcp", "node:shop", "node:all"];
const GROUPS: [&str; 2] = ["web", "db"];

#[derive(Debug, Clone)]
enum Event {
    Tell(usize, u16),
    Plan(usize, bool),
    Act(ActKind, usize, Option<i64>),
    Undo(ActKind, usize),
    Wait(i64),
    Restart,
}

/// A name to act on: of a target, what stands above, or a group.
fn subject(index: usize) -> &'static str {
    TARGETS.iter().chain(&ABOVE).chain(&GROUPS).nth(index).expect("as many as that")
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop::sample::select(&ActKind::ALL[..]);
    let many = TARGETS.len() + ABOVE.len() + GROUPS.len();
    let code = prop::sample::select(&[200, 200, 210, 300, 300, 300, 500, 0][..]);
    prop_oneof![
        8 => (0..TARGETS.len(), code).prop_map(|(target, code)| Event::Tell(target, code)),
        1 => (0..TARGETS.len(), any::<bool>()).prop_map(|(target, planned)| Event::Plan(target, planned)),
        4 => (kind.clone(), 0..many, prop::option::of(1000..20_000_i64))
            .prop_map(|(kind, on, length)| Event::Act(kind, on, length)),
        1 => (kind, 0..many).prop_map(|(kind, on)| Event::Undo(kind, on)),
        1 => (0..9000_i64).prop_map(Event::Wait),
        1 => Just(Event::Restart),
    ]
}

/// How all stood at some moment.
#[derive(Clone, Default)]
struct Moment {
    standing: BTreeMap<&'static str, Standing>,
    failing: BTreeMap<&'static str, Option<Millis>>,
}

/// An act that nobody has undone or replaced.
#[derive(Debug, Clone)]
struct Made {
    kind: ActKind,
    on: String,
    until: Option<Millis>,
    /// The moment it was made at, or the start of the watcher that it is compared with since.
    from: usize,
    /// The moment it was made at.
    made: usize,
    /// The same by the clock.
    at: Millis,
    /// After a start: the members that had failed when it was made, as far as that is known then.
    failed: Option<Vec<&'static str>>,
}

/// Whether a member had failed when somebody acted, by what a start knows.
fn had_failed(member: &'static str, made: &Made, history: &[Moment], acts: &[Made]) -> bool {
    let now = &history.last().unwrap().standing[member];
    let run = |is_so: &dyn Fn(&Standing) -> bool| {
        history.len() - history.iter().rev().take_while(|moment| is_so(&moment.standing[member])).count()
    };
    if now.planned && TARGETS.contains(&member) {
        let is_planned_by =
            |act: &&Made| act.kind == ActKind::Maint && is_on(&[Made::clone(act)], act.kind, member);
        let is_earlier = acts.iter().filter(is_planned_by).any(|act| act.at <= made.at);
        if run(&|standing| standing.planned) <= made.made || is_earlier {
            return false;
        }
    } else if now.planned {
        return members(member).iter().any(|below| had_failed(below, made, history, acts));
    }
    match now.state {
        State::Ok | State::But => false,
        State::Ko => !now.planned || run(&|standing| standing.state == State::Ko) <= made.made,
        State::Unknown if TARGETS.contains(&member) => {
            let states = history.iter().rev().map(|moment| moment.standing[member].state);
            states.into_iter().find(|state| *state != State::Unknown) == Some(State::Ko)
        }
        State::Unknown => history.last().unwrap().failing[member].is_some_and(|since| since <= made.at),
    }
}

fn members(of: &str) -> Vec<&'static str> {
    match of {
        "node:shop" => vec!["web/page", "db/tcp"],
        "node:all" => vec!["node:shop", "db/tcp"],
        service => {
            TARGETS.into_iter().filter(|target| target.rsplit_once('/').unwrap().0 == service).collect()
        }
    }
}

impl Moment {
    fn of(world: &World) -> Moment {
        let known = world.known();
        let names = || TARGETS.into_iter().chain(ABOVE);
        Moment {
            standing: names().map(|on| (on, known.standing(&name(on)).unwrap().clone())).collect(),
            failing: names().map(|on| (on, known.failing_since(&name(on)))).collect(),
        }
    }

    fn has_failed(&self, on: &str) -> bool {
        self.standing[on].state == State::Ko && !self.standing[on].planned
    }

    fn is_incident(&self, on: &str) -> bool {
        self.standing[on].code.is_some_and(|code| code.number() >= 500)
    }
}

/// Whether an acknowledgement is over, by all that has happened since it was made.
fn is_over(made: &Made, history: &[Moment]) -> bool {
    let (on, since) = (made.on.as_str(), &history[made.from..]);
    let is_recovered = since.iter().any(|moment| moment.standing[on].state.is_up());
    let is_told = |moment: &&Moment| {
        let standing = &moment.standing[on];
        standing.state != State::Unknown && !standing.planned
    };
    let later = since[1..].iter().filter(is_told);
    let is_unknown = |moment: &Moment, name: &str| moment.standing[name].state == State::Unknown;
    let has_unknown = |moment: &Moment| members(on).iter().any(|member| is_unknown(moment, member));
    let mut known: Vec<bool> = Vec::new();
    for moment in since[..1].iter().chain(later) {
        // After a start it is not known whether who is unknown had a 5XX.
        let is_open = made.failed.is_some() && known.is_empty();
        let is_doubtful = is_unknown(moment, on) || has_unknown(moment);
        if !is_open || moment.is_incident(on) || !is_doubtful {
            known.push(moment.is_incident(on));
        }
    }
    let is_worse = known.windows(2).any(|pair| !pair[0] && pair[1]);
    let is_other = |member: &&str| {
        since.iter().enumerate().any(|(index, moment)| {
            let is_one_of_then =
                made.failed.as_ref().map_or(since[0].has_failed(member), |failed| failed.contains(member))
                    && !since[..index].iter().any(|moment| moment.standing[*member].state.is_up());
            moment.has_failed(member) && !is_one_of_then
        })
    };
    is_recovered || is_worse || members(on).iter().any(is_other)
}

fn is_on(made: &[Made], kind: ActKind, on: &str) -> bool {
    let group = on.split('/').next().unwrap();
    let is_on = |of: &str| made.iter().any(|made| made.kind == kind && made.on == of);
    let service = on.rsplit_once('/').map(|(service, _)| service);
    is_on(on)
        || is_on(group) && on.contains('/')
        || service.is_some_and(|service| service.contains('/') && is_on(service))
}

fn counts(made: &[Made], kind: ActKind, on: &str, now: &Moment) -> bool {
    let below = members(on);
    let failed: Vec<&str> = below.iter().copied().filter(|member| now.has_failed(member)).collect();
    let unknown = below.iter().copied().filter(|member| now.standing[member].state == State::Unknown);
    let does = |member: &str| counts(made, kind, member, now);
    let do_members = match failed.is_empty() {
        true => unknown.into_iter().any(does),
        false => failed.into_iter().all(does),
    };
    is_on(made, kind, on) || now.failing[on].is_some() && do_members
}

proptest! {
    #[test]
    fn acts_are_what_a_model_that_remembers_all_says(events in prop::collection::vec(event(), 1..60)) {
        let mut world = World::new();
        let mut history = vec![Moment::of(&world)];
        let mut made: Vec<Made> = Vec::new();
        for event in events {
            let at = |world: &World| Millis(START + world.ms);
            match event.clone() {
                Event::Tell(target, code) => drop(world.tell(TARGETS[target], code)),
                Event::Plan(target, planned) => drop(world.plan(TARGETS[target], planned)),
                Event::Wait(ms) => world.ms += ms,
                Event::Restart => {
                    world.restart();
                    let acts = made.clone();
                    for made in made.iter_mut().filter(|made| made.kind == ActKind::Ack) {
                        let mut below = members(&made.on);
                        below.retain(|member| had_failed(member, made, &history, &acts));
                        (made.failed, made.from) = (Some(below), history.len() - 1);
                    }
                }
                Event::Act(kind, on, length) => {
                    let (on, now) = (subject(on), history.last().unwrap());
                    let is_group = GROUPS.contains(&on);
                    let fails = |on: &&&str| now.failing[**on].is_some();
                    let services: Vec<&str> =
                        ABOVE.iter().filter(|above| above.starts_with(&format!("{on}/"))).copied().collect();
                    let took: Vec<&str> = match (kind, is_group) {
                        (ActKind::Ack, true) => services.iter().filter(fails).copied().collect(),
                        (ActKind::Ack, false) => [on].iter().filter(fails).copied().collect(),
                        (ActKind::Mute | ActKind::Maint, true) => services,
                        (ActKind::Mute | ActKind::Maint, false) => vec![on],
                    };
                    let result = world.act_for(kind, on, length);
                    prop_assert_eq!(result.clone().unwrap_or_default(), took.join(" "));
                    prop_assert_eq!(result.is_err(), took.is_empty());
                    let until = length.map(|length| Millis(at(&world).0 + length));
                    let ons = if kind == ActKind::Ack { took } else { vec![on] };
                    for on in ons {
                        made.retain(|made| (made.kind, made.on.as_str()) != (kind, on));
                        made.push(Made {
                            kind,
                            on: on.to_owned(),
                            until,
                            from: history.len(),
                            made: history.len(),
                            at: at(&world),
                            failed: None,
                        });
                    }
                }
                Event::Undo(kind, on) => {
                    let on = subject(on);
                    let is_meant = |made: &Made| {
                        let is_below = match kind {
                            ActKind::Ack => made.on.starts_with(&format!("{on}/")) && (GROUPS.contains(&on) == ABOVE.contains(&made.on.as_str())),
                            _ => GROUPS.contains(&on) && ABOVE.contains(&made.on.as_str()) && made.on.starts_with(&format!("{on}/")),
                        };
                        made.kind == kind && (made.on == on || is_below)
                    };
                    let meant = made.iter().filter(|made| is_meant(made)).count();
                    prop_assert_eq!(world.undo(kind, on).unwrap().split_whitespace().count(), meant);
                    made.retain(|made| !is_meant(made));
                }
            }
            let now = at(&world);
            history.push(Moment::of(&world));
            world.due();
            made.retain(|made| made.until.is_none_or(|until| now < until));
            made.retain(|made| made.kind != ActKind::Ack || !is_over(made, &history));
            let moment = history.last().unwrap();
            for on in TARGETS.into_iter().chain(ABOVE) {
                for kind in ActKind::ALL {
                    prop_assert_eq!(world.on(kind, on).is_some(), is_on(&made, kind, on), "{:?} {} {:?} {:?}", kind, on, made, event);
                }
                prop_assert_eq!(world.is_acked(on), counts(&made, ActKind::Ack, on, moment), "{} {:?}", on, made);
                let is_muted = match on.starts_with("node:") {
                    true => is_on(&made, ActKind::Mute, on),
                    false => counts(&made, ActKind::Mute, on, moment),
                };
                prop_assert_eq!(world.is_muted(on), is_muted, "{} {:?}", on, made);
            }
            let in_force: Vec<Act> = world.journal().into_values().filter(|act| act.ended.is_none()).collect();
            prop_assert_eq!(world.acts.all().cloned().collect::<Vec<_>>(), in_force);
            prop_assert_eq!(world.acts.all().count(), made.len());
            prop_assert_eq!(world.acts.deadline(), made.iter().filter_map(|made| made.until).min());
        }
    }
}
