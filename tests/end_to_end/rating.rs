//! Sections 1 to 3 of the contract: codes, staleness, names, and the order of the list.

use crate::scene::{Scene, wait_for};
use crate::server::{Ocod, answer, ask};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

fn set_age(scene: &Scene, name: &str, seconds: f64) {
    let time = SystemTime::now() - Duration::from_secs_f64(seconds);
    touch(scene, name, time);
}

fn touch(scene: &Scene, name: &str, time: SystemTime) {
    let file =
        fs::File::options().append(true).open(scene.status().join(name)).expect("open the status file");
    file.set_modified(time).expect("set the time");
}

#[test]
fn the_lines_of_the_readme() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let ocod = Ocod::start(&scene);
    ocod.expect("200 OK oco");
    scene.check("disk", "210 91% full\n");
    ocod.expect("250 OK, but oco 210-disk");
    scene.check("http", "300\n");
    scene.check("php", "300 no answer\n");
    scene.check("php5", "300\n");
    scene.check("disk", "200\n");
    ocod.expect("350 KO oco 300-http,300-php,300-php5");
    for (name, code) in [("raid", "500"), ("load", "210"), ("php", "200"), ("php5", "200")] {
        scene.check(name, code);
    }
    ocod.expect("550 KO oco 500-raid,300-http,210-load");
}

/// What scripts of the original wrote, as oco(7) says in "From OvhCheckOut".
#[test]
fn codes_of_the_original_are_taken_as_they_are() {
    let scene = Scene::new();
    scene.check("load", "201\n");
    let ocod = Ocod::start(&scene);
    ocod.expect("250 OK, but oco 201-load");
    for (name, code) in [("http", "350\n"), ("php", "398\n"), ("mail", "399\n"), ("test", "300\n")] {
        scene.check(name, code);
    }
    ocod.expect("350 KO oco 399-mail,398-php,350-http,300-test,201-load");
}

#[test]
fn nothing_known_is_not_ok() {
    let scene = Scene::new();
    let ocod = Ocod::start(&scene);
    ocod.expect("350 KO oco 300-oco");
    scene.check("oco", "200\n");
    scene.check(".hidden", "200\n");
    fs::create_dir(scene.status().join("dir")).unwrap();
    ocod.expect("350 KO oco 300-oco");
    ocod.wait_for_log("oco: not a check: it is reserved");
    assert!(!ocod.log().contains("hidden") && !ocod.log().contains("dir: not"));
}

#[test]
fn a_directory_that_is_missing_or_none_is_ko() {
    let scene = Scene::new();
    fs::remove_dir(scene.status()).unwrap();
    let ocod = Ocod::start(&scene);
    ocod.expect("350 KO oco 300-oco");
    ocod.wait_for_log("No such file or directory");
    fs::write(scene.status(), "200\n").unwrap();
    ocod.expect("350 KO oco 300-oco");
    ocod.wait_for_log("Not a directory");
}

#[test]
fn contents_are_rated_as_the_contract_says() {
    let scene = Scene::new();
    let ocod = Ocod::start(&scene);
    let cases: [(&[u8], &str); 24] = [
        (b"200", "200 OK oco"),
        (b"200\r\n", "200 OK oco"),
        (b" \t200 fine", "200 OK oco"),
        (b"\xef\xbb\xbf200\n", "200 OK oco"),
        (b"200-fine", "200 OK oco"),
        (b"200\n300\n", "200 OK oco"),
        (b"201", "250 OK, but oco 201-x"),
        (b"299 x", "250 OK, but oco 299-x"),
        (b"300", "350 KO oco 300-x"),
        (b"399 x", "350 KO oco 399-x"),
        (b"500", "550 KO oco 500-x"),
        (b"599\tx", "550 KO oco 599-x"),
        (b"", "350 KO oco 300-x"),
        (b"20", "350 KO oco 300-x"),
        (b"2000", "350 KO oco 300-x"),
        (b"OK", "350 KO oco 300-x"),
        (b"200x", "350 KO oco 300-x"),
        (b"100", "350 KO oco 300-x"),
        (b"400", "350 KO oco 300-x"),
        (b"600", "350 KO oco 300-x"),
        (b"999", "350 KO oco 300-x"),
        (b"\n200", "350 KO oco 300-x"),
        (b"\x00\xff200", "350 KO oco 300-x"),
        (b"200\x1b[31m", "350 KO oco 300-x"),
    ];
    for (content, line) in cases {
        fs::write(scene.status().join("x"), content).unwrap();
        assert_eq!(ocod.ask(), answer(line), "{:?}", content.escape_ascii().to_string());
    }
    let mut large = b"200 ".to_vec();
    large.resize(8 << 20, b'x');
    fs::write(scene.status().join("x"), large).unwrap();
    ocod.expect("200 OK oco");
}

#[test]
fn a_result_grows_stale_by_time_alone() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    scene.check("raid", "500\n");
    let ocod = Ocod::start_with(&scene, &["-l", "127.0.0.1:0", "--max-age", "3s"]);
    ocod.wait_for_log("http: 200 -> 300 (stale, 3s old)");
    ocod.wait_for_log("(was 550 KO)");
    // Whatever the file says: also a 500 is 300 now.
    ocod.expect("350 KO oco 300-http,300-raid");
    scene.check("http", "200\n");
    ocod.expect("350 KO oco 300-raid");
}

#[test]
fn age_is_by_mtime_below_a_second() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let ocod = Ocod::start_with(&scene, &["-l", "127.0.0.1:0", "--max-age", "2h"]);
    set_age(&scene, "http", 7200.2);
    ocod.expect("350 KO oco 300-http");
    set_age(&scene, "http", 7195.0);
    ocod.expect("200 OK oco");
    set_age(&scene, "http", 7196.5);
    ocod.expect("200 OK oco");
    wait_for("staleness", || (ocod.ask() == answer("350 KO oco 300-http")).then_some(()));
}

