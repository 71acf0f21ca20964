//! What stands above: a service made of its targets by its need, a node of its members by its rule.
//!
//! A member's change costs the same in a service of three targets and of a hundred thousand: members are counted, not
//! walked. This knows no names and no times.

#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests;

use crate::state::{Standing, State};
use oco::logic::code::{Code, Verdict};
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

/// Members that a reason names: more is a list, which `status` has.
const REASON_MEMBERS: usize = 3;
/// The same, to reckon with.
const NAMED: u32 = 3;
/// Characters of a member's name, and of its reason, in the reason of what stands above: with those of three members a
/// line that a terminal of some width shows whole.
const MEMBER_CHARACTERS: usize = 64;

/// How many of the members have to be up. Both `need` of a service and `rule` of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Each of them.
    All,
    /// One of them.
    Any,
    /// So many.
    Count(u32),
    /// So many in a hundred, 1 to 100, rounded up.
    Percent(u32),
}

impl Rule {
    /// How many of `members` have to be up. Of a count that is larger than what is left, what is left.
    pub fn needed(self, members: u32) -> u32 {
        match self {
            Rule::All => members,
            Rule::Any => members.min(1),
            Rule::Count(count) => count.min(members),
            Rule::Percent(percent) => {
                let needed = (u64::from(members) * u64::from(percent)).div_ceil(100);
                u32::try_from(needed).unwrap_or(members).min(members)
            }
        }
    }
}

impl fmt::Display for Rule {
    /// As the file has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::All => f.write_str("all"),
            Rule::Any => f.write_str("any"),
            Rule::Count(count) => write!(f, "{count} of"),
            Rule::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// What a member adds to what stands above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its state.
    pub state: State,
    /// Whether its code is a 5XX.
    pub is_severe: bool,
    /// Whether it is taken out for judging what stands above.
    pub planned: bool,
}

impl Member {
    /// What somebody who stands there adds.
    pub fn of(standing: &Standing) -> Member {
        let is_severe = standing.code.is_some_and(|code| code.verdict() == Verdict::Incident);
        Member { state: standing.state, is_severe, planned: standing.planned }
    }

    /// From worst to best; none where nothing is to be told of it.
    fn trouble(self) -> Option<Trouble> {
        match self.state {
            State::Ko if self.is_severe => Some(Trouble::Severe),
            State::Ko => Some(Trouble::Ko),
            State::Unknown => Some(Trouble::Unknown),
            State::But => Some(Trouble::But),
            State::Ok => None,
        }
    }
}

/// What is wrong with a member, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Severe,
    Ko,
    Unknown,
    But,
}

/// How a service or node is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The state.
    pub state: State,
    /// 200, 250, 350 or 550; none while unknown.
    pub code: Option<Code>,
    /// Whether it is down only by what is planned.
    pub planned: bool,
}

/// How many members are how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    ok: u32,
    but: u32,
    ko: u32,
    severe: u32,
    unknown: u32,
}

impl Counts {
    fn add(&mut self, member: Member) {
        let count = self.count_of(member.state);
        *count = count.saturating_add(1);
        self.severe = self.severe.saturating_add(u32::from(is_severe_ko(member)));
    }

    fn take(&mut self, member: Member) {
        let count = self.count_of(member.state);
        *count = count.saturating_sub(1);
        self.severe = self.severe.saturating_sub(u32::from(is_severe_ko(member)));
    }

    fn count_of(&mut self, state: State) -> &mut u32 {
        match state {
            State::Ok => &mut self.ok,
            State::But => &mut self.but,
            State::Ko => &mut self.ko,
            State::Unknown => &mut self.unknown,
        }
    }

    fn up(self) -> u32 {
        self.ok.saturating_add(self.but)
    }

    fn total(self) -> u32 {
        self.up().saturating_add(self.ko).saturating_add(self.unknown)
    }

    /// The state. Unknown members are tried both ways.
    fn judge(self, rule: Rule, ignore_but: bool) -> State {
        let (total, up) = (self.total(), self.up());
        let needed = rule.needed(total);
        if total == 0 || (up < needed && up.saturating_add(self.unknown) >= needed) {
            State::Unknown
        } else if up < needed {
            State::Ko
        } else if self.ko > 0 || self.unknown > 0 || (self.but > 0 && !ignore_but) {
            State::But
        } else {
            State::Ok
        }
    }
}

fn is_severe_ko(member: Member) -> bool {
    member.state == State::Ko && member.is_severe
}

/// How the members of one service or node are, kept up to date change by change. `K` names a member; the order of the
/// names is the order in which members of the same trouble are told.
///
/// Each call costs the height of a tree of those members that are not ok, whatever the number of members.
#[derive(Debug, Clone)]
pub struct Tally<K> {
    rule: Rule,
    ignore_but: bool,
    all: Counts,
    left: Counts,
    troubled: BTreeSet<(Trouble, K)>,
}

impl<K: Ord + Copy> Tally<K> {
    /// Of nobody yet.
    pub fn new(rule: Rule, ignore_but: bool) -> Tally<K> {
        let (all, left) = (Counts::default(), Counts::default());
        Tally { rule, ignore_but, all, left, troubled: BTreeSet::new() }
    }

    /// Takes in a member.
    pub fn add(&mut self, key: K, member: Member) {
        self.all.add(member);
        if !member.planned {
            self.left.add(member);
        }
        if let Some(trouble) = member.trouble() {
            self.troubled.insert((trouble, key));
        }
    }

