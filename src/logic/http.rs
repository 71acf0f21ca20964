//! HTTP as far as pollers need it: the head of one request, and one response, after which the connection ends
//! (RFC 9110, RFC 9112).
//!
//! More lenient than the RFCs in one point: a request of HTTP/1.1 without `Host` is answered, as pollers leave it out
//! and nothing here depends on it. A body is not read.

use crate::limits::HTTP_HEADERS;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Which page.
    pub page: Page,
    /// Whether the body is to be left out: HEAD.
    pub is_head: bool,
}

/// The pages there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// `/` and `/health`: the line, whose status is for pollers.
    Health,
    /// `/checks`: everything there is to know, as JSON.
    Checks,
    /// `/metrics`: the same and more, for Prometheus.
    Metrics,
}

/// Why a request gets no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is no request.
    BadRequest,
    /// There is no such page.
    NotFound,
    /// The page is there, but only to be got.
    MethodNotAllowed,
    /// Its head is too long, or has too many headers.
    HeadTooLarge,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Refusal; 4] =
        [Refusal::BadRequest, Refusal::NotFound, Refusal::MethodNotAllowed, Refusal::HeadTooLarge];

    /// HTTP's status and the words for it.
    pub fn status(self) -> (u16, &'static str) {
        match self {
            Refusal::BadRequest => (400, "Bad Request"),
            Refusal::NotFound => (404, "Not Found"),
            Refusal::MethodNotAllowed => (405, "Method Not Allowed"),
            Refusal::HeadTooLarge => (431, "Request Header Fields Too Large"),
        }
    }

    /// One line for people.
    fn explanation(self) -> &'static str {
        match self {
            Refusal::BadRequest => "not an HTTP/1 request\n",
            Refusal::NotFound => "no such page; expected /, /health, /checks or /metrics\n",
            Refusal::MethodNotAllowed => "expected GET or HEAD\n",
            Refusal::HeadTooLarge => "the request's head is too large\n",
        }
    }
}

/// What came of a request's head: a page to send, or not.
pub type Asked = Result<Request, Refusal>;

/// Reads the head of a request. None: it is not complete.
pub fn read(head: &[u8]) -> Option<Asked> {
    let mut headers = [httparse::EMPTY_HEADER; HTTP_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => None,
        Ok(httparse::Status::Complete(_)) => {
            let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
            Some(choose(method, target))
        }
        Err(httparse::Error::TooManyHeaders) => Some(Err(Refusal::HeadTooLarge)),
        Err(_) => Some(Err(Refusal::BadRequest)),
    }
}

fn choose(method: &str, target: &str) -> Asked {
    let path = path(target).ok_or(Refusal::BadRequest)?;
    let page = match path {
        "/" | "/health" => Page::Health,
        "/checks" => Page::Checks,
        "/metrics" => Page::Metrics,
        _ => return Err(Refusal::NotFound),
    };
    match method {
        "GET" => Ok(Request { page, is_head: false }),
        "HEAD" => Ok(Request { page, is_head: true }),
        _ => Err(Refusal::MethodNotAllowed),
    }
}

