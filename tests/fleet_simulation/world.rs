//! The world: how each host is, as nobody but the test knows, and what that makes of a probe.

use crate::chance::Chance;
use nix::errno::Errno;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// How a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// It says this code, all at once.
    Says(u16),
    /// The same, octet by octet.
    Trickles(u16),
    /// Nobody listens.
    Refuses,
    /// It takes the connection and says nothing.
    Hangs,
    /// Nothing comes back at all.
    Silent,
    /// It resets the connection.
    Resets,
    /// There is no way there.
    Unreachable,
}

impl Host {
    /// Whether it is up.
    pub fn is_up(self) -> bool {
        matches!(self, Host::Says(code) | Host::Trickles(code) if code < 300)
    }

    /// The line that it says.
    pub fn line(code: u16) -> String {
        match code {
            200 => "200 OK oco-1.0.0\r\n".to_owned(),
            250 => "250 OK, but oco-1.0.0 201-disk\r\n".to_owned(),
            550 => "550 KO oco-1.0.0 500-raid\r\n".to_owned(),
            _ => "350 KO oco-1.0.0 300-http\r\n".to_owned(),
        }
    }
}

/// All hosts, and what else goes wrong.
#[derive(Debug)]
pub struct World {
    pub chance: Chance,
    /// The boot clock, nanoseconds.
    pub now: i64,
    /// The wall clock less the boot clock.
    pub wall_offset: i64,
    pub hosts: BTreeMap<IpAddr, Host>,
    /// We ourselves are short of something.
    pub own_failure: Option<Errno>,
    /// How the plugins end: exit status, or hanging.
    pub plugin: Option<i32>,
    /// Events of the poll: when, which token.
    pub events: Vec<(i64, usize)>,
}

pub const MILLISECOND: i64 = 1_000_000;
pub const SECOND: i64 = 1_000 * MILLISECOND;

impl World {
    pub fn new(seed: u64, hosts: impl Iterator<Item = IpAddr>) -> World {
        World {
            chance: Chance::new(seed),
            now: 1_000 * SECOND,
            wall_offset: 1_700_000_000 * SECOND,
            hosts: hosts.map(|address| (address, Host::Says(200))).collect(),
            own_failure: None,
            plugin: Some(0),
            events: Vec::new(),
        }
    }

    /// Something changes.
    pub fn change(&mut self) {
        let count = self.hosts.len() as u64;
        let index = self.chance.below(count) as usize;
        let kind = self.chance.below(12);
        let host = self.hosts.values_mut().nth(index).unwrap();
        *host = match kind {
            0..=3 => Host::Says(200),
            4 => Host::Says(250),
            5 => Host::Says(350),
            6 => Host::Says(550),
            7 => Host::Trickles(200),
            8 => Host::Refuses,
            9 => Host::Hangs,
            10 => Host::Silent,
            _ => [Host::Resets, Host::Unreachable][index % 2],
        };
        if self.chance.one_in(12) {
            let errors = [None, Some(Errno::EMFILE), Some(Errno::ENETUNREACH), None];
            self.own_failure = errors[self.chance.below(4) as usize];
        }
        if self.chance.one_in(6) {
            self.plugin = [Some(0), Some(1), Some(2), Some(3), None][self.chance.below(5) as usize];
        }
    }

    /// Nothing is wrong with us any more.
    pub fn calm(&mut self) {
        self.own_failure = None;
        self.plugin.get_or_insert(2);
    }

    /// Tells of a token, once or twice, a little later.
    pub fn wake(&mut self, token: usize, delay: i64) {
        for _ in 0..=self.chance.below(2) {
            let late = self.chance.below(3 * MILLISECOND as u64) as i64;
            self.events.push((self.now + delay + late, token));
        }
    }
}
