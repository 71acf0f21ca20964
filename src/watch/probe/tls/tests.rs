//! Sessions with servers whose certificates openssl made. Both ends talk in memory; what a clock would bring, the clock of
//! the test does.

use super::super::pool::tests::{Loop, page, server, silent};
use super::store::TlsStore;
use super::*;
use crate::config::Probe;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ServerConfig, ServerConnection};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const DAY: i64 = 86_400;

fn openssl(dir: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority, and a server's certificate of 30 days by it.
struct Authority {
    dir: tempfile::TempDir,
}

impl Authority {
    fn new(name: &str, names: &str) -> Authority {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(at, &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 90 -subj /CN={name}"));
        openssl(at, &format!("req {key} -keyout key.pem -out server.csr -subj /CN=server"));
        std::fs::write(at.join("names"), format!("subjectAltName={names}\n")).unwrap();
        let by = "-CA ca.pem -CAkey ca.key -CAcreateserial";
        openssl(at, &format!("x509 -req -in server.csr {by} -days 30 -extfile names -out server.pem"));
        Authority { dir }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn server(&self, certificate: &str, key: &str) -> Arc<ServerConfig> {
        let chain = CertificateDer::pem_file_iter(self.file(certificate)).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.file(key)).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_no_client_auth();
        Arc::new(builder.with_single_cert(chain.map(Result::unwrap).collect(), key).unwrap())
    }

    /// When the server's certificate ends.
    fn end(&self) -> i64 {
        let der = CertificateDer::from_pem_file(self.file("server.pem")).unwrap();
        certificate::not_after(&der).unwrap()
    }
}

#[derive(Debug)]
struct Clock(i64);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(self.0).unwrap())))
    }
}

fn trust(ca: Option<PathBuf>) -> Tls {
    Tls {
        verify: true,
        ca,
        expires_but: Duration::from_secs(14 * 86_400),
        expires_ko: Duration::from_secs(3 * 86_400),
    }
}

/// A probe of a server that answers with `response`, each at its own pace.
fn probe(server: &Arc<ServerConfig>, response: &str, tls: Tls, host: &str, now: i64) -> (Step, String) {
    let store = TlsStore::of([&tls].into_iter(), Arc::new(Clock(now))).unwrap();
    let mut settings = page(None);
    (settings.host, settings.tls) = (Some(host.to_owned()), Some(tls.clone()));
    let probe = Probe::Http(Box::new(settings.clone()));
    let target = Target { probe: &probe, name: "[::1]:443", port: 443 };
    let config = match store.find(&tls) {
        Ok(config) => config,
        Err(why) => return (Step::Own, why.to_owned()),
    };
    let mut client = TlsTalk::new(config, &settings, target, Vec::new()).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    let (mut words, mut step, mut asked) = (String::new(), Step::Send, Vec::new());
    for _ in 0..10_000 {
        step = match step {
            Step::Send => {
                let piece: Vec<u8> = client.unsent().iter().copied().take(100).collect();
                assert_eq!(server.read_tls(&mut piece.as_slice()).unwrap(), piece.len());
                let is_known = server.process_new_packets().is_ok();
                let mut plain = [0; 1000];
                if let Ok(count) = server.reader().read(&mut plain) {
                    asked.extend_from_slice(&plain[..count]);
                }
                if is_known && asked.ends_with(b"\r\n\r\n") {
                    server.writer().write_all(response.as_bytes()).unwrap();
                    asked.clear();
                }
                client.sent(piece.len())
            }
            Step::Receive => {
                let mut octets = Vec::new();
                while server.wants_write() {
                    server.write_tls(&mut octets).unwrap();
                }
                let pieces =
                    octets.chunks(77).map(|piece| client.received(&settings, target, piece, &mut words));
                let mut steps = pieces.collect::<Vec<_>>();
                match steps.iter().position(|step| matches!(step, Step::Told(_) | Step::Own)) {
                    Some(first) => steps[first],
                    None if octets.is_empty() => client.closed(&settings, &mut words),
                    None => steps.pop().unwrap(),
                }
            }
            step => return (step, words),
        };
    }
    panic!("it never ends: {step:?} {words}");
}

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn told(code: Code, words: &str) -> (Step, String) {
    (Step::Told(code), words.to_owned())
}

