//! Any text as what a browser, a proxy or a program sends to the board. Its lines: where to, as `/h/a%20b?span=7d`; from
//! whom, as proxies say it; cookies; and what is left is the body, as a form and as JSON. In the cookies `@` stands for what
//! somebody has who is logged in: nobody else guesses that.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::control::FleetOrder;
use oco::logic::network::Network;
use oco_fleet::calendar::Zone;
use oco_fleet::object::Pattern;
use oco_fleet::time::Millis;
use ocoboard::access::login;
use ocoboard::access::networks::{Peer, client};
use ocoboard::acts::{self, Wish, Word};
use ocoboard::config::PublicPage;
use ocoboard::keys::ledger::{self, Line};
use ocoboard::keys::{Keys, SECRET_FILE};
use ocoboard::limits::{QUERY_VALUE_OCTETS, SECRET_OCTETS};
use ocoboard::pages::{Facts, Form, Found, Page, Query, Route, Settings, Visitor, own_path};
use ocoboard::push::error_json;
use ocoboard::store::Snapshot;
use ocoboard::view::name::{decoded, encoded, path};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

/// 2026-11-25T10:00:30Z.
const NOW: Millis = Millis(1_795_600_830_000);
const SECONDS: u64 = 1_795_600_830;

fuzz_target!(|input: &str| {
    let mut lines = input.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (target, forwarded, cookies, body) = (line(), line(), line(), line());
    page(target);
    asker(forwarded);
    login(cookies);
    form(body.as_bytes());
    act(body.as_bytes());
});

static FACTS: LazyLock<Facts> = LazyLock::new(|| Facts {
    snapshot: Arc::new(Snapshot { alive: NOW, read: Some(NOW), ..Snapshot::default() }),
    pushed: None,
    verdict: None,
    watcher: None,
    pushes: None,
    settings: Arc::new(Settings {
        title: "Board".to_owned(),
        base_url: None,
        zone: Zone::UTC,
        pages: vec![PublicPage {
            name: "shop".to_owned(),
            of: vec![Pattern::parse("*").expect("a pattern")],
            days: 90,
        }],
        reports: Vec::new(),
    }),
    now: NOW,
});

fn shown(target: &str) -> Page {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let visitor = Visitor::default();
    match Route::new(path, &Query::parse(query), &FACTS, &visitor) {
        Ok(route) => route.render(&FACTS, &visitor, Ok(Found::Nothing)),
        Err(page) => page,
    }
}

/// The tags of a page, without what stands in their attributes.
fn tags(page: &Page) -> Vec<&str> {
    let html = std::str::from_utf8(&page.body).expect("text");
    html.split('<').skip(1).map(|tag| tag.split([' ', '\n', '>']).next().unwrap_or_default()).collect()
}

fn page(target: &str) {
    let (path_of_it, query_of_it) = target.split_once('?').unwrap_or((target, ""));
    for segment in path_of_it.split('/').map(decoded) {
        assert_eq!(decoded(&encoded(&segment)), segment);
        assert_eq!(own_path(&path(&[&segment])), path(&[&segment]), "a link leads to a page of ours");
    }
    let to = own_path(target);
    assert!(to == "/" || to == target && to.starts_with('/') && !to.starts_with("//"), "{to}");
    let query = Query::parse(query_of_it);
    for key in ["q", "span", "to", "page", "name", "state"] {
        assert!(
            query.get(key).is_ok_and(|value| value.is_none_or(|value| value.len() <= QUERY_VALUE_OCTETS))
                || query_of_it.len() > QUERY_VALUE_OCTETS
        );
    }
    let _ = query.page();
    let page = shown(target);
    assert!([200, 400, 404].contains(&page.status), "{}", page.status);
    if !page.content_type.starts_with("text/html") {
        return;
    }
    let controls = page.body.iter().filter(|octet| octet.is_ascii_control() && **octet != b'\n').count();
    assert_eq!(controls, 0, "{}", String::from_utf8_lossy(&page.body));
    // What would be a tag is as good as any other letter.
    let plain = shown(&target.replace("%3C", "x").replace("%3c", "x").replace(['<', '"', '\''], "x"));
    if plain.status == page.status && plain.content_type == page.content_type {
        assert_eq!(tags(&page), tags(&plain), "{}", String::from_utf8_lossy(&page.body));
    }
}

