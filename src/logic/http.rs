//! HTTP as far as pollers need it: the head of one request, and one response, after which the connection ends
//! (RFC 9110, RFC 9112).
//!
//! More lenient than the RFCs in two points, for the sake of pollers. A request of HTTP/1.1 without `Host` is answered,
//! as nothing here depends on it. And `GET /` alone, the request of HTTP/0.9, gets a response with a head, so that who
//! looks for a status and who looks for the line find it. A body is not read.

use crate::limits::HTTP_HEADERS;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<P> {
    /// Which page.
    pub page: P,
    /// What is wanted of it.
    pub method: Method,
    /// Whether the client can read a body in chunks: from HTTP/1.1 on (RFC 9112, 7.1).
    pub takes_chunks: bool,
}

/// What is wanted of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// All of it.
    Get,
    /// Its head, as it would be with the body.
    Head,
    /// Its status, with no body at all: what HAProxy asks for unless told otherwise.
    Options,
}

/// The pages that a program has.
pub trait Site: Copy + Eq + std::fmt::Debug {
    /// What a client is told who asks for another one.
    const EXPECTED: &'static str;

    /// The page at this path, which begins with `/`.
    fn find(path: &str) -> Option<Self>;

    /// Whether its status is for pollers, which may ask by OPTIONS. A page that is 200 whatever the verdict must not look
    /// as if the host were up.
    fn is_for_pollers(self) -> bool;
}

/// Why a request gets no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is no request.
    BadRequest,
    /// There is no such page.
    NotFound,
    /// The page is there, but not for this method.
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
    fn explanation<P: Site>(self) -> String {
        match self {
            Refusal::BadRequest => "not an HTTP/1 request\n".to_owned(),
            Refusal::NotFound => format!("no such page; expected {}\n", P::EXPECTED),
            Refusal::MethodNotAllowed => "expected GET or HEAD, or OPTIONS of / or /health\n".to_owned(),
            Refusal::HeadTooLarge => "the request's head is too large\n".to_owned(),
        }
    }
}

/// A request that gets no page, and what its refusal depends on besides the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused<P> {
    /// Why.
    pub why: Refusal,
    /// Whether the method is HEAD, whose response never has a body (RFC 9110, 9.3.2).
    pub is_head: bool,
    /// The page that was asked for, where there is one.
    pub page: Option<P>,
}

impl<P> Refused<P> {
    /// The refusal of the request that begins with `head`, of which no more needs to be understood.
    pub fn new(why: Refusal, head: &[u8]) -> Refused<P> {
        // Empty lines before a request are tolerated (RFC 9112, 2.2).
        let begin = head.iter().position(|octet| !matches!(octet, b'\r' | b'\n')).unwrap_or(head.len());
        let is_head = head.get(begin..).unwrap_or_default().starts_with(b"HEAD ");
        Refused { why, is_head, page: None }
    }
}

impl<P> Request<P> {
    /// Its refusal, though it was understood.
    pub fn refused(self, why: Refusal) -> Refused<P> {
        Refused { why, is_head: self.method == Method::Head, page: Some(self.page) }
    }
}

/// What came of a request's head: a page to send, or not.
pub type Asked<P> = Result<Request<P>, Refused<P>>;

/// Reads the head of a request. None: it is not complete.
pub fn read<P: Site>(head: &[u8]) -> Option<Asked<P>> {
    let refused = |why| Err(Refused::new(why, head));
    if let Some((target, is_ended)) = bare_get(head) {
        return is_ended.then(|| {
            find(target)
                .map_or_else(refused, |page| Ok(Request { page, method: Method::Get, takes_chunks: false }))
        });
    }
    let mut headers = [httparse::EMPTY_HEADER; HTTP_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => None,
        Ok(httparse::Status::Complete(_)) => {
            let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
            let takes_chunks = request.version == Some(1);
            let chosen = choose(method, target).map(|(page, method)| Request { page, method, takes_chunks });
            Some(chosen.map_err(|(why, page)| Refused { page, ..Refused::new(why, head) }))
        }
        Err(httparse::Error::TooManyHeaders) => Some(refused(Refusal::HeadTooLarge)),
        Err(_) => Some(refused(Refusal::BadRequest)),
    }
}

