//! Answers: JSON under `/api`, a page elsewhere, each with the headers that keep browsers in their place.

use crate::push::error_json;
use crate::server::content::Content;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, SET_COOKIE, WARNING, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

/// An answer.
pub type Reply = Response<Content>;

/// No page of ours loads anything from elsewhere, or stands within another's.
const POLICY: &str = "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'";

/// An answer of this type.
pub fn whole(status: u16, content_type: &'static str, body: impl Into<Content>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// JSON.
pub fn json(status: u16, json: String) -> Reply {
    with(whole(status, "application/json", json), CACHE_CONTROL, "no-store")
}

/// Plain text, for programs that look at the status.
pub fn text(status: u16, text: &str) -> Reply {
    with(whole(status, "text/plain; charset=utf-8", format!("{text}\n")), CACHE_CONTROL, "no-store")
}

/// A page.
pub fn page(status: u16, html: String) -> Reply {
    guarded(whole(status, "text/html; charset=utf-8", html))
}

/// The same with what keeps a page of ours to itself.
pub fn guarded(reply: Reply) -> Reply {
    let reply = with(reply, CONTENT_SECURITY_POLICY, POLICY);
    with(reply, REFERRER_POLICY, "same-origin")
}

/// An error as this path tells it.
pub fn error(path: &str, status: u16, what: &str) -> Reply {
    match path.starts_with("/api/") || path == "/api" {
        true => json(status, error_json(what)),
        false => page(status, message(what, "")),
    }
}

/// What the path takes instead.
pub fn wrong_method(path: &str, allowed: &str) -> Reply {
    with(error(path, 405, &format!("Method not allowed; expected {allowed}")), ALLOW, allowed)
}

/// The way to another page.
pub fn see_other(location: &str) -> Reply {
    let mut reply = whole(303, "text/plain; charset=utf-8", String::new());
    // One that no header can hold leads to the first page.
    let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"));
    reply.headers_mut().insert(LOCATION, location);
    reply
}

/// The same with a cookie.
pub fn with_cookie(reply: Reply, cookie: &str) -> Reply {
    with(reply, SET_COOKIE, cookie)
}

/// The same with a header. One that can't be is left out.
pub fn with(mut reply: Reply, name: HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}

/// The same with a warning, as HTTP has a header for it. Names in it may hold what a header can't.
pub fn with_warning(reply: Reply, warning: &str) -> Reply {
    let plain = |character: char| match character {
        '"' | '\\' => '\'',
        ' '..='~' => character,
        _ => '?',
    };
    let warning: String = warning.chars().map(plain).collect();
    with(reply, WARNING, &format!("199 ocoboard \"{warning}\""))
}

/// A page of one sentence, and `rest` behind it, which is HTML.
pub fn message(what: &str, rest: &str) -> String {
    let what = escaped(what);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{what}</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n<main>\n<h1>{what}</h1>\n{rest}</main>\n"
    )
}

/// A text that HTML shows as it is.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            character => html.push(character),
        }
    }
    html
}
