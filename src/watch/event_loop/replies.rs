//! Replies that take more than one turn: those that are made piece by piece, and those that wait for the journal.

use super::EventLoop;
use super::orders::Answered;
use crate::control::history::LogReply;
use crate::control::status::{ActOn, Facts, StatusReply};
use crate::control::{Client, Control, reply};
use crate::decide::known::Known;
use crate::journal_reader::{Query, Ticket};
use crate::journal_writer::Sequence;
use crate::limits::JOURNAL_HANGS;
use oco::logic::control::ActReply;
use oco::logic::time::Nanos;
use oco_fleet::journal::ActKind;
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::collections::HashMap;

/// A reply that is made piece by piece.
#[derive(Debug)]
pub enum Going {
    /// How the fleet stands.
    Status(Box<StatusReply>),
    /// What happened.
    Log(LogReply),
}

/// A question to the journal that waits until all of before is written: who corrects, or plans, and then asks how long it
/// was up is answered with that.
pub struct Waiting {
    /// What has to be written.
    pub after: Sequence,
    /// It is not waited for longer than this.
    pub until: Nanos,
    /// Who asks.
    pub client: Client,
    /// What.
    pub query: Query,
    /// How the answer is shown.
    pub asked: super::orders::Asked,
}

/// The reply to who acted, which waits until that is in the journal: what somebody was told is done is there after a kill.
#[derive(Debug)]
struct Held {
    client: Client,
    reply: Box<ActReply>,
    /// What has to be written, and how long that is waited for; none: its entries are not in the queue yet.
    after: Option<(Sequence, Nanos)>,
}

/// Replies that go on, by their clients.
#[derive(Default)]
pub struct Replies {
    going: HashMap<Client, Going>,
    /// What the journal was asked for, and how the answer is shown.
    asked: HashMap<Ticket, (Client, super::orders::Asked)>,
    next_ticket: u64,
    waiting: Vec<Waiting>,
    held: Vec<Held>,
}

impl Replies {
    /// Whether a reply can be gone on with at once.
    pub fn has_more(&self, control: &Control) -> bool {
        self.going.keys().any(|client| control.wants_reply(*client) != Some(false))
    }

    /// A reply that is to be made for a client.
    pub fn begin(&mut self, client: Client, reply: Going) {
        self.going.insert(client, reply);
    }

    /// A ticket for a question to the journal.
    pub fn ask(&mut self, client: Client, asked: super::orders::Asked) -> Ticket {
        let ticket = self.ticket();
        self.asked.insert(ticket, (client, asked));
        ticket
    }

    /// A ticket for a question that no client asked.
    pub fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    /// Keeps a question that waits.
    pub fn wait(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
    }

    /// Holds the reply to who acted. Its entries are in the journal's queue when [`Replies::take_held`] is called next.
    pub fn hold(&mut self, client: Client, reply: Box<ActReply>) {
        self.held.push(Held { client, reply, after: None });
    }

    /// When the first of them waits no longer.
    pub fn deadline(&self) -> Option<Nanos> {
        let held = self.held.iter().filter_map(|held| held.after.map(|(_, until)| until));
        self.waiting.iter().map(|waiting| waiting.until).chain(held).min()
    }

    /// The replies to who acted that wait no longer. Those whose entries are not written yet say so.
    fn take_held(&mut self, pushed: Sequence, written: Sequence, now: Nanos) -> Vec<(Client, Box<ActReply>)> {
        let is_over = |held: &mut Held| {
            let (after, until) = *held.after.get_or_insert((pushed, now.after(JOURNAL_HANGS)));
            held.reply.unwritten = after > written;
            after <= written || until <= now
        };
        self.held.extract_if(.., is_over).map(|held| (held.client, held.reply)).collect()
    }

    /// Replies to all whose acts were not in the journal yet, now that they are, or never will be.
    pub fn finish_acts(&mut self, control: &mut Control, is_written: bool, now: Nanos) {
        for Held { client, mut reply, .. } in self.held.drain(..) {
            reply.unwritten = !is_written;
            control.reply(client, &reply::line(&*reply), true, now);
        }
    }

    /// Those that wait no longer.
    pub fn take_waiting(&mut self, written: Sequence, now: Nanos) -> Vec<Waiting> {
        let is_over = |waiting: &mut Waiting| waiting.after <= written || waiting.until <= now;
        self.waiting.extract_if(.., is_over).collect()
    }

    /// Whose question had this ticket.
    pub fn take_asked(&mut self, ticket: Ticket) -> Option<(Client, super::orders::Asked)> {
        self.asked.remove(&ticket)
    }
}