/// The path of a request's target, which is a path itself or a whole address (RFC 9112, 3.2).
fn path(target: &str) -> Option<&str> {
    let target = target.split(['?', '#']).next().unwrap_or_default();
    if target.starts_with('/') {
        return Some(target);
    }
    let (scheme, rest) = target.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    Some(rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/"))
}

/// A whole response with `body`.
pub fn response(is_up: bool, content_type: &str, body: &str, is_head: bool) -> Vec<u8> {
    let status = if is_up { (200, "OK") } else { (503, "Service Unavailable") };
    compose(status, content_type, "", body, is_head)
}

/// A whole response that says why there is no page.
pub fn refuse(refusal: Refusal) -> Vec<u8> {
    let allow = if refusal == Refusal::MethodNotAllowed { "Allow: GET, HEAD\r\n" } else { "" };
    compose(refusal.status(), PLAIN, allow, refusal.explanation(), false)
}

/// The type of the line.
pub const PLAIN: &str = "text/plain; charset=utf-8";

fn compose(
    (status, reason): (u16, &str),
    content_type: &str,
    more: &str,
    body: &str,
    is_head: bool,
) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\n{more}Connection: close\r\n\r\n"
    );
    let mut response = head.into_bytes();
    if !is_head {
        response.extend_from_slice(body.as_bytes());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ask(head: &str) -> Option<Asked> {
        read(head.as_bytes())
    }

    fn page(page: Page) -> Option<Asked> {
        Some(Ok(Request { page, is_head: false }))
    }

    #[test]
    fn pages_are_found() {
        assert_eq!(ask("GET / HTTP/1.0\r\n\r\n"), page(Page::Health));
        assert_eq!(ask("GET /health HTTP/1.1\r\nHost: x\r\n\r\n"), page(Page::Health));
        assert_eq!(ask("GET /checks?x=1 HTTP/1.1\r\n\r\n"), page(Page::Checks));
        assert_eq!(ask("GET /metrics HTTP/1.1\nHost: x\n\n"), page(Page::Metrics));
        assert_eq!(ask("GET http://web1:8079/checks HTTP/1.1\r\n\r\n"), page(Page::Checks));
        assert_eq!(ask("GET http://web1?a/b HTTP/1.1\r\n\r\n"), page(Page::Health));
        let head = Request { page: Page::Health, is_head: true };
        assert_eq!(ask("HEAD / HTTP/1.1\r\n\r\n"), Some(Ok(head)));
    }

    #[test]
    fn others_are_refused() {
        let cases = [
            ("GET /favicon.ico HTTP/1.1\r\n\r\n", Refusal::NotFound),
            ("POST /nothing HTTP/1.1\r\n\r\n", Refusal::NotFound),
            ("GET //health HTTP/1.1\r\n\r\n", Refusal::NotFound),
            ("GET /health/ HTTP/1.1\r\n\r\n", Refusal::NotFound),
            ("POST / HTTP/1.1\r\n\r\n", Refusal::MethodNotAllowed),
            ("get / HTTP/1.1\r\n\r\n", Refusal::MethodNotAllowed),
            ("OPTIONS * HTTP/1.1\r\n\r\n", Refusal::BadRequest),
            ("GET ftp://x/ HTTP/1.1\r\n\r\n", Refusal::BadRequest),
            ("GET /\r\n", Refusal::BadRequest),
            ("HELO x\r\n", Refusal::BadRequest),
            ("PRI * HTTP/2.0\r\n\r\n", Refusal::BadRequest),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", Refusal::BadRequest),
            ("\x16\x03\x01", Refusal::BadRequest),
        ];
        for (head, refusal) in cases {
            assert_eq!(ask(head), Some(Err(refusal)), "{head:?}");
        }
        let many = "A: b\r\n".repeat(HTTP_HEADERS + 1);
        assert_eq!(ask(&format!("GET / HTTP/1.1\r\n{many}\r\n")), Some(Err(Refusal::HeadTooLarge)));
    }

    #[test]
    fn a_response_is_whole() {
        let text = String::from_utf8(response(false, PLAIN, "350 KO\r\n", false)).unwrap();
        assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
        assert!(text.contains("\r\nContent-Length: 8\r\n") && text.ends_with("\r\n\r\n350 KO\r\n"), "{text}");
        let head = String::from_utf8(response(true, PLAIN, "200 OK\r\n", true)).unwrap();
        assert!(head.contains("\r\nContent-Length: 8\r\n") && head.ends_with("\r\n\r\n"), "{head}");
        let refused = String::from_utf8(refuse(Refusal::MethodNotAllowed)).unwrap();
        assert!(refused.contains("\r\nAllow: GET, HEAD\r\n"), "{refused}");
    }

    proptest! {
        #[test]
        fn a_request_is_complete_only_with_its_last_octet(
            path in "/[a-z?/]{0,20}", headers in proptest::collection::vec("[A-Z][a-z]{0,8}: [ -~]{0,20}", 0..8)
        ) {
            let lines: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
            let head = format!("GET {path} HTTP/1.1\r\n{lines}\r\n");
            for end in 0..head.len() {
                prop_assert_eq!(ask(&head[..end]), None);
            }
            prop_assert!(ask(&head).is_some());
        }

        #[test]
        fn anything_is_read_without_panic(head in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&head);
        }
    }
}
