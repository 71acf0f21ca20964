//! Pages and what programs read, over HTTP: who may see it, what the watcher is asked for it, and how it is sent.

use crate::access::{Visitor, login};
use crate::acts::{self, NotActed};
use crate::api::{self, Api, handed_on};
use crate::board::Board;
use crate::control::NotDone;
use crate::limits::GZIP_FROM;
use crate::pages::{self, Facts, Form, Page, Query, Route};
use crate::push::error_json;
use crate::reply::{self, Reply};
use crate::router;
use hyper::HeaderMap;
use hyper::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, IF_NONE_MATCH, VARY};
use oco::logic::code::Code;
use oco::logic::control::FleetOrder;

/// Answers with a page.
pub async fn page(board: &Board, visitor: &Visitor, path: &str, query: &str, headers: &HeaderMap) -> Reply {
    let mut facts = board.facts();
    let may_read = visitor.may_read(&board.settings());
    let looker = looks(board, visitor);
    let to_login = || router::to_login(path, query);
    let route = match Route::new(path, &Query::parse(query), &facts, &looker) {
        Ok(route) if may_read || route.is_public(&facts) => route,
        // What is not there is told of where everybody may look.
        Err(page) if may_read || path.starts_with("/p/") => return send(page, headers),
        Ok(_) | Err(_) => return to_login(),
    };
    if let Some(host) = route.host() {
        let intake = board.intake.borrow();
        facts.pushed = intake.pushed(host, &board.settings().push.group);
        facts.verdict = intake.details.host(host).and_then(|oco| oco.code).and_then(Code::new);
    }
    send(route.show(facts, &looker, &board.store).await, headers)
}

/// Answers a method that no page takes. What is not there is not there whatever the method.
pub fn other_method(board: &Board, visitor: &Visitor, path: &str, query: &str, headers: &HeaderMap) -> Reply {
    let facts = board.facts();
    let may_read = visitor.may_read(&board.settings());
    match Route::new(path, &Query::parse(query), &facts, &looks(board, visitor)) {
        Err(page) if page.status == 404 && (may_read || path.starts_with("/p/")) => send(page, headers),
        Ok(route) if !may_read && !route.is_public(&facts) => router::to_login(path, query),
        Err(_) if !may_read => router::to_login(path, query),
        Ok(_) | Err(_) => reply::wrong_method(path, "GET, HEAD"),
    }
}

/// Who looks, as pages know it: who may act sees forms.
pub fn looks(board: &Board, visitor: &Visitor) -> pages::Visitor {
    let key = |name: &str| login::form_token(&board.keys.borrow(), name, router::seconds());
    pages::Visitor {
        name: visitor.who.as_ref().map(|who| who.name.clone()),
        form_key: visitor.actor().map(|who| key(&who.name)),
        is_outside: !visitor.may_read(&board.settings()),
    }
}

/// Sends a page, unless the browser has it.
pub fn send(page: Page, headers: &HeaderMap) -> Reply {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_html = page.content_type.starts_with("text/html");
    let is_known = page.status == 200 && text(IF_NONE_MATCH).is_some_and(|tags| page.is_one_of(tags));
    let takes_gzip = text(ACCEPT_ENCODING).is_some_and(takes_gzip) && page.body.len() >= GZIP_FROM;
    let body = match (is_known, takes_gzip) {
        (true, _) => Vec::new(),
        (false, true) => page.gzip(),
        (false, false) => page.body,
    };
    let status = if is_known { 304 } else { page.status };
    let mut sent = reply::whole(status, page.content_type, body);
    if is_html {
        sent = reply::guarded(sent);
    }
    if takes_gzip && !is_known {
        sent = reply::with(sent, CONTENT_ENCODING, "gzip");
    }
    match &page.etag {
        // It is asked for each time, and mostly not sent.
        Some(etag) => sent = reply::with(reply::with(sent, ETAG, etag), CACHE_CONTROL, "private, no-cache"),
        None => sent = reply::with(sent, CACHE_CONTROL, "no-store"),
    }
    reply::with(sent, VARY, "Accept-Encoding, Cookie")
}

