//! Which path is whose: pushers, the API, logins, pages.
//!
//! The order matters: where somebody may not connect, nothing else is looked at; then what is for everybody, then who it
//! is, and only then what that one may see and do.

pub mod request;

use crate::access::visitor::{self, By, WrongToken};
use crate::access::{Client, Peer, Visitor, login};
use crate::acts::{self, Wish, Word};
use crate::board::Board;
use crate::config::Settings;
use crate::push::body::Kind;
use crate::push::error_json;
use crate::reply::{self, Reply};
use crate::server::places::Place;
use crate::{push, session};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use hyper::{Method, Request};
use log::warn;
use oco::system::clock;
use std::rc::Rc;

/// Answers a request.
pub async fn route(board: &Rc<Board>, (peer, place): (Peer, &Place), request: Request<Incoming>) -> Reply {
    let settings = board.settings();
    let client = visitor::client(peer, &settings, request.headers());
    let path = request.uri().path().to_owned();
    if !may_connect(&settings, client) {
        return reply::error(&path, 403, "This address may not connect here");
    }
    if let Some(kind) = Kind::of_path(&path) {
        return take_push((board, place), kind, client, request).await;
    }
    if path == "/health" {
        return health(board, request.method()).await;
    }
    let known = {
        // Revoked tokens are none from then on.
        let mut keys = board.keys.borrow_mut();
        if let Err(error) = keys.refresh() {
            warn!("keys: {error}");
        }
        visitor::visitor((peer, client), &settings, &keys, request.headers(), seconds())
    };
    let visitor = match known {
        Ok(visitor) => visitor,
        Err(WrongToken) => {
            slow_down(board, client).await;
            return unknown(&path, "Invalid token");
        }
    };
    if let Some(word) = path.strip_prefix("/api/v1/").and_then(Word::parse) {
        return act((board, place), word, &visitor, request).await;
    }
    match path.as_str() {
        "/login" | "/logout" => session::route((board, place), &visitor, request).await,
        _ if !visitor.may_read(&settings) => {
            to_login(&path, request.uri().path_and_query().map(|to| to.as_str()))
        }
        _ => reply::error(&path, 404, "There is nothing here"),
    }
}

/// Seconds since 1970.
pub fn seconds() -> u64 {
    u64::try_from(clock::now().wall.0 / 1_000_000_000).unwrap_or(0)
}

fn may_connect(settings: &Settings, client: Client) -> bool {
    match (&settings.access.networks, client.address) {
        (None, _) | (_, None) => true,
        (Some(networks), Some(address)) => networks.iter().any(|network| network.contains(address)),
    }
}

/// Who is not known is told so where programs ask, and shown the way where people do.
fn to_login(path: &str, wanted: Option<&str>) -> Reply {
    if path.starts_with("/api/") || path == "/metrics" {
        return unknown(path, "A token is needed");
    }
    let to: String = form_urlencoded::byte_serialize(wanted.unwrap_or("/").as_bytes()).collect();
    reply::see_other(&format!("/login?to={to}"))
}

fn unknown(path: &str, what: &str) -> Reply {
    let reply = match path == "/metrics" {
        true => reply::text(401, what),
        false => reply::error(path, 401, what),
    };
    reply::with(reply, WWW_AUTHENTICATE, "Bearer")
}

/// Holds the answer to a wrong token back, and logs it.
pub async fn slow_down(board: &Board, client: Client) {
    let now = clock::now().boot;
    let delay = {
        let mut guard = board.guard.borrow_mut();
        if let Some(withheld) = guard.lines.admit(now) {
            let from = client.address.map_or_else(|| "this host".to_owned(), |address| address.to_string());
            warn!("wrong token from {from}{withheld}");
        }
        guard.wrong(client.address, now)
    };
    tokio::time::sleep(delay).await;
}

async fn take_push(
    (board, place): (&Board, &Place),
    kind: Kind,
    client: Client,
    request: Request<Incoming>,
) -> Reply {
    let path = request.uri().path().to_owned();
    if request.method() != Method::POST {
        return reply::wrong_method(&path, "POST");
    }
    let content_type = content_type(request.headers());
    match request::body(request, place).await {
        Ok(octets) => {
            let answer = push::take(board, kind, content_type.as_deref(), &octets, client.address).await;
            reply::json(answer.status, answer.json)
        }
        Err(refused) => refused.reply(&path),
    }
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

async fn health(board: &Board, method: &Method) -> Reply {
    if method != Method::GET && method != Method::HEAD {
        return reply::wrong_method("/health", "GET");
    }
    match board.watcher.report(Vec::new()).await {
        Ok(()) => reply::text(200, "ok"),
        Err(why) => reply::text(503, &why.to_string()),
    }
}

async fn act(
    (board, place): (&Board, &Place),
    word: Word,
    visitor: &Visitor,
    request: Request<Incoming>,
) -> Reply {
    let path = request.uri().path().to_owned();
    if request.method() != Method::POST {
        return reply::wrong_method(&path, "POST");
    }
    // Other sites can have a browser send a cookie along, but no token.
    let Some(who) = visitor.who.as_ref().filter(|who| who.by == By::Token) else {
        return unknown(&path, "A token of role act is needed");
    };
    if visitor.actor().is_none() {
        return reply::error(&path, 403, "A token of role act is needed");
    }
    let octets = match request::body(request, place).await {
        Ok(octets) => octets,
        Err(refused) => return refused.reply(&path),
    };
    let wish: Wish = match serde_json::from_slice(&octets) {
        Ok(wish) => wish,
        Err(error) => return reply::json(400, error_json(&format!("No JSON object as expected: {error}"))),
    };
    match acts::act(board, word, wish, &who.name).await {
        Ok(done) => reply::json(200, acted(word, done.id)),
        Err(not) => reply::json(not.status, error_json(&not.what)),
    }
}

fn acted(word: Word, id: Option<i64>) -> String {
    match id.filter(|_| word == Word::Adjust) {
        Some(id) => format!("{{\"ok\": 1, \"id\": {id}}}"),
        None => "{\"ok\": 1}".to_owned(),
    }
}

/// Whether a browser sent this from a page of ours, as far as it tells. Old ones tell nothing.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, of)| of.eq_ignore_ascii_case(host))
        }
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// Whether a form of somebody who is known by a cookie or proxy carries what proves that it is from a page of ours.
pub fn is_own_form(board: &Board, visitor: &Visitor, given: &str, headers: &HeaderMap) -> bool {
    let Some(who) = &visitor.who else { return false };
    match who.by {
        By::Token => true,
        By::Cookie | By::Proxy => {
            is_same_origin(headers) && login::is_form_token(&board.keys.borrow(), &who.name, given, seconds())
        }
    }
}