#[test]
fn a_result_of_the_future_counts_from_when_it_was_seen() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let ocod = Ocod::start_with(&scene, &["-l", "127.0.0.1:0", "--max-age", "2s"]);
    touch(&scene, "http", SystemTime::now() + Duration::from_secs(86_400));
    ocod.expect("200 OK oco");
    // Its mode does not make it younger.
    let file = scene.status().join("http");
    wait_for("the result to grow stale though its mode changes", || {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        (ocod.ask() != answer("200 OK oco")).then_some(())
    });
    ocod.expect("350 KO oco 300-http");
}

#[test]
fn odd_names_are_no_checks_and_warned_of_once() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    let long = "x".repeat(65);
    let odd =
        ["-dash", "a b", "http~", "x.tmp", "x.swp", "x.bak", "x.lock", "x.dpkg-old", "x.rpmsave", &long];
    for name in odd {
        scene.check(name, "500\n");
    }
    let ocod = Ocod::start(&scene);
    for name in odd {
        scene.check(name, "500 again\n");
    }
    ocod.expect("200 OK oco");
    for name in odd {
        let warning = format!("warn: {name}: not a check");
        let log = ocod.wait_for_log(&warning);
        assert_eq!(log.matches(&warning).count(), 1, "{name}\n{log}");
    }
    scene.check(&"y".repeat(64), "300\n");
    ocod.expect(&format!("350 KO oco 300-{}", "y".repeat(64)));
}

#[test]
fn control_characters_reach_neither_log_nor_answer() {
    let scene = Scene::new();
    let ocod = Ocod::start(&scene);
    fs::write(scene.status().join("x"), b"300 \x1b[2Jboo\x07\n").unwrap();
    fs::write(scene.status().join("bad\x1bname"), b"300\n").unwrap();
    ocod.expect("350 KO oco 300-x");
    ocod.signal("USR1");
    ocod.wait_for_log("300 x ");
    ocod.wait_for_log("bad?name: not a check");
    assert!(!ocod.log().contains(['\x1b', '\x07']), "{:?}", ocod.log());
}

#[test]
fn what_is_no_regular_file_is_300_and_never_opened() {
    let scene = Scene::new();
    scene.check("target", "200\n");
    let ocod = Ocod::start(&scene);
    ocod.expect("200 OK oco");
    symlink("target", scene.status().join("link")).unwrap();
    ocod.expect("350 KO oco 300-link");
    symlink("/nowhere", scene.status().join("dangling")).unwrap();
    ocod.expect("350 KO oco 300-dangling,300-link");
    let fifo = scene.status().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("run mkfifo");
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(scene.status().join("socket")).unwrap();
    ocod.expect("350 KO oco 300-dangling,300-fifo,300-link,300-socket");
    for name in ["link", "dangling", "fifo", "socket"] {
        fs::remove_file(scene.status().join(name)).unwrap();
    }
    ocod.expect("200 OK oco");
}

#[test]
fn a_list_that_is_too_long_says_how_much_is_left_out() {
    let scene = Scene::new();
    for number in 0..1000 {
        scene.check(&format!("check{number:04}"), "300\n");
    }
    let ocod = Ocod::start(&scene);
    let line = ocod.ask();
    assert!(line.len() <= 510 && line.len() > 480, "{line}");
    let (listed, left) = line.rsplit_once(",+").expect("an omission");
    let listed = listed.split(',').count();
    assert_eq!(listed + left.parse::<usize>().unwrap(), 1000);
    assert!(line.contains("300-check0000,300-check0001,"));
}

#[test]
fn settings_of_checks_and_listeners() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    scene.check("php5", "210\n");
    scene.check("disk", "300\n");
    scene.check("backup", "200\n");
    set_age(&scene, "backup", 3.0 * 3600.0);
    let config = scene.file(
        "ocod.toml",
        r#"
        max-age = "1m"
        [[listen]]
        address = "127.0.0.1:0"
        [[listen]]
        address = "[::1]:0"
        checks = ["http", "php*"]
        [[listen]]
        address = "127.0.0.2:0"
        checks = ["nothing*"]
        [checks.backup]
        max-age = "25h"
        [checks.raid]
        required = true
        "#,
    );
    let config = config.to_str().unwrap();
    // The file's max-age for a check beats the flag.
    let ocod = Ocod::start_with(&scene, &["-c", config, "--max-age", "2h"]);
    ocod.expect("350 KO oco 300-disk,300-raid,210-php5");
    assert_eq!(ask(ocod.addresses[1]), answer("250 OK, but oco 210-php5"));
    assert_eq!(ask(ocod.addresses[2]), answer("350 KO oco 300-oco"));
    scene.check("raid", "200\n");
    fs::remove_file(scene.status().join("disk")).unwrap();
    ocod.expect("250 OK, but oco 210-php5");
    fs::remove_file(scene.status().join("raid")).unwrap();
    ocod.expect("350 KO oco 300-raid,210-php5");
}

#[test]
fn an_empty_directory_can_be_ok_but_a_missing_one_never() {
    let scene = Scene::new();
    let config = scene.file("ocod.toml", "empty = \"ok\"\n[[listen]]\naddress = \"127.0.0.1:0\"\n");
    let ocod = Ocod::start_with(&scene, &["-c", config.to_str().unwrap()]);
    ocod.expect("200 OK oco");
    fs::remove_dir(scene.status()).unwrap();
    ocod.expect("350 KO oco 300-oco");
}
