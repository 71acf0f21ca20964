//! The journal in trouble: a full disk, a damaged file, a newer schema, a folder that can't be written.

use crate::far::Far;
use crate::host::Host;
use crate::namespace::{in_a_world_of_its_own, run};
use crate::recorder::Recorder;
use crate::scene::{Scene, parts, wait_for};
use crate::server::is_root;
use crate::watcher::Watcher;
use std::os::unix::fs::PermissionsExt;

fn one(host: &Host) -> String {
    format!(
        "[defaults]\ninterval = \"100ms\"\nfall = 1\nrise = 1\n[hostgroup.g]\nhosts = [{{ name = \"a\", address = \"{}\" }}]\n\
         [hostgroup.g.service.s]\nprobe = \"oco\"\n[hostgroup.push]\naccept-reports = true\n",
        host.address
    )
}

/// The entries of the log about the target.
fn entries(scene: &Scene) -> Vec<String> {
    let log = scene.told(&["log", "g/s/a"]);
    log.lines().map(|line| line[line.find("g/s/a").unwrap() + 7..].to_owned()).collect()
}

#[test]
fn a_full_disk_delays_nothing_is_told_and_loses_nothing() {
    in_a_world_of_its_own("a full disk", || {
        let host = Host::new("200 OK");
        let scene = Scene::new(&one(&host));
        if !run("mount", &format!("-t tmpfs -o size=1m none {}", scene.path("state").display())) {
            return println!("skipped: a full disk: no tmpfs");
        }
        let watcher = Watcher::start(&scene);
        scene.wait_for_words("g/s/a", "ok");
        wait_for("the journal", || (entries(&scene).len() == 1).then_some(()));
        // What is left of the disk is filled.
        let hog = scene.path("state/hog");
        let filled = std::fs::write(&hog, vec![0_u8; 4 << 20]);
        assert!(filled.is_err(), "the disk is small");
        let reports: Vec<_> =
            (0..500).map(|n| serde_json::json!({"name": format!("push/many/{n}"), "code": 300})).collect();
        crate::talk::ask(
            &scene,
            &serde_json::json!({"version": 1, "order": "report", "reports": reports}).to_string(),
        );
        host.say("350 KO 300-x");
        watcher.wait_for_log("g/s/a: ok -> ko");
        watcher.wait_for_log("journal: can't be written: ");
        for (line, words) in [("200 OK", "ok"), ("550 KO 500-y", "ko"), ("200 OK", "ok")] {
            host.say(line);
            scene.wait_for_words("g/s/a", words);
        }
        assert_eq!(watcher.log().matches("journal: can't be written").count(), 1, "{}", watcher.log());
        std::fs::remove_file(&hog).unwrap();
        watcher.wait_for_log("journal: is written again");
        let told = wait_for("the journal", || Some(entries(&scene)).filter(|all| all.len() >= 5));
        let expected =
            ["unknown -> ok", "ok -> ko (350 KO 300-x)", "ko -> ok", "ok -> ko (550 KO 500-y)", "ko -> ok"];
        assert_eq!(told, expected);
        assert_eq!(scene.shown("push/many")["of"], 500);
    });
}

#[test]
fn a_disk_that_hangs_delays_nothing_is_told_and_loses_nothing() {
    let host = Host::new("200 OK");
    let scene = Scene::new("");
    let told = Recorder::new(&scene, "told.alert", "");
    scene.configure(&format!("[[alert]]\nof = [\"g/s\"]\ncommand = [{:?}]\n{}", told.path(), one(&host)));
    std::fs::create_dir(scene.path("disk")).unwrap();
    let Some(far) = Far::mount("a disk that hangs", &scene.path("disk"), &scene.path("state")) else {
        return;
    };
    let mut watcher = Watcher::start(&scene);
    // The kernel lets nobody end who waits for it.
    let _end = far.answers_at_last();
    scene.wait_for_words("g/s/a", "ok");
    wait_for("the journal", || (entries(&scene).len() == 1).then_some(()));
    far.hang();
    host.say("350 KO 300-x");
    scene.wait_for_words("g/s/a", "ko");
    // An alert waits for its note, but not for ever.
    assert_eq!(told.wait_for(1)[0].event(), "ko");
    watcher.wait_for_log("journal: the disk does not answer; going on without it");
    host.say("200 OK");
    scene.wait_for_words("g/s/a", "ok");
    assert_eq!(told.wait_for(2)[1].event(), "ok");
    // Who asks the journal then is not kept waiting for ever.
    let (status, _, complaint) = parts(&scene.fleet(&["log"]).output().unwrap());
    assert_eq!(status, Some(3), "{complaint}");
    far.answer();
    watcher.wait_for_log("journal: is written again");
    wait_for("the journal", || {
        (entries(&scene) == ["unknown -> ok", "ok -> ko (350 KO 300-x)", "ko -> ok"]).then_some(())
    });
    // Both were noted later, so that nobody is told once more.
    wait_for("the notes", || (scene.told(&["log", "g/s"]).matches(": sent").count() == 2).then_some(()));
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    let _watcher = Watcher::start(&scene);
    host.say("350 KO 300-y");
    assert_eq!(
        told.wait_for(3).iter().map(|call| call.event().to_owned()).collect::<Vec<_>>(),
        ["ko", "ok", "ko"]
    );
}

