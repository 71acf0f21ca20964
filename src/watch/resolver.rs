//! Names to addresses, by threads: to look one up may take as long as its server likes.
//!
//! ```text
//!  loop --look up--> Resolver --queue--> threads (getaddrinfo) --answers, waker--> loop
//! ```
//!
//! What becomes of an answer is [`addresses`](crate::addresses)'s to say.

use crate::limits::RESOLVER_STACK_OCTETS;
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The answer for a name.
#[derive(Debug)]
pub struct Answer {
    /// The name.
    pub name: Arc<str>,
    /// Its addresses, in the resolver's order, those of a link with their zone, and without a port; the words say why
    /// there are none.
    pub addresses: Result<Vec<SocketAddr>, String>,
}

/// Threads that look names up. They live as long as the process: one that waits for a server can't be ended.
#[derive(Debug)]
pub struct Resolver {
    shared: Arc<Shared>,
}

struct Shared {
    queues: Mutex<Queues>,
    /// There is a name to look up.
    wanted: Condvar,
    /// Wakes the loop.
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Debug, Default)]
struct Queues {
    names: VecDeque<Arc<str>>,
    answers: Vec<Answer>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("queues", &self.queues).finish_non_exhaustive()
    }
}

impl Resolver {
    /// Starts so many threads, which call `wake` when there are answers.
    ///
    /// # Errors
    /// There are no threads to be had.
    pub fn start(threads: usize, wake: impl Fn() + Send + Sync + 'static) -> io::Result<Resolver> {
        let shared =
            Arc::new(Shared { queues: Mutex::default(), wanted: Condvar::new(), wake: Box::new(wake) });
        for _ in 0..threads {
            let shared = Arc::clone(&shared);
            let name = "resolver".to_owned();
            thread::Builder::new()
                .name(name)
                .stack_size(RESOLVER_STACK_OCTETS)
                .spawn(move || shared.serve())?;
        }
        Ok(Resolver { shared })
    }

    /// Has `name` looked up.
    pub fn look_up(&self, name: &Arc<str>) {
        self.shared.queues().names.push_back(Arc::clone(name));
        self.shared.wanted.notify_one();
    }

    /// The answers since the last call.
    pub fn answers(&self) -> Vec<Answer> {
        std::mem::take(&mut self.shared.queues().answers)
    }
}

impl Shared {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        loop {
            let mut queues = self.queues();
            let name = loop {
                match queues.names.pop_front() {
                    Some(name) => break name,
                    None => queues = self.wanted.wait(queues).unwrap_or_else(PoisonError::into_inner),
                }
            };
            drop(queues);
            let addresses = look_up(&name);
            self.queues().answers.push(Answer { name, addresses });
            (self.wake)();
        }
    }
}

fn look_up(name: &str) -> Result<Vec<SocketAddr>, String> {
    let found = (name, 0).to_socket_addrs().map_err(|error| {
        let text = error.to_string();
        // "failed to lookup address information: Name or service not known"
        oco::system::words::lowered(text.rsplit(": ").next().unwrap_or(&text))
    })?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err("no address".to_owned()) } else { Ok(addresses) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addresses::{shown, with_port};
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn an_address_of_a_link_keeps_its_zone() {
        // Each host has this interface.
        let number = nix::net::if_::if_nametoindex("lo").unwrap();
        for zone in ["lo".to_owned(), number.to_string()] {
            let found = look_up(&format!("fe80::1%{zone}")).unwrap();
            assert_eq!(found.iter().copied().map(shown).collect::<Vec<_>>(), [format!("fe80::1%{number}")]);
            assert_eq!(with_port(found[0], 79).to_string(), format!("[fe80::1%{number}]:79"));
        }
    }

    #[test]
    fn names_are_looked_up_by_threads() {
        let (sender, woken) = mpsc::channel();
        let resolver = Resolver::start(2, move || sender.send(()).unwrap()).unwrap();
        for name in ["127.0.0.9", "no-such-host.invalid"] {
            resolver.look_up(&name.into());
        }
        let mut answers = Vec::new();
        while answers.len() < 2 {
            woken.recv_timeout(Duration::from_secs(60)).unwrap();
            answers.extend(resolver.answers());
        }
        answers.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(answers[0].addresses, Ok(vec!["127.0.0.9:0".parse().unwrap()]));
        let why = answers[1].addresses.as_ref().unwrap_err();
        assert!(!why.is_empty() && !why.contains("lookup"), "{why}");
    }
}
