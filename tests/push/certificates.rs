//! Boards of https: certificates that are good, by others, for others or of the past, and what speaks no TLS.

use crate::board::{Request, TAKEN, read, serve};
use crate::scene::{Pushed, Scene, run};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

/// An authority, in files `NAME.pem` and `NAME.key`.
fn authority(folder: &Path, name: &str) {
    openssl(
        folder,
        &format!("req -x509 {KEY} -days 100 -subj /CN={name} -keyout {name}.key -out {name}.pem"),
    );
}

/// A certificate by `authority` for these hosts.
fn certificate(folder: &Path, authority: &str, name: &str, hosts: &str, days: i32) {
    openssl(folder, &format!("req {KEY} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
    std::fs::write(folder.join("extensions"), format!("subjectAltName={hosts}\n")).unwrap();
    openssl(
        folder,
        &format!(
            "x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial -days {days} \
             -extfile extensions -out {name}.pem"
        ),
    );
}

/// A board with this certificate, and what it was told.
fn board(folder: &Path, name: &str) -> (SocketAddr, Arc<Mutex<Vec<Request>>>) {
    let chain = vec![CertificateDer::from_pem_file(folder.join(format!("{name}.pem"))).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&requests);
    let address = serve(move |stream| {
        let session = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(session, stream);
        if let Some(request) = read(&mut stream) {
            record.lock().unwrap().push(request);
            let _ = stream.write_all(TAKEN.as_bytes()).and_then(|()| stream.flush());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    (address, requests)
}

#[test]
fn a_board_is_verified_by_the_systems_authorities() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: certificates: openssl is not installed");
        return;
    }
    let scene = Scene::new("200\n");
    let folder = scene.path("certificates");
    std::fs::create_dir(&folder).unwrap();
    authority(&folder, "ours");
    authority(&folder, "theirs");
    let here = "DNS:localhost,IP:127.0.0.1";
    certificate(&folder, "ours", "good", here, 60);
    certificate(&folder, "theirs", "foreign", here, 60);
    certificate(&folder, "ours", "misnamed", "DNS:other.example.org", 60);
    certificate(&folder, "ours", "expired", here, -1);
    let push = |url: &str| -> Pushed {
        run(scene.command(url).args(["--timeout", "5s"]).env("SSL_CERT_FILE", folder.join("ours.pem")))
    };
    for (name, why) in [
        ("good", None),
        ("foreign", Some("certificate by an unknown authority")),
        ("misnamed", Some("certificate not valid for name \"localhost\"")),
        ("expired", Some("certificate expired")),
        ("ours", Some("certificate is an authority's own, as self-signed ones are; expected a server's")),
    ] {
        let (address, requests) = board(&folder, name);
        let url = format!("https://localhost:{}", address.port());
        let pushed = push(&url);
        match why {
            None => pushed.is_well(),
            Some(why) => {
                assert_eq!((pushed.status, pushed.said.lines().count()), (Some(3), 1), "{name}: {pushed:?}");
                let begin = format!("oco-push: {url}: {why}");
                assert!(pushed.said.starts_with(&begin), "{name}: {pushed:?}, expected {begin}");
            }
        }
        let told = requests.lock().unwrap().len();
        assert_eq!(told, usize::from(why.is_none()), "{name}: nobody else sees the key");
    }
    let (address, _) = board(&folder, "good");
    push(&format!("https://{address}")).is_well();
    // Without any authority, and by those of this system.
    let url = format!("https://localhost:{}", address.port());
    std::fs::write(folder.join("none.pem"), "").unwrap();
    let pushed = run(scene.command(&url).env("SSL_CERT_FILE", folder.join("none.pem")));
    assert_eq!(pushed.status, Some(3));
    assert!(pushed.said.contains(": no authorities to verify it by: "), "{pushed:?}");
}

#[test]
fn what_speaks_no_tls_is_one_line() {
    let scene = Scene::new("200\n");
    let odd: [fn() -> SocketAddr; 3] = [
        || serve(|mut stream| drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"))),
        || serve(drop),
        || {
            serve(|mut stream| {
                // The beginning of a record that never ends.
                let _ = stream.write_all(&[22, 3, 3, 0x20, 0, 2, 0]);
                while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
            })
        },
    ];
    for odd in odd {
        let url = format!("https://{}", odd());
        let pushed = scene.push_in_a_second(&url);
        println!("{pushed:?}");
        assert_eq!((pushed.status, pushed.said.lines().count()), (Some(3), 1), "{pushed:?}");
        assert!(pushed.said.starts_with(&format!("oco-push: {url}: ")), "{pushed:?}");
    }
}