#[test]
fn a_damaged_journal_is_set_aside_and_that_is_said_once() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(&host));
    std::fs::write(scene.path("state/fleet.db"), vec![b'x'; 100_000]).unwrap();
    let mut watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
    watcher.wait_for_log("error: journal: ");
    let names: Vec<String> = std::fs::read_dir(scene.path("state"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let asides: Vec<&String> = names
        .iter()
        .filter(|name| {
            let is_old = std::fs::metadata(scene.path(&format!("state/{name}")))
                .is_ok_and(|found| found.len() == 100_000);
            is_old && *name != "fleet.db"
        })
        .collect();
    assert_eq!(asides.len(), 1, "{names:?}");
    assert!(watcher.log().contains(asides[0].as_str()), "it says where: {}", watcher.log());
    wait_for("the new journal", || (entries(&scene) == ["unknown -> ok"]).then_some(()));
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
    assert!(!watcher.log().contains("error: journal"), "{}", watcher.log());
}

#[test]
fn a_journal_that_is_damaged_inside_is_set_aside_too() {
    use std::os::unix::fs::FileExt;
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(&host));
    let mut watcher = Watcher::start(&scene);
    wait_for("the journal", || (entries(&scene).len() == 1).then_some(()));
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    checkpoint(&scene);
    // Its head is good, and all behind the first page is not.
    let file = std::fs::OpenOptions::new().write(true).open(scene.path("state/fleet.db")).unwrap();
    let length = usize::try_from(file.metadata().unwrap().len()).unwrap();
    file.write_all_at(&vec![0xa5; length - 4096], 4096).unwrap();
    drop(file);
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
    host.say("350 KO 300-x");
    scene.wait_for_words("g/s/a", "ko");
    watcher.wait_for_log("error: journal: ");
    wait_for("the new journal", || {
        let output = scene.fleet(&["log", "g/s/a"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).contains("ok -> ko").then_some(())
    });
}

/// The journal's file, with nothing left in the log beside it.
fn checkpoint(scene: &Scene) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(scene.path("state/fleet.db")).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    connection
}

#[test]
fn a_newer_schema_is_an_error_and_the_file_is_left_alone() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(&host));
    let mut watcher = Watcher::start(&scene);
    wait_for("the journal", || (entries(&scene).len() == 1).then_some(()));
    watcher.signal("TERM");
    watcher.wait();
    let connection = checkpoint(&scene);
    connection.pragma_update(None, "user_version", 1000).unwrap();
    drop(connection);
    let before = std::fs::read(scene.path("state/fleet.db")).unwrap();
    let (status, last) = scene.refusal();
    assert_eq!(status, Some(1));
    assert!(last.contains("written by a later version (schema 1000; "), "{last}");
    assert_eq!(std::fs::read(scene.path("state/fleet.db")).unwrap(), before);
}

#[test]
fn a_state_dir_that_can_not_be_used_is_an_error() {
    let scene = Scene::new("");
    std::fs::remove_dir(scene.path("state")).unwrap();
    let said = |scene: &Scene| {
        let (status, last) = scene.refusal();
        assert_eq!(status, Some(1), "{last}");
        last
    };
    let missing = said(&scene);
    assert!(missing.contains("state") && missing.contains("no such file or directory"), "{missing}");
    scene.file("state", "a file");
    let file = said(&scene);
    assert!(file.contains("state") && file.contains("not a directory"), "{file}");
}

#[test]
fn a_state_dir_of_others_is_an_error() {
    if !is_root("a state-dir of others") {
        return;
    }
    let scene = Scene::new("");
    let text = std::fs::read_to_string(scene.path("watch.toml")).unwrap();
    std::fs::write(scene.path("watch.toml"), format!("user = \"nobody\"\n{text}")).unwrap();
    // Those above it let everybody through, and the folder itself lets nobody write.
    let folder = scene.path("");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (status, last) = scene.refusal();
    assert_eq!(status, Some(1), "{last}");
    assert!(last.contains("state") && last.contains("permission denied"), "{last}");
}

#[test]
fn the_journal_is_read_by_its_group_while_nobody_writes() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(&host));
    let mut watcher = Watcher::start(&scene);
    wait_for("the journal", || (entries(&scene).len() == 1).then_some(()));
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    for name in ["fleet.db", "fleet.db-wal", "fleet.db-shm"] {
        let found = std::fs::metadata(scene.path(&format!("state/{name}")));
        let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.permissions().mode() & 0o777, 0o640, "{name}");
    }
}