    /// Takes out a member that was so.
    pub fn remove(&mut self, key: K, member: Member) {
        self.all.take(member);
        if !member.planned {
            self.left.take(member);
        }
        if let Some(trouble) = member.trouble() {
            self.troubled.remove(&(trouble, key));
        }
    }

    /// A member that was so is otherwise now.
    pub fn change(&mut self, key: K, old: Member, new: Member) {
        if old != new {
            self.remove(key, old);
            self.add(key, new);
        }
    }

    /// How it is judged. What is shown is what was measured; planned members count for whether that is planned.
    pub fn judge(&self) -> Judged {
        let state = self.all.judge(self.rule, self.ignore_but);
        let verdict = match state {
            State::Unknown => None,
            State::Ok => Some(Verdict::Ok),
            State::But => Some(Verdict::But),
            State::Ko if self.all.severe > 0 => Some(Verdict::Incident),
            State::Ko => Some(Verdict::Ko),
        };
        let is_up_without = self.left.total() == 0 || self.left.judge(self.rule, self.ignore_but).is_up();
        Judged {
            state,
            code: verdict.and_then(|verdict| Code::new(verdict.number())),
            planned: state == State::Ko && is_up_without,
        }
    }

    /// Whether members that are but count as ok.
    pub fn ignores_but(&self) -> bool {
        self.ignore_but
    }

    /// How many members have to be up.
    pub fn needed(&self) -> u32 {
        self.rule.needed(self.all.total())
    }

    /// How many members are up.
    pub fn up(&self) -> u32 {
        self.all.up()
    }

    /// How many members there are.
    pub fn of(&self) -> u32 {
        self.all.total()
    }

    /// How many members are in a state.
    pub fn count(&self, state: State) -> u32 {
        let mut all = self.all;
        *all.count_of(state)
    }

    /// The members that are not ok, worst first.
    pub fn troubled(&self) -> impl DoubleEndedIterator<Item = K> {
        self.troubled.iter().map(|(_, key)| *key)
    }

    /// Why, for people: `1 of 3 down: web2 (refused)`, worst first, empty where all is well. `tell` gives the name of a
    /// member, as short as it may be, and its reason.
    pub fn reason<'a>(&self, tell: impl Fn(K) -> (&'a str, &'a str)) -> String {
        if self.all.total() == 0 {
            return "no members".to_owned();
        }
        let Counts { but, ko, unknown, .. } = self.all;
        let mut counted = vec![(ko, "down"), (unknown, "unknown")];
        if ko == 0 && unknown == 0 && !self.ignore_but {
            counted.push((but, "but"));
        }
        counted.retain(|(count, _)| *count > 0);
        let mut text = String::new();
        for (index, (count, word)) in counted.iter().enumerate() {
            let _ = match index {
                0 => write!(text, "{count} of {} {word}", self.all.total()),
                _ => write!(text, ", {count} {word}"),
            };
        }
        let total: u32 = counted.iter().map(|(count, _)| count).sum();
        for (index, key) in self.troubled().take(usize::try_from(total).unwrap_or(usize::MAX)).enumerate() {
            if index == REASON_MEMBERS {
                let _ = write!(text, ", {} more", total.saturating_sub(NAMED));
                break;
            }
            let (name, reason) = tell(key);
            let _ =
                write!(text, "{}{}", if index == 0 { ": " } else { ", " }, start(name, MEMBER_CHARACTERS));
            if !reason.is_empty() {
                let _ = write!(text, " ({})", start(reason, MEMBER_CHARACTERS));
            }
        }
        text
    }
}

/// The first so many characters, with three dots where some are missing.
fn start(text: &str, characters: usize) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(characters) {
        None => text.into(),
        Some(_) => text.chars().take(characters.saturating_sub(3)).chain("...".chars()).collect(),
    }
}

/// The nodes in such an order that each stands behind its members; `members` are the numbers of the nodes in each node.
/// Those that need not wait for each other keep their order.
///
/// # Errors
/// A circle: each stands in the one before, and the first one in the last.
pub fn order(members: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); members.len()];
    let mut waits: Vec<usize> = vec![0; members.len()];
    for (node, below) in members.iter().enumerate() {
        for member in below {
            let Some(above) = above.get_mut(*member) else { continue };
            above.push(node);
            if let Some(waits) = waits.get_mut(node) {
                *waits += 1;
            }
        }
    }
    let is_free = |(node, waits): (usize, &usize)| (*waits == 0).then_some(node);
    let mut free: BTreeSet<usize> = waits.iter().enumerate().filter_map(is_free).collect();
    let mut order = Vec::with_capacity(members.len());
    while let Some(node) = free.pop_first() {
        order.push(node);
        for above in above.get(node).into_iter().flatten() {
            let Some(waits) = waits.get_mut(*above) else { continue };
            *waits -= 1;
            if *waits == 0 {
                free.insert(*above);
            }
        }
    }
    if order.len() == members.len() { Ok(order) } else { Err(circle(members, &waits)) }
}

/// A circle among the nodes that still wait: whoever waits has a member that waits.
fn circle(members: &[Vec<usize>], waits: &[usize]) -> Vec<usize> {
    let is_waiting = |node: &usize| waits.get(*node).is_some_and(|waits| *waits > 0);
    let mut path: Vec<usize> = Vec::new();
    let mut next = (0..waits.len()).find(|node| is_waiting(node));
    while let Some(node) = next {
        if let Some(start) = path.iter().position(|seen| *seen == node) {
            return path.split_off(start);
        }
        path.push(node);
        next = members.get(node).into_iter().flatten().copied().find(|member| is_waiting(member));
    }
    path
}
