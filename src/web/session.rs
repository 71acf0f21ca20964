//! Logging in by a token, and out.

use crate::access::visitor::By;
use crate::access::{Visitor, login};
use crate::board::Board;
use crate::pages::{self, own_path};
use crate::reply::{self, Reply};
use crate::router::{self, request};
use crate::server::places::Place;
use crate::show;
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request};

/// Answers `/login` and `/logout`.
pub async fn route((board, place): (&Board, &Place), visitor: &Visitor, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    match (path.as_str(), request.method()) {
        ("/login", &Method::GET | &Method::HEAD) => {
            let query = request.uri().query().unwrap_or_default().as_bytes();
            let to = request::form(query).into_iter().find(|(key, _)| key == "to");
            form(board, visitor, false, to.as_ref().map_or("/", |(_, to)| to))
        }
        ("/login", &Method::POST) => log_in((board, place), visitor, request).await,
        ("/logout", &Method::POST) => log_out((board, place), visitor, request).await,
        ("/login", _) => reply::wrong_method(&path, "GET, HEAD, POST"),
        _ => reply::wrong_method(&path, "POST"),
    }
}

async fn log_in((board, place): (&Board, &Place), visitor: &Visitor, request: Request<Incoming>) -> Reply {
    if !router::is_same_origin(request.headers()) {
        return reply::error("/login", 403, "This form is from another site");
    }
    let octets = match request::body(request, place).await {
        Ok(octets) => octets,
        Err(refused) => return refused.reply("/login"),
    };
    let fields = request::form(&octets);
    let field = |wanted: &str| fields.iter().find(|(key, _)| key == wanted).map_or("", |(_, value)| value);
    let to = own_path(field("to"));
    let cookie = {
        let keys = board.keys.borrow();
        keys.token(field("token").trim()).and_then(|(name, _)| {
            let hash = keys.token_hash(name)?;
            Some(login::value(&keys, name, hash, router::seconds()))
        })
    };
    match cookie {
        Some(cookie) => {
            board.guard.borrow_mut().right(visitor.client.address);
            let cookie = login::set_cookie(Some(&cookie), visitor.client.is_https);
            reply::with_cookie(reply::see_other(to), &cookie)
        }
        None => {
            router::slow_down(board, visitor.client).await;
            form(board, visitor, true, to)
        }
    }
}

async fn log_out((board, place): (&Board, &Place), visitor: &Visitor, request: Request<Incoming>) -> Reply {
    let headers = request.headers().clone();
    let octets = match request::body(request, place).await {
        Ok(octets) => octets,
        Err(refused) => return refused.reply("/logout"),
    };
    let fields = request::form(&octets);
    let given = fields.iter().find(|(key, _)| key == "form").map_or("", |(_, value)| value);
    if visitor.who.is_some() && !router::is_own_form(board, visitor, given, &headers) {
        return reply::error("/logout", 403, "This form is from another site, or too old");
    }
    reply::with_cookie(reply::see_other("/"), &login::set_cookie(None, visitor.client.is_https))
}

fn form(board: &Board, visitor: &Visitor, is_wrong: bool, to: &str) -> Reply {
    // Who is known otherwise than by a cookie can not log out here.
    let out = visitor.who.as_ref().filter(|who| who.by == By::Cookie);
    let key = out.map(|who| login::form_token(&board.keys.borrow(), &who.name, router::seconds()));
    let page = pages::login(&board.facts(), &show::looks(board, visitor), is_wrong, to, key.as_deref());
    show::send(page, &HeaderMap::new())
}
