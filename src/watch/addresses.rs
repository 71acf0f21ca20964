//! Where hosts are: the addresses of their names, when to ask for them again, and which one is used.
//!
//! The last good answer stays. Of several addresses the one in use stays as long as it is among them.

use crate::limits::RESOLVE_AGAIN;
use crate::resolver::Answer;
use oco::logic::time::Nanos;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// The names of the fleet and where they lead.
#[derive(Debug)]
pub struct Addresses {
    names: HashMap<Arc<str>, Entry>,
    every: Duration,
    /// When the first of them is due.
    next: Option<Nanos>,
}

/// What is known of a name.
#[derive(Debug, Default)]
struct Entry {
    /// The address in use, with its zone and without a port.
    address: Option<SocketAddr>,
    /// Why there is none, or why the last answer brought none.
    failure: Option<String>,
    /// It is being looked up, or will be then.
    ask_at: Option<Nanos>,
}

/// What an answer has changed.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    Nothing,
    /// The name leads here from now on.
    Moved(Option<SocketAddr>, SocketAddr),
    /// It can't be looked up, for this reason: told once until it can.
    Failing(String),
}

impl Addresses {
    /// No name. Each one is to be asked for again after `every`.
    pub fn new(every: Duration) -> Addresses {
        Addresses { names: HashMap::new(), every, next: None }
    }

    /// Changes the names to these: what is known of those that stay, stays. New ones are asked for at once.
    pub fn set<'a>(&mut self, names: impl Iterator<Item = &'a str>, every: Duration) {
        self.every = every;
        let mut old = std::mem::take(&mut self.names);
        for name in names {
            let (name, entry) = old
                .remove_entry(name)
                .unwrap_or_else(|| (name.into(), Entry { ask_at: Some(Nanos::PAST), ..Entry::default() }));
            self.names.entry(name).or_insert(entry);
        }
        self.next = self.names.values().filter_map(|entry| entry.ask_at).min();
    }

    /// The address of `name` in use, with its zone and without a port; the words say why there is none.
    ///
    /// # Errors
    /// None is known.
    pub fn of(&self, name: &str) -> Result<SocketAddr, &str> {
        let entry = self.names.get(name);
        match entry {
            Some(Entry { address: Some(address), .. }) => Ok(*address),
            Some(Entry { failure: Some(why), .. }) => Err(why),
            Some(Entry { .. }) | None => Err("not looked up yet"),
        }
    }

    /// Whether each name has been looked up, or could not be.
    pub fn are_known(&self) -> bool {
        self.names.values().all(|entry| entry.address.is_some() || entry.failure.is_some())
    }

    /// The names that are to be looked up now. They are being looked up from then on.
    pub fn due(&mut self, now: Nanos) -> Vec<Arc<str>> {
        if self.next.is_none_or(|next| next > now) {
            return Vec::new();
        }
        let mut due = Vec::new();
        self.next = None;
        for (name, entry) in &mut self.names {
            match entry.ask_at {
                Some(at) if at <= now => {
                    entry.ask_at = None;
                    due.push(Arc::clone(name));
                }
                Some(at) => self.next = Some(self.next.map_or(at, |next| next.min(at))),
                None => {}
            }
        }
        due
    }

    /// When the next name is due.
    pub fn deadline(&self) -> Option<Nanos> {
        self.next
    }

    /// Takes in an answer.
    pub fn take_in(&mut self, answer: Answer, now: Nanos) -> News {
        let Some(entry) = self.names.get_mut(&answer.name) else { return News::Nothing };
        let wait = if answer.addresses.is_ok() { self.every } else { RESOLVE_AGAIN.min(self.every) };
        let ask_at = now.after(wait);
        entry.ask_at = Some(ask_at);
        self.next = Some(self.next.map_or(ask_at, |next| next.min(ask_at)));
        match answer.addresses {
            Ok(addresses) => {
                entry.failure = None;
                let old = entry.address;
                let Some(first) = addresses.first().copied() else { return News::Nothing };
                if old.is_some_and(|old| addresses.contains(&old)) {
                    return News::Nothing;
                }
                entry.address = Some(first);
                News::Moved(old, first)
            }
            Err(why) => {
                let is_new = entry.failure.is_none();
                entry.failure = Some(why.clone());
                if is_new { News::Failing(why) } else { News::Nothing }
            }
        }
    }
}

/// An address without its port, for people: one of a link has its zone, `fe80::1%2`.
pub fn shown(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => {
            format!("{}%{}", address.ip(), address.scope_id())
        }
        SocketAddr::V4(_) | SocketAddr::V6(_) => address.ip().to_string(),
    }
}

/// The address of a host that is written as one.
pub fn of_ip(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, 0)
}

/// An address with this port.
pub fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(name: &str, addresses: Result<&[&str], &str>) -> Answer {
        let parsed = addresses.map(|list| list.iter().map(|text| of_ip(text.parse().unwrap())).collect());
        Answer { name: name.into(), addresses: parsed.map_err(str::to_owned) }
    }

    fn second(number: i64) -> Nanos {
        Nanos(number * 1_000_000_000)
    }

    #[test]
    fn the_last_good_answer_stays_and_so_does_the_address_in_use() {
        let every = Duration::from_secs(300);
        let mut addresses = Addresses::new(every);
        addresses.set(["a", "a", "b"].into_iter(), every);
        assert_eq!(addresses.of("a"), Err("not looked up yet"));
        let mut due = addresses.due(second(0));
        due.sort();
        assert_eq!(due, ["a".into(), "b".into()]);
        assert_eq!((addresses.due(second(1)), addresses.deadline()), (vec![], None));
        let [first, other] = ["192.0.2.1", "192.0.2.2"].map(|text| of_ip(text.parse().unwrap()));
        let moved = addresses.take_in(answer("a", Ok(&["192.0.2.1", "192.0.2.2"])), second(1));
        assert_eq!((moved, addresses.of("a")), (News::Moved(None, first), Ok(first)));
        assert_eq!(addresses.deadline(), Some(second(301)));
        assert!(!addresses.are_known());
        let failing = addresses.take_in(answer("b", Err("timed out")), second(2));
        assert_eq!((failing, addresses.of("b")), (News::Failing("timed out".into()), Err("timed out")));
        assert!(addresses.are_known());
        assert_eq!(addresses.deadline(), Some(second(12)), "what failed is tried again sooner");
        // Another order of the same addresses moves nobody.
        assert_eq!(addresses.take_in(answer("a", Ok(&["192.0.2.2", "192.0.2.1"])), second(3)), News::Nothing);
        assert_eq!(addresses.of("a"), Ok(first));
        assert_eq!(addresses.take_in(answer("a", Err("x")), second(4)), News::Failing("x".into()));
        assert_eq!(addresses.take_in(answer("a", Err("x")), second(5)), News::Nothing);
        assert_eq!(addresses.of("a"), Ok(first), "it was good");
        let moved = addresses.take_in(answer("a", Ok(&["192.0.2.2"])), second(6));
        assert_eq!((moved, addresses.of("a")), (News::Moved(Some(first), other), Ok(other)));
        addresses.set(["a"].into_iter(), every);
        assert_eq!((addresses.of("a"), addresses.of("b")), (Ok(other), Err("not looked up yet")));
        assert_eq!(addresses.take_in(answer("b", Ok(&["192.0.2.1"])), second(7)), News::Nothing);
    }
}
