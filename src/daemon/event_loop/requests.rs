//! Requests over HTTP: all that came in one turn are answered together, as true as a line would be.

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

/// What `/checks` is.
const JSON: &str = "application/json";

impl<F: Files, K: Sockets> EventLoop<F, K> {
    /// Goes on with the HTTP connection of `id`.
    pub(super) fn advance(&mut self, id: ConnectionId) {
        let turn = self.http.ready(id, &mut self.sockets);
        self.act_on(id, turn);
    }

    /// Answers what was asked in this turn.
    pub(super) fn answer_questions(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        self.now = self.sockets.now();
        self.answers.refresh(self.now);
        for Question { id, listener, asked } in std::mem::take(&mut self.asked) {
            let response = self.respond(listener, asked);
            let turn = self.http.respond(id, response, &mut self.sockets);
            self.act_on(id, turn);
        }
        self.settle_answered();
    }

    fn act_on(&mut self, id: ConnectionId, turn: HttpTurn<K::Stream, Page>) {
        match turn {
            // Each response is handed in as a whole.
            HttpTurn::Nothing | HttpTurn::Continue => {}
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