impl EventLoop {
    /// Lets `look` see what a status is made of.
    pub(super) fn with_facts<T>(&self, look: impl FnOnce(&Facts<'_>) -> T) -> T {
        let (watcher, telling, at) = (&self.watcher, &self.telling, self.moment.at);
        let act = |kind, name: &ObjectName| {
            telling.acts().on(kind, name, at).map(|act| ActOn {
                who: act.who.clone(),
                at: act.since,
                until: act.until,
                text: act.text.clone(),
            })
        };
        let window = |name: &ObjectName| telling.window_on(name, self.moment).map(ActOn::of_window);
        look(&Facts {
            fleet: watcher.fleet(),
            settings: watcher.settings(),
            levels: &self.levels,
            address_of: &|name| watcher.address_of(name),
            acts_on: &|name| {
                let maint = act(ActKind::Maint, name).or_else(|| window(name));
                [act(ActKind::Ack, name), act(ActKind::Mute, name), maint]
            },
            is_covered: &|kind, name| {
                let known = Known { fleet: watcher.fleet(), levels: &self.levels };
                match kind {
                    ActKind::Ack => telling.acts().is_acked(name, known, at),
                    ActKind::Mute => telling.acts().is_muted(name, known, at),
                    ActKind::Maint => false,
                }
            },
            now: Millis::of(self.now.wall),
        })
    }

    /// Goes on with replies whose connections take more.
    pub(super) fn go_on_with_replies(&mut self) {
        for Waiting { client, query, asked, .. } in
            self.replies.take_waiting(self.journal.written(), self.now.boot)
        {
            self.ask_now(client, query, asked);
        }
        self.hear_reader();
        self.reply_to_acts();
        let clients: Vec<Client> = self.replies.going.keys().copied().collect();
        for client in clients {
            match self.control.wants_reply(client) {
                None => {
                    self.replies.going.remove(&client);
                }
                Some(true) => {
                    self.go_on_with(client);
                }
                Some(false) => {}
            }
        }
    }

    /// Replies to those whose acts are in the journal, and to those who waited for long enough.
    fn reply_to_acts(&mut self) {
        let (pushed, written) = (self.journal.pushed(), self.journal.written());
        for (client, reply) in self.replies.take_held(pushed, written, self.now.boot) {
            self.control.reply(client, &reply::line(&*reply), true, self.now.boot);
        }
    }

    /// Makes the next piece of a reply. Whether it was the last.
    fn go_on_with(&mut self, client: Client) -> bool {
        let Some(mut going) = self.replies.going.remove(&client) else { return true };
        let mut octets = Vec::new();
        let is_last = match &mut going {
            Going::Status(status) => self.with_facts(|facts| status.write(facts, &mut octets)),
            Going::Log(log) => log.write(&mut octets),
        };
        self.control.reply(client, &octets, is_last, self.now.boot);
        if !is_last {
            self.replies.going.insert(client, going);
        }
        is_last
    }

    /// Makes all replies whole at once.
    pub(super) fn finish_replies(&mut self) {
        let clients: Vec<Client> = self.replies.going.keys().copied().collect();
        for client in clients {
            while !self.go_on_with(client) {}
        }
    }

    fn hear_reader(&mut self) {
        while let Some(answer) = self.reader.take_reply() {
            let Some((client, asked)) = self.replies.take_asked(answer.ticket) else {
                self.hear_level(answer);
                continue;
            };
            match answer.result.map(|answer| asked.reply(answer)) {
                Ok(Answered::Whole(octets)) => self.control.reply(client, &octets, true, self.now.boot),
                Ok(Answered::Log(log)) => self.replies.begin(client, Going::Log(log)),
                Ok(Answered::Adjust(correction, name)) => {
                    let reply = self.correct(&correction, vec![name]);
                    self.replies.hold(client, Box::new(reply));
                }
                Err(error) => {
                    let octets = reply::error(&error.to_string());
                    self.control.reply(client, &octets, true, self.now.boot);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_acts_is_answered_once_that_is_written_or_after_two_seconds() {
        let mut replies = Replies::default();
        let now = Nanos(50_000_000_000);
        let client = Client::in_slot;
        replies.hold(client(1), Box::default());
        assert_eq!(replies.deadline(), None);
        assert!(replies.take_held(Sequence(7), Sequence(6), now).is_empty());
        replies.hold(client(2), Box::default());
        assert!(replies.take_held(Sequence(9), Sequence(6), now).is_empty());
        assert_eq!(replies.deadline(), Some(now.after(JOURNAL_HANGS)));
        let mut take = |written, now| -> Vec<(Client, bool)> {
            let taken = replies.take_held(Sequence(10), Sequence(written), now);
            taken.into_iter().map(|(client, reply)| (client, reply.unwritten)).collect()
        };
        assert_eq!(take(7, now), [(client(1), false)]);
        assert_eq!(take(8, now), []);
        assert_eq!(take(8, now.after(JOURNAL_HANGS)), [(client(2), true)]);
        // Nothing was to be written.
        replies.hold(client(3), Box::default());
        assert_eq!(replies.take_held(Sequence(8), Sequence(8), now).len(), 1);
    }
}
