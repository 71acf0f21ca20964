//! Names of users, by a thread: a name service may take as long as its server likes.
//!
//! ```text
//!  loop --uid--> Users --queue--> thread (getpwuid) --names, waker--> loop
//! ```
//!
//! A name is asked for when somebody connects, and is there when the order comes, or soon after. Who waits for it does so
//! no longer than [`USER_WAIT`]: then it is `user 1234`, as where there is none.

use crate::limits::{RESOLVER_STACK_OCTETS, USER_NAMES, USER_QUERIES, USER_WAIT};
use nix::unistd::{Uid, User};
use oco::logic::text::printable;
use oco::logic::time::Nanos;
use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// The names of users that are known by now.
#[derive(Debug)]
pub struct Users {
    names: HashMap<u32, Entry>,
    wanted: SyncSender<u32>,
    answers: Receiver<(u32, Option<String>)>,
}

#[derive(Debug, Default)]
struct Entry {
    name: Option<String>,
    /// It is being looked up, and nobody is to wait for it any longer from then on.
    awaited: Option<Nanos>,
}

impl Users {
    /// Starts the thread, which calls `wake` when it has found a name, or none.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(wake: impl Fn() + Send + 'static) -> io::Result<Users> {
        Users::with(look_up, wake)
    }

    fn with(
        look_up: impl Fn(u32) -> Option<String> + Send + 'static,
        wake: impl Fn() + Send + 'static,
    ) -> io::Result<Users> {
        let (wanted, queue) = sync_channel(USER_QUERIES);
        let (sender, answers) = channel();
        let thread = thread::Builder::new().name("user-names".to_owned()).stack_size(RESOLVER_STACK_OCTETS);
        thread.spawn(move || serve(&queue, &sender, look_up, wake))?;
        Ok(Users { names: HashMap::new(), wanted, answers })
    }

    /// Somebody connects: has the name of that user looked up, if it is not known and nobody asks for it already.
    pub fn ask(&mut self, uid: u32, now: Nanos) {
        self.take_in();
        if self.names.get(&uid).is_some_and(|entry| entry.name.is_some() || entry.awaited.is_some()) {
            return;
        }
        if self.names.len() >= USER_NAMES {
            // Those that are being looked up come back with their answers.
            self.names.clear();
        }
        // Where the queue is full, the name service hangs, and nobody is to wait for it.
        let awaited = self.wanted.try_send(uid).is_ok().then(|| now.after(USER_WAIT));
        self.names.insert(uid, Entry { name: None, awaited });
    }

    /// Takes in what the thread has found.
    pub fn take_in(&mut self) {
        for (uid, name) in self.answers.try_iter() {
            self.names.insert(uid, Entry { name, awaited: None });
        }
    }

    /// The name of a user, as far as it is known.
    pub fn name(&self, uid: u32) -> Option<&str> {
        self.names.get(&uid)?.name.as_deref()
    }

    /// The name, or `user 1234` where none is known.
    pub fn spoken(&self, uid: u32) -> String {
        self.name(uid).map_or_else(|| format!("user {uid}"), str::to_owned)
    }

    /// Until when an order of this user had better wait for the name. None: not at all.
    pub fn wait(&self, uid: u32, now: Nanos) -> Option<Nanos> {
        self.names.get(&uid)?.awaited.filter(|awaited| now < *awaited)
    }
}

fn serve(
    queue: &Receiver<u32>,
    answers: &Sender<(u32, Option<String>)>,
    look_up: impl Fn(u32) -> Option<String>,
    wake: impl Fn(),
) {
    for uid in queue {
        if answers.send((uid, look_up(uid))).is_err() {
            return;
        }
        wake();
    }
}

/// The name that the system knows. None where there is none, or the name service fails.
fn look_up(uid: u32) -> Option<String> {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten()?;
    let name = printable(user.name.as_bytes());
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::Duration;

    const NOW: Nanos = Nanos(1_000_000_000);

    /// Users whose names are found when the gate lets them, and what wakes.
    fn users(gate: Receiver<Option<String>>) -> (Users, Receiver<()>) {
        let (sender, woken) = channel();
        let gate = Mutex::new(gate);
        let look_up = move |_| gate.lock().unwrap().recv().unwrap_or_default();
        (Users::with(look_up, move || sender.send(()).unwrap_or(())).unwrap(), woken)
    }

    fn wait(woken: &Receiver<()>) {
        woken.recv_timeout(Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn root_has_a_name_and_nobody_of_a_high_number_has() {
        let (sender, woken) = channel();
        let mut users = Users::start(move || sender.send(()).unwrap_or(())).unwrap();
        for uid in [0, 4_000_000_123] {
            users.ask(uid, NOW);
            wait(&woken);
        }
        users.take_in();
        assert_eq!((users.name(0), users.name(4_000_000_123)), (Some("root"), None));
        assert_eq!(users.spoken(4_000_000_123), "user 4000000123");
        assert_eq!(users.wait(4_000_000_123, NOW), None);
    }

    #[test]
    fn a_name_is_waited_for_no_longer_than_a_moment() {
        let (open, gate) = channel();
        let (mut users, woken) = users(gate);
        assert_eq!(users.wait(7, NOW), None, "nobody asked for it");
        users.ask(7, NOW);
        users.ask(7, NOW.after(Duration::from_millis(1)));
        let until = NOW.after(USER_WAIT);
        assert_eq!(users.wait(7, NOW), Some(until));
        assert_eq!((users.wait(7, until), users.spoken(7).as_str()), (None, "user 7"));
        open.send(Some("alice".to_owned())).unwrap();
        wait(&woken);
        users.take_in();
        assert_eq!((users.wait(7, NOW), users.spoken(7).as_str()), (None, "alice"));
        users.ask(7, NOW);
        assert_eq!(users.wait(7, NOW), None, "it is known");
    }

    #[test]
    fn who_had_no_name_is_asked_for_again() {
        let (open, gate) = channel();
        let (mut users, woken) = users(gate);
        for answer in [None, Some("alice".to_owned())] {
            users.ask(7, NOW);
            assert!(users.wait(7, NOW).is_some());
            open.send(answer).unwrap();
            wait(&woken);
            users.take_in();
        }
        assert_eq!(users.name(7), Some("alice"));
    }

    #[test]
    fn a_name_service_that_hangs_holds_up_nobody() {
        let (open, gate) = channel();
        let (mut users, woken) = users(gate);
        let many = u32::try_from(USER_QUERIES).unwrap() + 2;
        for uid in 0..=many {
            users.ask(uid, NOW);
        }
        assert_eq!(users.wait(many, NOW), None, "there is no place in the queue");
        for _ in 0..USER_QUERIES {
            open.send(Some("alice".to_owned())).unwrap();
            wait(&woken);
        }
        let others = many..many + u32::try_from(USER_NAMES).unwrap() * 2;
        others.for_each(|uid| users.ask(uid, NOW));
        assert!(users.names.len() <= USER_NAMES + USER_QUERIES, "nor are all users of a site remembered");
    }
}
