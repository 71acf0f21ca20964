//! TLS: certificates that are good, end soon, have ended, are by others or for others, and handshakes that stall.

use crate::scene::Scene;
use crate::server::{free_port, has, says, silent};
use crate::shown::of_service;
use crate::web::nginx;
use std::path::Path;
use std::process::Command;

/// Runs openssl in `folder`.
pub fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A folder in which certificates can be made.
pub fn prepare(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    for (name, content) in [("ca.conf", CA), ("index", ""), ("serial", "01\n")] {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

/// An authority, in files `NAME.pem` and `NAME.key`.
pub fn authority(folder: &Path, name: &str) {
    let what = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 100";
    openssl(folder, &format!("{what} -subj /CN={name} -keyout {name}.key -out {name}.pem"));
}

/// What `openssl ca` wants to be told.
const CA: &str = "[ca]\ndefault_ca = it\n[it]\ndatabase = index\nserial = serial\nnew_certs_dir = .\n\
                  default_md = sha256\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n";

/// A certificate by `authority` for `host`, good for these dates.
pub fn certificate(folder: &Path, authority: &str, name: &str, host: &str, dates: &str) {
    let what = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(folder, &format!("{what} -subj /CN={host} -keyout {name}.key -out {name}.csr"));
    std::fs::write(folder.join("extensions"), format!("subjectAltName=DNS:{host}\n")).unwrap();
    openssl(
        folder,
        &format!(
            "ca -batch -notext -config ca.conf -in {name}.csr -cert {authority}.pem -keyfile {authority}.key \
             {dates} -extfile extensions -out {name}.pem"
        ),
    );
}

#[test]
fn certificates_are_verified_and_their_ends_are_told() {
    let test = "certificates";
    if !has(test, "openssl") {
        return;
    }
    let scene = Scene::new("");
    let folder = scene.path("certificates");
    prepare(&folder);
    authority(&folder, "ours");
    authority(&folder, "theirs");
    let www = "www.example.org";
    let certificates = [
        ("good", "ours", www, "-days 60"),
        ("soon", "ours", www, "-days 10"),
        ("late", "ours", www, "-days 2"),
        ("expired", "ours", www, "-startdate 20200101000000Z -enddate 20200301000000Z"),
        ("early", "ours", www, "-startdate 20991201000000Z -enddate 20991231000000Z"),
        ("foreign", "theirs", www, "-days 60"),
        ("misnamed", "ours", "other.example.org", "-days 60"),
    ];
    let ports: Vec<u16> = certificates.map(|_| free_port()).to_vec();
    let mut http = String::new();
    for ((name, authority, host, dates), port) in certificates.iter().zip(&ports) {
        certificate(&folder, authority, name, host, dates);
        let at = folder.display();
        http.push_str(&format!(
            "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {at}/{name}.pem; ssl_certificate_key {at}/{name}.key;\n\
             return 200 \"ready $ssl_server_name\"; }}\n"
        ));
    }
    let Some(_nginx) = nginx(test, &scene, &http, &ports) else { return };
    let ca = folder.join("ours.pem").display().to_string();
    let verified = format!("tls = true, host = \"{www}\", ca = {ca:?}");
    let mut text = String::new();
    let mut service = |name: &str, port: u16, keys: &str| {
        // All of them shake hands at once.
        let timeout = if matches!(name, "stalled" | "half") { "1s" } else { "10s" };
        text.push_str(&format!(
            "[hostgroup.{name}]\nhosts = [\"127.0.0.1:{port}\"]\ntimeout = \"{timeout}\"\n\
             [hostgroup.{name}.service.tls]\nprobe = {{ http = \"/\", {keys} }}\n"
        ));
    };
    let mut expected = vec![
        ("good", "ok"),
        ("soon", "but certificate expires in "),
        ("late", "ko certificate expires in "),
        ("expired", "ko certificate expired "),
        ("early", "ko certificate is valid only in "),
        ("foreign", "ko certificate by an unknown authority"),
        ("misnamed", "ko certificate is for other.example.org, not www.example.org"),
    ];
    for ((name, ..), port) in certificates.iter().zip(&ports) {
        service(name, *port, &verified);
    }
    service("sni", ports[0], &format!("{verified}, expect = \"ready www.example.org$\""));
    service("narrow", ports[1], &format!("{verified}, expires-but = \"8d\", expires-ko = \"1d\""));
    service("wide", ports[0], &format!("{verified}, expires-ko = \"80d\""));
    service("system", ports[0], &format!("tls = true, host = \"{www}\""));
    service("unverified", ports[5], "tls = true, verify = false");
    service("plain", says("HTTP/1.1 400 no\r\n\r\n").port(), &verified);
    service("stalled", silent().port(), &verified);
    // The beginning of a record that never ends.
    service("half", says([22, 3, 3, 0x20, 0, 2, 0]).port(), &verified);
    service("none", free_port(), &verified);
    expected.extend([
        ("sni", "ok"),
        ("narrow", "ok"),
        ("wide", "ko certificate expires in "),
        ("system", "ko certificate by an unknown authority"),
        ("unverified", "ok certificate not verified"),
        ("plain", "ko expected TLS, got something else"),
        ("stalled", "ko timeout"),
        ("half", "ko timeout"),
        ("none", "ko refused"),
    ]);
    scene.configure(&text);
    let found = scene.once();
    for (name, expected) in expected {
        let words = of_service(&found, &format!("{name}/tls"));
        // An open end is a length of time that grows.
        let is_so = words == expected || expected.ends_with(' ') && words.starts_with(expected);
        assert!(is_so, "{name}: {words:?}, expected {expected:?}");
    }
}