#[test]
fn certificates_are_judged_for_people() {
    let ours = Authority::new("ours", "DNS:www.example.org,IP:127.0.0.1");
    let (server, ca) = (ours.server("server.pem", "key.pem"), Some(ours.file("ca.pem")));
    let seen = |host: &str, now: i64| probe(&server, PAGE, trust(ca.clone()), host, now);
    let good = ours.end() - 20 * DAY;
    assert_eq!(seen("www.example.org", good), told(Code::OK, ""));
    assert_eq!(seen("127.0.0.1", good), told(Code::OK, ""));
    let late = ours.end() - 9 * DAY - 60;
    assert_eq!(seen("www.example.org", late), told(Code::BUT, "certificate expires in 9d"));
    let very_late = ours.end() - 2 * DAY - 60;
    assert_eq!(seen("www.example.org", very_late), told(Code::KO, "certificate expires in 2d"));
    let expired = ours.end() + 3 * DAY + 60;
    assert_eq!(seen("www.example.org", expired), told(Code::KO, "certificate expired 3d ago"));
    let early = ours.end() - 31 * DAY - 60;
    let words = "certificate is valid only in 1d";
    assert_eq!(seen("www.example.org", early), told(Code::KO, words));
    let words = "certificate is for www.example.org, not other.example.org";
    assert_eq!(seen("other.example.org", good), told(Code::KO, words));
    for (name, words) in [
        ("theirs", "certificate by an unknown authority"),
        ("ours", "certificate not signed by the authority that it names"),
    ] {
        let foreign = Authority::new(name, "DNS:www.example.org").server("server.pem", "key.pem");
        let seen = probe(&foreign, PAGE, trust(ca.clone()), "www.example.org", good);
        assert_eq!(seen, told(Code::KO, words));
    }
}

#[test]
fn what_is_not_verified_says_so() {
    let ours = Authority::new("ours", "DNS:www.example.org");
    let server = ours.server("server.pem", "key.pem");
    let tls = |but| Tls { verify: false, expires_but: but, expires_ko: Duration::ZERO, ..trust(None) };
    let seen = |but, response: &str, now| probe(&server, response, tls(but), "other", now);
    let expired = ours.end() + DAY;
    assert_eq!(seen(Duration::ZERO, PAGE, expired), told(Code::OK, "certificate not verified"));
    let lost = "HTTP/1.1 404 No\r\n\r\n";
    assert_eq!(seen(Duration::ZERO, lost, expired), told(Code::KO, "http 404, certificate not verified"));
    let late = ours.end() - 5 * DAY - 60;
    let words = "certificate expires in 5d, certificate not verified";
    assert_eq!(seen(Duration::from_secs(14 * 86_400), PAGE, late), told(Code::BUT, words));
}

#[test]
fn a_certificate_in_the_file_is_believed_itself() {
    let ours = Authority::new("ours", "DNS:www.example.org");
    let make = "req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.pem -days 30 -subj /CN=x";
    openssl(ours.dir.path(), &format!("{make} -addext subjectAltName=DNS:www.example.org"));
    let server = ours.server("own.pem", "own.key");
    let good = ours.end() - 20 * DAY;
    let seen = |ca: &str, host: &str, now| probe(&server, PAGE, trust(Some(ours.file(ca))), host, now);
    assert_eq!(seen("own.pem", "www.example.org", good), told(Code::OK, ""));
    let words = "certificate is for www.example.org, not other";
    assert_eq!(seen("own.pem", "other", good), told(Code::KO, words));
    let words = "certificate expired 1d ago";
    assert_eq!(seen("own.pem", "www.example.org", ours.end() + DAY + 60), told(Code::KO, words));
    let (step, words) = seen("ca.pem", "www.example.org", good);
    assert!(step == Step::Told(Code::KO) && words.starts_with("certificate"), "{words}");
}

#[test]
fn files_of_authorities_have_to_be_some() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    let load = || {
        let error = TlsStore::of([&trust(Some(file.clone()))].into_iter(), Arc::new(Clock(0))).unwrap_err();
        error.to_string().replace(file.to_str().unwrap(), "FILE")
    };
    assert_eq!(load(), "FILE: no such file or directory");
    std::fs::write(&file, "hello").unwrap();
    assert_eq!(load(), "FILE: expected certificates in PEM, found none");
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert!(load().starts_with("FILE: "));
}

#[test]
fn sessions_run_over_sockets_and_those_that_stall_are_time_outs() {
    let ours = Authority::new("ours", "DNS:web1");
    let config = ours.server("server.pem", "key.pem");
    let secure = server(move |mut stream| {
        let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut secured = rustls::Stream::new(&mut session, &mut stream);
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            secured.read_exact(&mut octet).unwrap();
            asked.push(octet[0]);
        }
        secured.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        secured.write_all("ready ".repeat(5000).as_bytes()).unwrap();
        session.send_close_notify();
        session.write_tls(&mut stream).unwrap();
    });
    let mut settings = page(Some("ready $"));
    settings.tls = Some(trust(Some(ours.file("ca.pem"))));
    let probe = Arc::new(Probe::Http(Box::new(settings.clone())));
    let mut turns = Loop::new(4);
    let long = Duration::from_secs(30);
    assert_eq!(turns.probe(&probe, secure, long), "own: no authorities were read");
    let wanted = settings.tls.clone();
    let store = TlsStore::of(wanted.iter(), Arc::new(rustls::time_provider::DefaultTimeProvider)).unwrap();
    turns.pool.set_tls(Arc::new(store));
    assert_eq!(turns.probe(&probe, secure, long), "200");
    assert_eq!(turns.probe(&probe, secure, long), "200");
    assert_eq!(turns.probe(&probe, silent(), Duration::from_millis(50)), "300 timeout");
    let plain = server(|mut stream| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap());
    assert_eq!(turns.probe(&probe, plain, long), "300 expected TLS, got something else");
    assert_eq!(turns.pool.sockets(), 1);
}
