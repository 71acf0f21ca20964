//! Requests over HTTP: those that came in one turn are answered together, as true as a line would be. Where their pages are
//! so long that others would wait for them, the rest is answered in the next turns.

use super::EventLoop;
use super::accepting::finish;
use crate::limits::LINGER;
use crate::logic::face::Face;
use crate::logic::http::{Asked, PLAIN, Refusal, refuse, response};
use crate::logic::pages::Page;
use crate::logic::{checks_json, exposition, metrics};
use crate::net::http::HttpTurn;
use crate::net::lingering::Answered;
use crate::net::token::ConnectionId;
use crate::system::files::Files;
use crate::system::sockets::Sockets;

/// A request that was read.
#[derive(Debug)]
pub struct Question {
    id: ConnectionId,
    /// The id of the listener where it came in.
    listener: u32,
    asked: Asked<Page>,
}

impl Question {
    /// Whether it came from the same connection as `other`.
    pub fn is_of(&self, other: &Question) -> bool {
        self.id == other.id
    }
}

/// What `/checks` is.
const JSON: &str = "application/json";

impl<F: Files, K: Sockets> EventLoop<F, K> {
    /// Goes on with the HTTP connection of `id`.
    pub(super) fn advance(&mut self, id: ConnectionId) {
        let turn = self.http.ready(id, &mut self.sockets);
        self.act_on(id, turn);
    }

    /// Answers what was asked until now, as far as the turn has time for it.
    pub(super) fn answer_questions(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        self.now = self.sockets.now();
        self.answers.refresh(self.now);
        let mut made = 0;
        let mut questions = std::mem::take(&mut self.asked).into_iter();
        while made < self.bounds.http_octets_per_turn
            && let Some(Question { id, listener, asked }) = questions.next()
        {
            // Who gave up while waiting costs nothing more.
            if !self.http.is_there(id) {
                continue;
            }
            let response = self.respond(listener, asked);
            made += response.len();
            let turn = self.http.respond(id, response, &mut self.sockets);
            self.act_on(id, turn);
        }
        self.asked.splice(0..0, questions);
        self.settle_answered();
    }

    /// How many requests were read and have no response yet.
    pub fn questions(&self) -> usize {
        self.asked.len()
    }

    fn act_on(&mut self, id: ConnectionId, turn: HttpTurn<K::Stream, Page>) {
        match turn {
            // Each response is handed in as a whole.
            HttpTurn::Nothing | HttpTurn::Continue => {}
            // Who waits for the next turn may be heard of again meanwhile.
            HttpTurn::Answer(..) if self.asked.iter().any(|question| question.id == id) => {}
            HttpTurn::Answer(listener, asked) => self.asked.push(Question { id, listener, asked }),
            HttpTurn::Done(stream, client) => {
                if finish(&stream, &mut self.sockets) {
                    let deadline = self.now.boot.after(LINGER);
                    self.answered.push(Answered { stream, client, deadline, rest: Box::default() });
                }
            }
        }
    }

    fn respond(&mut self, listener: u32, asked: Asked<Page>) -> Vec<u8> {
        // Who came in by a port that was given up since is told of all checks no more than before.
        let view = self.listeners.view_of(listener);
        let asked = asked.and_then(|request| {
            view.map(|view| (request, view)).ok_or_else(|| request.refused(Refusal::NotFound))
        });
        let (request, view) = match asked {
            Ok(asked) => asked,
            Err(refused) => {
                self.tally.count_refusal(refused.why);
                return refuse(refused);
            }
        };
        let verdict = self.answers.verdict(view);
        self.tally.count(Face::Http, verdict);
        let line = std::str::from_utf8(self.answers.line(view)).unwrap_or_default();
        let checks = || self.answers.checks(view, self.now);
        match request.page {
            Page::Health => response(verdict.is_up(), PLAIN, line, request),
            Page::Checks => response(true, JSON, &checks_json::page(verdict, line, &checks()), request),
            Page::Metrics => {
                let page = metrics::page(verdict, &checks(), &self.tally);
                response(true, exposition::CONTENT_TYPE, &page, request)
            }
        }
    }
}
