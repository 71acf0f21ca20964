//! Logging in by a token, and out.

use crate::access::{Visitor, login};
use crate::board::Board;
use crate::pages::own_path;
use crate::reply::{self, Reply, escaped};
use crate::router::{self, request};
use crate::server::places::Place;
use hyper::body::Incoming;
use hyper::header::CACHE_CONTROL;
use hyper::{Method, Request};

/// Answers `/login` and `/logout`.
pub async fn route((board, place): (&Board, &Place), visitor: &Visitor, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    match (path.as_str(), request.method()) {
        ("/login", &Method::GET | &Method::HEAD) => {
            let query = request.uri().query().unwrap_or_default().as_bytes();
            let to = request::form(query).into_iter().find(|(key, _)| key == "to");
            form(200, "Log in", to.as_ref().map_or("/", |(_, to)| to))
        }
        ("/login", &Method::POST) => log_in((board, place), visitor, request).await,
        ("/logout", &Method::POST) => log_out((board, place), visitor, request).await,
        ("/login", _) => reply::wrong_method(&path, "GET, POST"),
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
            form(403, "That is no token of this board", to)
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

fn form(status: u16, what: &str, to: &str) -> Reply {
    let to = escaped(own_path(to));
    let html = reply::message(
        what,
        &format!(
            "<form method=\"post\" action=\"/login\">\n<input type=\"hidden\" name=\"to\" value=\"{to}\">\n\
             <p><label>Token <input type=\"password\" name=\"token\" autocomplete=\"current-password\" required></label>\n\
             <p><button>Log in</button>\n</form>\n\
             <p>An administrator makes one with <code>ocoboard token new NAME</code>.\n"
        ),
    );
    reply::with(reply::page(status, html), CACHE_CONTROL, "no-store")
}
