//! Any bytes as what a server says in a session of TLS, in pieces. The first octet says how long those are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::code::Code;
use ocowatch::config::{Http, Probe, Tls};
use ocowatch::probe::step::{Step, Target};
use ocowatch::probe::tls::TlsTalk;
use ocowatch::probe::tls::store::TlsStore;
use rustls::time_provider::DefaultTimeProvider;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

static TRUST: Tls =
    Tls { verify: false, ca: None, expires_but: Duration::from_secs(86_400), expires_ko: Duration::ZERO };
static STORE: LazyLock<TlsStore> = LazyLock::new(|| {
    TlsStore::of([&TRUST].into_iter(), Arc::new(DefaultTimeProvider)).expect("nothing is read")
});

fuzz_target!(|input: &[u8]| {
    let Some((length, said)) = input.split_first() else { return };
    let settings = Http {
        path: "/".to_owned(),
        port: None,
        host: None,
        method: "GET".to_owned(),
        status: vec![(200, 399)],
        expect: None,
        headers: Vec::new(),
        tls: Some(TRUST.clone()),
    };
    let target = Target { probe: &Probe::Ping, name: "web1", port: 443 };
    let config = STORE.find(&TRUST).expect("it was made for this");
    let mut talk = TlsTalk::new(config, &settings, target, Vec::new()).expect("a name");
    let mut words = String::new();
    let hello = talk.unsent().len();
    assert!(hello > 0);
    assert_eq!(talk.sent(hello), Step::Receive);
    for piece in said.chunks(usize::from(*length).max(1)) {
        match talk.received(&settings, target, piece, &mut words) {
            Step::Send => {
                let count = talk.unsent().len();
                assert_eq!(talk.sent(count), Step::Receive);
            }
            Step::Receive => {}
            step => {
                assert_eq!(step, Step::Told(Code::KO), "who does not know the key can't finish a handshake");
                assert!(!words.is_empty() && words.len() < 400 && !words.chars().any(char::is_control));
                return;
            }
        }
    }
    assert_eq!(talk.closed(&settings, &mut words), Step::Told(Code::KO));
});
