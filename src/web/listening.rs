//! `/api/v1/events`: who listens, until one of both ends goes, or until that one may not any more.

use crate::access::{Client, Peer, Visitor, visitor};
use crate::api::Listener;
use crate::board::Board;
use crate::limits::{EVENTS_LEAVE_LOOK, EVENTS_WAITING};
use crate::race::first;
use crate::reply::{self, Reply};
use crate::router;
use crate::server::content::Content;
use hyper::HeaderMap;
use hyper::header::CACHE_CONTROL;
use std::rc::Rc;
use tokio::sync::mpsc;

/// Who listens, and by what that one is known.
#[derive(Debug)]
struct Leave {
    peer: Peer,
    client: Client,
    headers: HeaderMap,
    visitor: Visitor,
}

impl Leave {
    /// Whether a request like that which opened the stream would be let in by the same name still: its token may have been
    /// revoked since, its login may have ended, and the settings may have changed.
    fn holds(&self, board: &Board) -> bool {
        let settings = board.settings();
        let mut keys = board.keys.borrow_mut();
        // What can't be read is told by the next request. What was known stays.
        let _ = keys.refresh();
        let from = (self.peer, self.client);
        let seen = visitor::visitor(from, &settings, &keys, &self.headers, router::seconds());
        seen.is_ok_and(|seen| {
            seen.who == self.visitor.who
                && seen.may_read(&settings)
                && router::may_connect(&settings, self.client)
        })
    }

    /// Ends when it does.
    async fn end(&self, board: &Board) {
        while self.holds(board) {
            tokio::time::sleep(EVENTS_LEAVE_LOOK).await;
        }
    }
}

/// Answers with the stream.
pub fn events(board: &Rc<Board>, peer: Peer, visitor: &Visitor, headers: &HeaderMap) -> Reply {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let mut listener = Listener::new(&board.store, last);
    let mut ends = board.ends.subscribe();
    let (pieces, taken) = mpsc::channel(EVENTS_WAITING);
    let board = Rc::clone(board);
    let leave = Leave { peer, client: visitor.client, headers: headers.clone(), visitor: visitor.clone() };
    tokio::task::spawn_local(async move {
        let ended = async { drop(ends.wait_for(|ends| *ends).await) };
        let listening = async {
            loop {
                let piece = listener.next().await;
                // Nothing more is told to who may not know it. Who takes nothing is given up by its connection.
                if !leave.holds(&board) || (!piece.is_empty() && pieces.send(piece.into()).await.is_err()) {
                    return;
                }
            }
        };
        first(first(ended, leave.end(&board)), listening).await;
    });
    let reply = reply::whole(200, "text/event-stream", Content::Stream(taken));
    reply::with(reply, CACHE_CONTROL, "no-store")
}
