//! What ocowatch gives up once it has begun: files that it does not need, seen from outside.

use crate::certificates::{authority, certificate, prepare};
use crate::scene::{Scene, wait_for};
use crate::server::{free_port, has};
use crate::watcher::Watcher;
use crate::web::nginx;
use std::path::Path;

/// It may write in its temporary directory, where all that tests make lies: it is given one of its own. The system has this
/// authority.
fn confined(scene: &Scene, authority: &Path) -> Option<Watcher> {
    let mut command = scene.ocowatch(&[]);
    std::fs::create_dir_all(scene.path("tmp")).unwrap();
    command.env("TMPDIR", scene.path("tmp")).env("SSL_CERT_FILE", authority);
    let watcher = Watcher::start_by(scene, command);
    if watcher.log().contains("this kernel confines less than it could") {
        println!("skipped: the confinement of ocowatch: {}", watcher.log());
        return None;
    }
    Some(watcher)
}

#[test]
fn authorities_are_read_where_they_were_and_nowhere_else() {
    let test = "authorities of a confined ocowatch";
    if !has(test, "openssl") {
        return;
    }
    let scene = Scene::new("");
    let made = scene.path("made");
    prepare(&made);
    authority(&made, "ours");
    authority(&made, "theirs");
    certificate(&made, "ours", "good", "www.example.org", "-days 60");
    // What lies below the folder of the settings may be read anyway.
    let disk = tempfile::tempdir().unwrap();
    let ours = |folder: &str| disk.path().join(folder).join("ours.pem");
    let put = |from: &str, folder: &str| {
        let to = ours(folder);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        // As an administrator replaces a file, at once.
        let new = to.with_extension("new");
        std::fs::copy(made.join(from), &new).unwrap();
        std::fs::rename(new, to).unwrap();
    };
    for folder in ["authorities", "alertmanagers", "others"] {
        put("ours.pem", folder);
    }
    let port = free_port();
    let at = made.display();
    let http = format!(
        "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {at}/good.pem; ssl_certificate_key {at}/good.key;\n\
         return 200 ready; }}\n"
    );
    let Some(_nginx) = nginx(test, &scene, &http, &[port]) else { return };
    let nobody = free_port();
    let configure = |folder: &str| {
        let ca = |folder: &str| ours(folder).display().to_string();
        scene.configure(&format!(
            "[defaults]\ninterval = \"200ms\"\ntimeout = \"10s\"\nfall = 1\nrise = 1\n\
             [alertmanager]\nurls = [\"https://127.0.0.1:{nobody}\"]\nca = {:?}\nof = [\"file/*\"]\n\
             [forward]\nurl = \"https://127.0.0.1:{nobody}/\"\nname = \"paris\"\nkey-file = {:?}\n\
             of = [\"file/*\"]\n\
             [hostgroup.file]\nhosts = [\"127.0.0.1:{port}\"]\n[hostgroup.file.service.tls]\n\
             probe = {{ http = \"/\", tls = true, host = \"www.example.org\", ca = {:?} }}\n\
             [hostgroup.system]\nhosts = [\"127.0.0.1:{port}\"]\n[hostgroup.system.service.tls]\n\
             probe = {{ http = \"/\", tls = true, host = \"www.example.org\" }}\n",
            ca("alertmanagers"),
            scene.path("state/forward.key"),
            ca(folder)
        ));
    };
    configure("authorities");
    let Some(watcher) = confined(&scene, &ours("authorities")) else { return };
    scene.wait_for_words("file/tls", "ok");
    scene.wait_for_words("system/tls", "ok");
    let status = std::fs::read_to_string(format!("/proc/{}/status", watcher.pid())).unwrap();
    assert!(status.contains("\nSeccomp:\t2\n") && status.contains("\nNoNewPrivs:\t1\n"), "{status}");
    // Another file of the same name is read anew.
    put("theirs.pem", "authorities");
    watcher.signal("HUP");
    scene.wait_for_words(&format!("file/tls/127.0.0.1:{port}"), "ko certificate by an unknown authority");
    put("ours.pem", "authorities");
    watcher.signal("HUP");
    scene.wait_for_words("file/tls", "ok");
    // In another folder is what may not be read any more.
    configure("others");
    watcher.signal("HUP");
    let file = scene.path("watch.toml");
    let line =
        1 + std::fs::read_to_string(&file).unwrap().lines().position(|line| line.contains("others")).unwrap();
    watcher.wait_for_log(&format!(
        "reload refused, going on as before: {}:{line}: hostgroup.file.service.tls.probe.ca: {}: permission denied; \
         that needs a restart",
        file.display(),
        ours("others").display()
    ));
    scene.wait_for_words("file/tls", "ok");
    drop(watcher);
    let Some(_watcher) = confined(&scene, &ours("authorities")) else { return };
    wait_for("the other folder to be read after a restart", || {
        (scene.shown("file/tls")["state"] == "ok").then_some(())
    });
}
