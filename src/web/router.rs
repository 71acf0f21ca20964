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
use crate::{link, listening, pages, push, session, show};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Method, Request};
use log::warn;
use oco::logic::control::ActReply;
use oco::system::clock;
use serde_json::Value;
use std::rc::Rc;

/// Answers a request.
pub async fn route(board: &Rc<Board>, (peer, place): (Peer, &Place), request: Request<Incoming>) -> Reply {
    let settings = board.settings();
    let client = visitor::client(peer, &settings, request.headers());
    let path = request.uri().path().to_owned();
    let kind = Kind::of_path(&path);
    let is_welcome = may_connect(&settings, client);
    let reply = match kind {
        Some(kind) if is_welcome => take_push((board, place), kind, client, request).await,
        Some(_) | None if !is_welcome => reply::error(&path, 403, "This address may not connect here"),
        // Pushers are most of those who connect. Were this a part of the same, each of their connections would have the
        // room of the largest page's.
        Some(_) | None => return Box::pin(answer(board, (peer, client, place), path, request)).await,
    };
    if kind.is_some() {
        board.intake.borrow_mut().count(reply.status().as_u16());
    }
    reply
}

/// Answers whoever pushes nothing.
async fn answer(
    board: &Rc<Board>,
    (peer, client, place): (Peer, Client, &Place),
    path: String,
    request: Request<Incoming>,
) -> Reply {
    let settings = board.settings();
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
    if path == "/login" || path == "/logout" {
        return session::route((board, place), &visitor, request).await;
    }
    if let Some(token) = path.strip_prefix("/a/") {
        return follow_link((board, place), &visitor, token, request).await;
    }
    if path == pages::ACT_PATH {
        return act_by_form((board, place), &visitor, request).await;
    }
    read(board, peer, &visitor, &request).await
}

/// Answers what is only read.
async fn read(board: &Rc<Board>, peer: Peer, visitor: &Visitor, request: &Request<Incoming>) -> Reply {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let is_for_programs = is_of_programs(path);
    if is_for_programs && !visitor.may_read(&board.settings()) {
        return unknown(path, "A token is needed");
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return match is_for_programs && !show::is_read(board, path) {
            true => reply::error(path, 404, "There is nothing here"),
            false if is_for_programs => reply::wrong_method(path, "GET, HEAD"),
            false => show::other_method(board, visitor, path, query, request.headers()),
        };
    }
    match path {
        "/metrics" => show::metrics(board),
        "/api/v1/events" => listening::events(board, peer, visitor, request.headers()),
        path if is_for_programs => {
            let shown = match path.strip_prefix("/api/v1/") {
                Some(what) => show::api(board, what, query, request.headers()).await,
                None => None,
            };
            shown.unwrap_or_else(|| reply::error(path, 404, "There is nothing here"))
        }
        path => show::page(board, visitor, path, query, request.headers()).await,
    }
}

async fn follow_link(
    (board, place): (&Board, &Place),
    visitor: &Visitor,
    token: &str,
    request: Request<Incoming>,
) -> Reply {
    match *request.method() {
        Method::GET | Method::HEAD => link::show(board, visitor, token).await,
        Method::POST => match request::body(request, place).await {
            Ok(octets) => link::acknowledge(board, visitor, token, &octets).await,
            Err(refused) => refused.reply("/a/"),
        },
        _ => reply::wrong_method("/a/", "GET, HEAD, POST"),
    }
}

async fn act_by_form(
    (board, place): (&Board, &Place),
    visitor: &Visitor,
    request: Request<Incoming>,
) -> Reply {
    if request.method() != Method::POST {
        return reply::wrong_method(pages::ACT_PATH, "POST");
    }
    let headers = request.headers().clone();
    match request::body(request, place).await {
        Ok(octets) => show::act(board, visitor, &octets, &headers).await,
        Err(refused) => refused.reply(pages::ACT_PATH),
    }
}

/// Whether a path is one that programs ask.
fn is_of_programs(path: &str) -> bool {
    path.starts_with("/api/") || path == "/api" || path == "/metrics"
}

/// Whether the watcher refuses for want of somebody of that name.
pub fn is_unknown(why: &str) -> bool {
    why.ends_with("nothing is known by that name")
}

/// Seconds since 1970.
pub fn seconds() -> u64 {
    u64::try_from(clock::now().wall.0 / 1_000_000_000).unwrap_or(0)
}

/// Whether anything is answered to who comes from there.
pub fn may_connect(settings: &Settings, client: Client) -> bool {
    match (&settings.access.networks, client.address) {
        (None, _) | (_, None) => true,
        (Some(networks), Some(address)) => networks.iter().any(|network| network.contains(address)),
    }
}

/// Who has to say who it is is shown the way.
pub fn to_login(path: &str, query: &str) -> Reply {
    let wanted = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let to: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
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
            let reply = reply::json(answer.status, answer.json);
            match answer.retry_after {
                Some(seconds) => reply::with(reply, RETRY_AFTER, &seconds.to_string()),
                None => reply,
            }
        }
        Err(refused) => refused.reply(&path),
    }
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

async fn health(board: &Board, method: &Method) -> Reply {
    if method != Method::GET && method != Method::HEAD {
        return reply::wrong_method("/health", "GET, HEAD");
    }
    if let Err(why) = board.watcher.report(Vec::new()).await {
        return reply::text(503, &why.to_string());
    }
    let facts = board.facts();
    match facts.snapshot.warning(facts.now) {
        Some(why) => reply::text(503, &why),
        None => reply::text(200, "ok"),
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
    let order = match Wish::parse(word, &octets).and_then(|wish| acts::order(word, wish)) {
        Ok(order) => order,
        Err(why) => return reply::json(400, error_json(&why)),
    };
    match acts::act(board, order, &who.name).await {
        Ok(done) => reply::json(200, acted(word, &done)),
        Err(not) => reply::json(not.status, error_json(&not.what)),
    }
}

/// Of a group each service gets a correction: who made them has to be able to take back all of them.
fn acted(word: Word, done: &ActReply) -> String {
    match (word, done.id, done.ids.as_slice()) {
        (Word::Adjust, _, ids @ [_, _, ..]) => format!("{{\"ok\": 1, \"ids\": {}}}", Value::from(ids)),
        (Word::Adjust, Some(id), _) => format!("{{\"ok\": 1, \"id\": {id}, \"ids\": [{id}]}}"),
        _ => "{\"ok\": 1}".to_owned(),
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
