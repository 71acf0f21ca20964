//! TLS, and a certificate that is exchanged while the board runs.

use crate::board::Board;
use crate::scene::Scene;
use std::process::{Command, Stdio};

/// Makes a certificate of this name in this folder of the scene. Whether openssl is there.
pub fn certify(scene: &Scene, folder: &str, name: &str) -> bool {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", &format!("/CN={name}"), "-keyout"])
        .arg(scene.path(folder).join("board.key"))
        .arg("-out")
        .arg(scene.path(folder).join("board.crt"))
        .stderr(Stdio::null())
        .status();
    made.is_ok_and(|status| status.success())
}

/// The key of the file that names both in this folder.
pub fn files(scene: &Scene, folder: &str) -> String {
    let folder = scene.path(folder);
    format!(
        "tls = {{ certificate = {:?}, key = {:?} }}\n",
        folder.join("board.crt"),
        folder.join("board.key")
    )
}

/// What openssl sees there.
fn seen(board: &Board) -> String {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-connect", &board.address.to_string(), "-alpn", "http/1.1"]);
    let output = client.stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_certificate_is_served_and_exchanged_by_a_reload() {
    let scene = Scene::new("");
    if !certify(&scene, "", "first.example.org") {
        return println!("skipped: TLS: no openssl");
    }
    scene.configure(&files(&scene, ""));
    scene.told_by_board(&["-t"]);
    let board = Board::start(&scene);
    let first = seen(&board);
    assert!(first.contains("CN = first.example.org") || first.contains("CN=first.example.org"), "{first}");
    assert!(first.contains("ALPN protocol: http/1.1"), "{first}");
    assert!(certify(&scene, "", "second.example.org"));
    board.signal("HUP");
    board.wait_for_log("info: reloaded");
    assert!(seen(&board).contains("second.example.org"));
    scene.configure(&files(&scene, "").replace("board.key", "nothing.key"));
    board.signal("HUP");
    board.wait_for_log("error: reload refused, going on as before: ");
    assert!(board.log().contains("board.toml:") && board.log().contains(": tls.key: "), "{}", board.log());
    assert!(seen(&board).contains("second.example.org"));
    // Who speaks plain HTTP there is not answered, and holds nobody up.
    let plain = crate::http::connect(board.address);
    assert!(crate::http::Reply::next(&mut std::io::BufReader::new(plain)).is_none());
}
