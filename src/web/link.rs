//! `/a/TOKEN`: the link of an alert, by which whoever has it acknowledges that failure, and does nothing else. Opening it
//! changes nothing: programs that look at mails open links. The token is never logged.

use crate::access::Visitor;
use crate::board::Board;
use crate::control::NotDone;
use crate::reply::{self, Reply, escaped};
use crate::router::request;
use hyper::header::{CACHE_CONTROL, REFERRER_POLICY};
use oco::logic::control::{ActReply, FAILURE_OVER, FleetOrder, TokenReply};

/// Octets of the words that somebody gives.
const TEXT_OCTETS: usize = 500;

/// Shows the failure and one button.
pub async fn show(board: &Board, token: &str) -> Reply {
    let order = FleetOrder::Token { token: token.to_owned() };
    match board.watcher.order::<TokenReply>(order, None, None).await {
        Ok(failure) => page(200, "Acknowledge a failure", &told(&failure)),
        Err(why) => refused(&why),
    }
}

/// The failure, and the button.
fn told(failure: &TokenReply) -> String {
    let (name, since) = (escaped(&failure.name), escaped(&failure.since));
    let mut html = format!(
        "<p><b><bdi>{name}</bdi></b> fails since <time datetime=\"{since}\">{since}</time>: <bdi>{}</bdi>\n",
        escaped(&failure.reason)
    );
    if let Some(acked) = &failure.acked {
        html.push_str(&format!("<p>Acknowledged by <bdi>{}</bdi>.\n", escaped(&acked.who)));
    }
    html.push_str(
        "<form method=\"post\"><p><label>Why <input name=\"text\" maxlength=\"500\"></label> \
         <button>Acknowledge</button></form>\n",
    );
    html
}

/// Acknowledges.
pub async fn acknowledge(board: &Board, visitor: &Visitor, token: &str, octets: &[u8]) -> Reply {
    let fields = request::form(octets);
    let text = fields.iter().find(|(key, _)| key == "text").map_or("", |(_, value)| value.trim());
    let text = text.chars().take(TEXT_OCTETS).collect();
    let who = visitor.who.as_ref().map_or_else(|| "who has the link".to_owned(), |who| who.name.clone());
    let order = FleetOrder::AckToken { token: token.to_owned(), text };
    match board.watcher.order::<ActReply>(order, Some(who), None).await {
        Ok(done) => {
            let rest = format!("<p><bdi>{}</bdi> is acknowledged.\n", escaped(&done.name));
            page(200, "Acknowledged", &rest)
        }
        Err(why) => refused(&why),
    }
}

fn refused(why: &NotDone) -> Reply {
    match why {
        NotDone::Refused(why) if why.contains(FAILURE_OVER) => page(410, "This failure is over", ""),
        NotDone::Refused(_) => page(404, "This link is none of this board", ""),
        NotDone::Away(_) => page(503, "The watcher is away; try again in a minute", ""),
    }
}

/// The way here is nobody else's to know.
fn page(status: u16, what: &str, rest: &str) -> Reply {
    let page = reply::page(status, reply::message(what, rest));
    reply::with(reply::with(page, CACHE_CONTROL, "no-store"), REFERRER_POLICY, "no-referrer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco::logic::control::ActStatus;

    #[test]
    fn a_failure_is_told_as_it_is() {
        let mut failure = TokenReply {
            version: 1,
            ok: true,
            name: "web/page".to_owned(),
            since: "2026-11-25T09:49:00Z".to_owned(),
            reason: "<refused>".to_owned(),
            acked: None,
        };
        let shown = told(&failure);
        for part in ["<form method=\"post\">", "web/page", "&lt;refused&gt;", "2026-11-25T09:49:00Z"] {
            assert!(shown.contains(part), "{part} is not in\n{shown}");
        }
        assert!(!shown.contains("Acknowledged by"));
        let text = "known".to_owned();
        failure.acked = Some(ActStatus { who: "a<b".to_owned(), at: String::new(), until: None, text });
        assert!(told(&failure).contains("Acknowledged by <bdi>a&lt;b</bdi>"));
    }
}