fn asker(forwarded: &str) {
    let proxies = ["127.0.0.1", "10.0.0.0/8"].map(|text| Network::parse(text).expect("a network"));
    let headers = || forwarded.split('|');
    let of = |address: Option<&str>| {
        let peer = Peer { address: address.map(|text| text.parse().expect("an address")), is_tls: false };
        client(peer, &proxies, headers(), headers().next())
    };
    let stranger = of(Some("192.0.2.9"));
    assert_eq!(stranger.address, Some(IpAddr::from([192, 0, 2, 9])), "who is no proxy is believed nothing");
    assert!(!stranger.is_https);
    for (proxy, otherwise) in [(Some("127.0.0.1"), Some(IpAddr::from([127, 0, 0, 1]))), (None, None)] {
        let found = of(proxy).address;
        // As it is written, or as its digits are in IPv6.
        let is_named = |address: IpAddr| {
            headers().flat_map(|header| header.split(',')).any(|one| {
                let bare = one.trim().trim_start_matches('[');
                let bare = bare.rsplit_once("]").map_or(bare, |(bare, _)| bare);
                let bare = bare.split_once('%').map_or(bare, |(bare, _)| bare);
                let without_port = bare.rsplit_once(':').map_or(bare, |(bare, _)| bare);
                [bare, without_port]
                    .iter()
                    .any(|text| text.parse().is_ok_and(|it: IpAddr| it.to_canonical() == address))
            })
        };
        assert!(found == otherwise || found.is_some_and(is_named), "nobody named {found:?}");
    }
}

/// Keys of a board with one token, and the cookie of who has it.
static KEYS: LazyLock<(Keys, String)> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("oco-fuzz-keys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(SECRET_FILE), [7; SECRET_OCTETS]).expect("a secret");
    let line = Line { word: ledger::Word::Act, name: "ops", hash: [9; 32], at: SECONDS };
    std::fs::write(folder.join(ledger::FILE), line.text()).expect("a token");
    let keys = Keys::open(&folder).expect("keys");
    std::fs::remove_dir_all(&folder).expect("to be rid of it");
    let cookie = login::value(&keys, "ops", [9; 32], SECONDS);
    (keys, cookie)
});

fn login(cookies: &str) {
    let (keys, cookie) = &*KEYS;
    let said = cookies.replace('@', cookie);
    match login::proved(keys, said.split('|'), SECONDS) {
        Some(name) => {
            assert_eq!(name, "ops");
            assert!(said.contains(cookie.as_str()), "it proves what it has not: {said}");
        }
        None => {
            let is_whole = |one: &str| one.trim() == format!("oco={cookie}");
            assert!(!said.split('|').flat_map(|header| header.split(';')).any(is_whole), "{said}");
        }
    }
    let later = SECONDS + 13 * 3600;
    assert_eq!(login::proved(keys, said.split('|'), later), None, "it ends");
}

/// An order is the same for the watcher.
fn is_sound(order: &FleetOrder) {
    let json = serde_json::to_string(order).expect("JSON");
    assert_eq!(serde_json::from_str::<FleetOrder>(&json).as_ref().ok(), Some(order), "{json}");
}

fn form(body: &[u8]) {
    match Form::parse(body) {
        Ok(form) => {
            assert_eq!(own_path(&form.back), form.back);
            is_sound(&form.order);
        }
        Err(why) => assert!(!why.is_empty()),
    }
}

fn act(body: &[u8]) {
    for word in ["ack", "unack", "mute", "unmute", "maint", "unmaint", "adjust", "unadjust"] {
        let word = Word::parse(word).expect("a word");
        match Wish::parse(word, body).and_then(|wish| acts::order(word, wish)) {
            Ok(order) => is_sound(&order),
            Err(why) => {
                let json: serde_json::Value = serde_json::from_str(&error_json(&why)).expect("JSON");
                assert_eq!(json["error"], why.as_str());
            }
        }
    }
}
