//! Replies that take more than one turn: those that are made piece by piece, and those that wait for the journal.

use super::EventLoop;
use crate::control::status::{Facts, StatusReply};
use crate::control::{Client, Control, reply};
use crate::journal_reader::Ticket;
use crate::watcher::Watcher;
use oco::children::helper::HelperStarter;
use oco_fleet::time::Millis;
use std::collections::HashMap;

/// Replies that go on, by their clients.
#[derive(Debug, Default)]
pub struct Replies {
    statuses: HashMap<Client, StatusReply>,
    /// What the journal was asked for, and how the answer is shown.
    asked: HashMap<Ticket, (Client, super::orders::Asked)>,
    next_ticket: u64,
}

impl Replies {
    /// Whether a reply can be gone on with at once.
    pub fn has_more(&self, control: &Control) -> bool {
        self.statuses.keys().any(|client| control.wants_reply(*client) != Some(false))
    }

    /// A status that is to be made for a client.
    pub fn begin(&mut self, client: Client, status: StatusReply) {
        self.statuses.insert(client, status);
    }

    /// A ticket for a question to the journal.
    pub fn ask(&mut self, client: Client, asked: super::orders::Asked) -> Ticket {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.asked.insert(ticket, (client, asked));
        ticket
    }

    /// Whose question had this ticket.
    pub fn take_asked(&mut self, ticket: Ticket) -> Option<(Client, super::orders::Asked)> {
        self.asked.remove(&ticket)
    }
}

/// What a status is made of.
pub fn facts<'a>(
    watcher: &'a Watcher<crate::probe::network::KernelNetwork, HelperStarter>,
    address_of: &'a dyn Fn(&str) -> Option<std::net::IpAddr>,
    now: Millis,
) -> Facts<'a> {
    Facts {
        fleet: watcher.fleet(),
        settings: watcher.settings(),
        address_of,
        acts_on: &|_| [None, None, None],
        now,
    }
}

impl EventLoop {
    /// Goes on with replies whose connections take more.
    pub(super) fn go_on_with_replies(&mut self) {
        self.hear_reader();
        let clients: Vec<Client> = self.replies.statuses.keys().copied().collect();
        for client in clients {
            match self.control.wants_reply(client) {
                None => {
                    self.replies.statuses.remove(&client);
                }
                Some(true) => {
                    self.go_on_with(client);
                }
                Some(false) => {}
            }
        }
    }

    /// Makes the next piece of a status. Whether it was the last.
    fn go_on_with(&mut self, client: Client) -> bool {
        let Some(mut status) = self.replies.statuses.remove(&client) else { return true };
        let mut octets = Vec::new();
        let address_of = |name: &str| self.watcher.address_of(name);
        let is_last =
            status.write(&facts(&self.watcher, &address_of, Millis::of(self.now.wall)), &mut octets);
        self.control.reply(client, &octets, is_last, self.now.boot);
        if !is_last {
            self.replies.statuses.insert(client, status);
        }
        is_last
    }

    /// Makes all replies whole at once.
    pub(super) fn finish_replies(&mut self) {
        let clients: Vec<Client> = self.replies.statuses.keys().copied().collect();
        for client in clients {
            while !self.go_on_with(client) {}
        }
    }

    fn hear_reader(&mut self) {
        while let Some(answer) = self.reader.take_reply() {
            let Some((client, asked)) = self.replies.take_asked(answer.ticket) else { continue };
            let octets = match answer.result {
                Ok(answer) => asked.reply(answer),
                Err(error) => reply::error(&error.to_string()),
            };
            self.control.reply(client, &octets, true, self.now.boot);
        }
    }
}