/// The target of a request of HTTP/0.9, which is one line without a version, and whether the line is whole. Some pollers
/// send no more unless told.
fn bare_get(head: &[u8]) -> Option<(&str, bool)> {
    let line = head.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let is_ended = line.len() < head.len();
    // Without its end, a line that has no CR either may go on with a version.
    let target = match line.strip_suffix(b"\r") {
        Some(line) => line,
        None if is_ended => line,
        None => return None,
    };
    let target = std::str::from_utf8(target.strip_prefix(b"GET ")?).ok()?;
    target.bytes().all(|octet| octet.is_ascii_graphic()).then_some((target, is_ended))
}

fn choose<P: Site>(method: &str, target: &str) -> Result<(P, Method), (Refusal, Option<P>)> {
    // The host itself, which is what the line is about: in HAProxy's manual it is an example of a check.
    let target = if method == "OPTIONS" && target == "*" { "/" } else { target };
    let page: P = find(target).map_err(|why| (why, None))?;
    let method = match (method, page) {
        ("GET", _) => Method::Get,
        ("HEAD", _) => Method::Head,
        ("OPTIONS", page) if page.is_for_pollers() => Method::Options,
        _ => return Err((Refusal::MethodNotAllowed, Some(page))),
    };
    Ok((page, method))
}

