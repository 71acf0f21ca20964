//! `/a/TOKEN`: the link of an alert, by which whoever has it acknowledges that failure, and does nothing else. Opening it
//! changes nothing: programs that look at mails open links. The token is never logged.

use crate::access::Visitor;
use crate::board::Board;
use crate::control::NotDone;
use crate::pages::{self, Page};
use crate::reply::{self, Reply};
use crate::router::request;
use crate::show;
use hyper::header::{HeaderMap, REFERRER_POLICY};
use oco::logic::control::{ActReply, FAILURE_OVER, FleetOrder, TokenReply};

/// Octets of the words that somebody gives.
const TEXT_OCTETS: usize = 500;

/// Shows the failure and one button.
pub async fn show(board: &Board, visitor: &Visitor, token: &str) -> Reply {
    let order = FleetOrder::Token { token: token.to_owned() };
    match board.watcher.order::<TokenReply>(order, None, None).await {
        Ok(failure) => sent(pages::failure(&board.facts(), &show::looks(board, visitor), &failure)),
        Err(why) => refused(board, visitor, &why),
    }
}

/// Acknowledges.
pub async fn acknowledge(board: &Board, visitor: &Visitor, token: &str, octets: &[u8]) -> Reply {
    let fields = request::form(octets);
    let text = fields.iter().find(|(key, _)| key == "text").map_or("", |(_, value)| value.trim());
    let text = text.chars().take(TEXT_OCTETS).collect();
    let who = visitor.who.as_ref().map_or_else(|| "who has the link".to_owned(), |who| who.name.clone());
    let order = FleetOrder::AckToken { token: token.to_owned(), text };
    match board.watcher.order::<ActReply>(order, Some(who), None).await {
        Ok(done) => sent(pages::acknowledged(&board.facts(), &show::looks(board, visitor), &done.name)),
        Err(why) => refused(board, visitor, &why),
    }
}

fn refused(board: &Board, visitor: &Visitor, why: &NotDone) -> Reply {
    let (status, what) = match why {
        NotDone::Refused(why) if why.contains(FAILURE_OVER) => (410, "This failure is over."),
        NotDone::Refused(_) => (404, "This link is none of this board."),
        NotDone::Away(_) => (503, "The watcher is away; try again in a minute."),
    };
    sent(pages::error(&board.facts(), &show::looks(board, visitor), status, what))
}

/// The way here is nobody else's to know.
fn sent(page: Page) -> Reply {
    reply::with(show::send(page, &HeaderMap::new()), REFERRER_POLICY, "no-referrer")
}