/// Whether who says so takes gzip: a weight of zero says that one does not.
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let is_none = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !is_none
    })
}

/// A page that says what is wrong.
fn error(board: &Board, visitor: &Visitor, status: u16, why: &str) -> Reply {
    send(pages::error(&board.facts(), &looks(board, visitor), status, why), &HeaderMap::new())
}

/// Answers what is read behind `/api/v1/`. None: there is nothing to read.
pub async fn api(board: &Board, what: &str, query: &str, headers: &HeaderMap) -> Option<Reply> {
    let mut facts = board.facts();
    let api = match Api::new(what, &Query::parse(query), &facts) {
        Ok(api) => api?,
        Err(wrong) => return Some(send(wrong.into(), headers)),
    };
    if let Some(order) = api.order() {
        let zone = board.settings().time_zone.clone();
        match board.watcher.order_line(order, None, zone).await {
            Ok(line) => return Some(send(handed_on(&line), headers)),
            // Whoever asks the journal from now on knows it too.
            Err(NotDone::Away(why)) => facts.watcher = Some(why),
            Err(refused @ NotDone::Refused(_)) => {
                let not = NotActed::from(refused);
                return Some(reply::json(not.status, error_json(&not.what)));
            }
        }
    }
    let told = api.show(facts, &board.store).await;
    let sent = send(told.page, headers);
    Some(match told.warning {
        Some(warning) => reply::with_warning(sent, &warning),
        None => sent,
    })
}

/// Whether something is read at this path of programs.
pub fn is_read(board: &Board, path: &str) -> bool {
    let of_api = |what: &str| !matches!(Api::new(what, &Query::default(), &board.facts()), Ok(None));
    path == "/metrics" || path.strip_prefix("/api/v1/").is_some_and(|what| what == "events" || of_api(what))
}

/// `/metrics`.
pub fn metrics(board: &Board) -> Reply {
    let mut page = api::metrics(&board.facts());
    board.intake.borrow().count_into(&mut page);
    let reply = reply::whole(200, "text/plain; version=0.0.4; charset=utf-8", page.into_string());
    reply::with(reply, CACHE_CONTROL, "no-store")
}

/// `POST /act`: a form of our pages.
pub async fn act(board: &Board, visitor: &Visitor, octets: &[u8], headers: &HeaderMap) -> Reply {
    let Some(who) = visitor.actor() else {
        return error(board, visitor, 403, "A token of role act is needed.");
    };
    let form = match Form::parse(octets) {
        Ok(form) => form,
        Err(why) => return error(board, visitor, 400, &why),
    };
    if !router::is_own_form(board, visitor, &form.key, headers) {
        return error(board, visitor, 403, "This form is from another site, or too old: open the page anew.");
    }
    // A correction is read from the journal by the pages that show it.
    let is_act = !matches!(form.order, FleetOrder::Adjust { .. } | FleetOrder::Unadjust { .. });
    let before = board.store.snapshot();
    match acts::act(board, form.order, &who.name).await {
        Ok(done) => {
            // Without a script nobody would be told that the page goes on: who sees nothing acts again.
            if is_act && !done.took.is_empty() {
                board.store.shows_other_acts(&before).await;
            }
            reply::see_other(&form.back)
        }
        Err(not) => error(board, visitor, not.status, &not.what),
    }
}

impl Board {
    /// What pages are made of, now.
    pub fn facts(&self) -> Facts {
        Facts {
            snapshot: self.store.snapshot(),
            pushed: None,
            verdict: None,
            watcher: self.away.borrow().clone(),
            pushes: self.intake.borrow().refused.clone(),
            settings: self.page_settings(),
            now: oco_fleet::time::Millis::of(oco::system::clock::now().wall),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        for (accepted, takes) in [
            ("gzip", true),
            ("deflate, gzip;q=0.5", true),
            ("GZIP", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(accepted), takes, "{accepted}");
        }
    }
}