/// The page of a request's target.
fn find<P: Site>(target: &str) -> Result<P, Refusal> {
    P::find(path(target).ok_or(Refusal::BadRequest)?).ok_or(Refusal::NotFound)
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

/// A whole response to `request` with the page `body`.
pub fn response<P: Site>(is_up: bool, content_type: &str, body: &str, request: Request<P>) -> Vec<u8> {
    let status = if is_up { (200, "OK") } else { (503, "Service Unavailable") };
    match request.method {
        Method::Get => compose(status, &typed(content_type), body, false),
        Method::Head => compose(status, &typed(content_type), body, true),
        // The length is that of what is sent: a client would wait for more.
        Method::Options => compose(status, &allow(request.page), "", false),
    }
}

/// The beginning of a response whose page is made while it is sent: its head, and the first part of the page. The others
/// are [further parts](further_part). To a HEAD it is all of it.
pub fn first_part<P: Site>(content_type: &str, part: &str, request: Request<P>) -> Vec<u8> {
    // Who takes no chunks knows the end by that of the connection.
    let coding = if request.takes_chunks { "Transfer-Encoding: chunked\r\n" } else { "" };
    let mut octets = head((200, "OK"), &(typed(content_type) + coding)).into_bytes();
    if request.method != Method::Head {
        octets.extend(further_part(part, false, request));
    }
    octets
}

/// A further part of the page of a response, or its last one.
pub fn further_part<P>(part: &str, is_last: bool, request: Request<P>) -> Vec<u8> {
    if !request.takes_chunks {
        return part.as_bytes().to_owned();
    }
    // A chunk of no octets would be the end.
    let chunk = if part.is_empty() { String::new() } else { format!("{:x}\r\n{part}\r\n", part.len()) };
    let end = if is_last { "0\r\n\r\n" } else { "" };
    (chunk + end).into_bytes()
}

/// A whole response that says why there is no page.
pub fn refuse<P: Site>(refused: Refused<P>) -> Vec<u8> {
    let Refused { why, is_head, page } = refused;
    let allow = page.filter(|_| why == Refusal::MethodNotAllowed).map(allow).unwrap_or_default();
    compose(why.status(), &(typed(PLAIN) + &allow), &why.explanation::<P>(), is_head)
}

/// The type of the line.
pub const PLAIN: &str = "text/plain; charset=utf-8";

fn typed(content_type: &str) -> String {
    format!("Content-Type: {content_type}\r\n")
}

fn allow<P: Site>(page: P) -> String {
    let methods = if page.is_for_pollers() { "GET, HEAD, OPTIONS" } else { "GET, HEAD" };
    format!("Allow: {methods}\r\n")
}

fn compose(status: (u16, &str), headers: &str, body: &str, is_head: bool) -> Vec<u8> {
    let headers = format!("{headers}Content-Length: {}\r\n", body.len());
    let mut response = head(status, &headers).into_bytes();
    if !is_head {
        response.extend_from_slice(body.as_bytes());
    }
    response
}

fn head((status, reason): (u16, &str), headers: &str) -> String {
    format!("HTTP/1.1 {status} {reason}\r\n{headers}Cache-Control: no-store\r\nConnection: close\r\n\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::pages::Page;
    use proptest::prelude::*;

    /// What is asked for, whatever version of HTTP asks.
    fn ask(head: &str) -> Option<Asked<Page>> {
        read(head.as_bytes()).map(|asked| asked.map(|request| Request { takes_chunks: false, ..request }))
    }

    fn request(page: Page, method: Method) -> Request<Page> {
        Request { page, method, takes_chunks: false }
    }

    fn page(page: Page) -> Option<Asked<Page>> {
        Some(Ok(request(page, Method::Get)))
    }

    fn options(page: Page) -> Option<Asked<Page>> {
        Some(Ok(request(page, Method::Options)))
    }

    #[test]
    fn pages_are_found() {
        assert_eq!(ask("GET / HTTP/1.0\r\n\r\n"), page(Page::Health));
        assert_eq!(ask("GET /health HTTP/1.1\r\nHost: x\r\n\r\n"), page(Page::Health));
        assert_eq!(ask("GET /checks?x=1 HTTP/1.1\r\n\r\n"), page(Page::Checks));
        assert_eq!(ask("GET /metrics HTTP/1.1\nHost: x\n\n"), page(Page::Metrics));
        assert_eq!(ask("GET http://web1:8079/checks HTTP/1.1\r\n\r\n"), page(Page::Checks));
        assert_eq!(ask("GET http://web1?a/b HTTP/1.1\r\n\r\n"), page(Page::Health));
        assert_eq!(ask("HEAD / HTTP/1.1\r\n\r\n"), Some(Ok(request(Page::Health, Method::Head))));
        assert_eq!(ask("OPTIONS / HTTP/1.0\r\n\r\n"), options(Page::Health));
        assert_eq!(ask("OPTIONS /health?x HTTP/1.1\r\nHost: x\r\n\r\n"), options(Page::Health));
        assert_eq!(ask("OPTIONS * HTTP/1.1\r\nHost: www\r\n\r\n"), options(Page::Health));
    }

    #[test]
    fn a_bare_get_of_http_0_9_is_answered_with_its_line() {
        assert_eq!(ask("GET /\r\n"), page(Page::Health));
        assert_eq!(ask("GET /health\n"), page(Page::Health));
        assert_eq!(ask("GET /checks\r\nGET /\r\n"), page(Page::Checks));
        for (head, why) in [
            ("GET /nothing\r\n", Refusal::NotFound),
            ("GET  /\r\n", Refusal::BadRequest),
            ("GET / \r\n", Refusal::BadRequest),
            ("GET HTTP/1.0\r\n", Refusal::BadRequest),
            ("GET *\r\n", Refusal::BadRequest),
            ("GET \r\n", Refusal::BadRequest),
            ("HEAD /\r\n", Refusal::BadRequest),
            ("OPTIONS /\r\n", Refusal::BadRequest),
        ] {
            assert_eq!(ask(head).unwrap().unwrap_err().why, why, "{head:?}");
        }
        assert_eq!((ask("GET /"), ask("GET /\r")), (None, None));
    }

    fn why(head: &str) -> Refusal {
        ask(head).expect("it is complete").expect_err("it has no page").why
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
            ("OPTIONS /checks HTTP/1.1\r\n\r\n", Refusal::MethodNotAllowed),
            ("OPTIONS /metrics HTTP/1.0\r\n\r\n", Refusal::MethodNotAllowed),
            ("OPTIONS /nothing HTTP/1.0\r\n\r\n", Refusal::NotFound),
            ("GET * HTTP/1.1\r\n\r\n", Refusal::BadRequest),
            ("HEAD * HTTP/1.1\r\n\r\n", Refusal::BadRequest),
            ("GET ftp://x/ HTTP/1.1\r\n\r\n", Refusal::BadRequest),
            ("HELO x\r\n", Refusal::BadRequest),
            ("PRI * HTTP/2.0\r\n\r\n", Refusal::BadRequest),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", Refusal::BadRequest),
            ("\x16\x03\x01", Refusal::BadRequest),
        ];
        for (head, refusal) in cases {
            assert_eq!(why(head), refusal, "{head:?}");
        }
        let many = "A: b\r\n".repeat(HTTP_HEADERS + 1);
        assert_eq!(why(&format!("GET / HTTP/1.1\r\n{many}\r\n")), Refusal::HeadTooLarge);
    }

    /// The head and the body of a response to `method`.
    fn respond(is_up: bool, body: &str, method: Method) -> (String, String) {
        parts(response(is_up, PLAIN, body, request(Page::Health, method)))
    }

    fn parts(response: Vec<u8>) -> (String, String) {
        let text = String::from_utf8(response).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        (format!("{head}\r\n"), body.to_owned())
    }

    #[test]
    fn a_response_is_whole() {
        let (head, body) = respond(false, "350 KO\r\n", Method::Get);
        assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{head}");
        assert!(head.contains("\r\nContent-Length: 8\r\n") && body == "350 KO\r\n", "{head}{body}");
        let (head, body) = respond(true, "200 OK\r\n", Method::Head);
        assert!(head.contains("\r\nContent-Length: 8\r\n") && body.is_empty(), "{head}{body}");
        let (head, body) = respond(false, "350 KO\r\n", Method::Options);
        assert!(head.starts_with("HTTP/1.1 503 ") && body.is_empty(), "{head}{body}");
        // Who waited for eight octets would wait in vain.
        assert!(head.contains("\r\nContent-Length: 0\r\n"), "{head}");
        assert!(head.contains("\r\nAllow: GET, HEAD, OPTIONS\r\n"), "{head}");
    }

    #[test]
    fn a_page_in_parts_comes_in_chunks_or_ends_with_the_connection() {
        for (asked, body) in [
            ("GET /metrics HTTP/1.1\r\n\r\n", "10\r\nsixteen octets, \r\n3\r\nend\r\n0\r\n\r\n"),
            ("GET /metrics HTTP/1.0\r\n\r\n", "sixteen octets, end"),
            ("GET /metrics\r\n", "sixteen octets, end"),
            ("HEAD /metrics HTTP/1.1\r\n\r\n", ""),
        ] {
            let request = read::<Page>(asked.as_bytes()).unwrap().unwrap();
            let mut octets = first_part(PLAIN, "sixteen octets, ", request);
            if request.method != Method::Head {
                octets.extend(further_part("", false, request));
                octets.extend(further_part("end", true, request));
            }
            let (head, found) = parts(octets);
            assert_eq!(found, body, "{asked}");
            assert_eq!(head.contains("\r\nTransfer-Encoding: chunked\r\n"), asked.contains("1.1"), "{head}");
            assert!(!head.contains("Content-Length"), "{head}");
        }
    }

    #[test]
    fn a_405_names_the_methods_of_its_page() {
        for (target, methods) in [("/", "GET, HEAD, OPTIONS"), ("/metrics", "GET, HEAD")] {
            let refused = ask(&format!("POST {target} HTTP/1.1\r\n\r\n")).unwrap().unwrap_err();
            let (head, _) = parts(refuse(refused));
            assert!(head.contains(&format!("\r\nAllow: {methods}\r\n")), "{head}");
        }
        let (head, _) = parts(refuse(ask("GET /x HTTP/1.1\r\n\r\n").unwrap().unwrap_err()));
        assert!(!head.contains("Allow"), "{head}");
    }

    #[test]
    fn a_refused_head_gets_no_body() {
        let many = format!("HEAD / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(HTTP_HEADERS + 1));
        let heads = [
            "HEAD /x HTTP/1.1\r\n\r\n",
            "\r\nHEAD * HTTP/1.1\r\n\r\n",
            "HEAD / HTTP/1.1\r\nno colon\r\n",
            &many,
        ];
        for head in heads {
            let refused = ask(head).unwrap().unwrap_err();
            let (response, body) = parts(refuse(refused));
            assert!(body.is_empty(), "{head:?}: {body}");
            let length = refused.why.explanation::<Page>().len();
            assert!(response.contains(&format!("\r\nContent-Length: {length}\r\n")), "{response}");
            let others = ask(&head.replace("HEAD", "GET")).unwrap().unwrap_err();
            assert_eq!(parts(refuse(others)).1, refused.why.explanation::<Page>());
        }
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
        fn only_a_head_has_no_body_in_its_refusal(method in "(GET|HEAD|POST|OPTIONS|HEADS)", rest in "[ -~\r\n]{0,40}") {
            let head = format!("{method} {rest}");
            if let Some(Err(refused)) = ask(&head) {
                prop_assert_eq!(parts(refuse(refused)).1.is_empty(), method == "HEAD", "{}", head);
            }
        }

        #[test]
        fn anything_is_read_without_panic(head in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read::<Page>(&head);
        }
    }
}
