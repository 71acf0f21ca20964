//! Writers whose file has lost its name, or never had one, and those that replace a file by removing it.

use crate::scene::{Scene, have, wait_for};
use crate::server::Ocod;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rustix::fs::{AtFlags, CWD, OFlags};
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Ways in which a file loses its name to another one, which has `content`.
const TAKEN: [fn(&Scene, &Path, &str); 3] = [
    |scene, file, content| {
        scene.check(".new", content);
        fs::rename(scene.status().join(".new"), file).unwrap();
    },
    |_, file, content| {
        fs::remove_file(file).unwrap();
        fs::write(file, content).unwrap();
    },
    |scene, file, content| {
        fs::rename(file, scene.path("away")).unwrap();
        fs::write(file, content).unwrap();
    },
];

fn appending(file: &Path) -> File {
    File::options().append(true).open(file).unwrap()
}

/// What it writes is no sign of somebody who is at work on the file that has the name now.
#[test]
fn a_writer_whose_name_was_taken_holds_no_new_result_back() {
    for take in TAKEN {
        let scene = Scene::new();
        let file = scene.status().join("http");
        scene.check("http", "200\n");
        let ocod = Ocod::start(&scene);
        ocod.expect("200 OK oco");
        let mut writer = appending(&file);
        // All of it before ocod can look.
        ocod.signal("STOP");
        take(&scene, &file, "300\n");
        writer.write_all(b"still at work\n").unwrap();
        ocod.signal("CONT");
        ocod.expect("350 KO oco 300-http");
        writer.write_all(b"and on\n").unwrap();
        ocod.expect("350 KO oco 300-http");
    }
}

/// When it closes, the one who has the name now may just have opened its file.
#[test]
fn a_writer_whose_name_was_taken_ends_nobody_elses_work() {
    for take in
        [|file: &Path, _: &Path| fs::remove_file(file), |file: &Path, away: &Path| fs::rename(file, away)]
    {
        let scene = Scene::new();
        let file = scene.status().join("http");
        scene.check("http", "200\n");
        let ocod = Ocod::start(&scene);
        ocod.expect("200 OK oco");
        let mut slow = appending(&file);
        slow.write_all(b"a slow check in cron\n").unwrap();
        take(&file, &scene.path("away")).unwrap();
        let mut new = File::create(&file).unwrap();
        drop(slow);
        // Nobody wrote a 300, and the new file is not finished.
        ocod.expect("200 OK oco");
        new.write_all(b"210\n").unwrap();
        ocod.expect("200 OK oco");
        drop(new);
        ocod.expect("250 OK, but oco 210-http");
        assert!(!ocod.log().contains("empty"), "{}", ocod.log());
    }
}

/// `O_TMPFILE` and `linkat(2)`: the kernel names such a file `#12345` until it has a name.
#[test]
fn who_writes_before_the_file_has_a_name_is_no_stranger() {
    let scene = Scene::new();
    let ocod = Ocod::start(&scene);
    for code in ["200", "210", "300"] {
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        let mut file = match rustix::fs::open(scene.status(), flags, rustix::fs::Mode::from_raw_mode(0o644)) {
            Ok(file) => File::from(file),
            Err(error) => {
                println!("skipped: no O_TMPFILE on this file system: {error}");
                return;
            }
        };
        ocod.expect("350 KO oco 300-oco");
        for _ in 0..3 {
            writeln!(file, "{code}").unwrap();
        }
        ocod.expect("350 KO oco 300-oco");
        let name = scene.status().join("http");
        let by_number = format!("/proc/self/fd/{}", file.as_raw_fd());
        rustix::fs::linkat(CWD, by_number, CWD, &name, AtFlags::SYMLINK_FOLLOW).unwrap();
        // Linked into place it counts, though the writer is still there.
        let [state, list] = [&ocod.ask(), code];
        assert!(
            state.ends_with(&format!("{list}-http")) || (state.starts_with("200 OK") && code == "200"),
            "{state}"
        );
        drop(file);
        fs::remove_file(&name).unwrap();
        ocod.expect("350 KO oco 300-oco");
    }
    assert!(!ocod.log().contains("not a check"), "{}", ocod.log());
}

/// The same, and only then the content, in pieces: no event tells of them.
#[test]
fn what_is_written_by_no_name_is_seen_to_its_end() {
    let scene = Scene::new();
    let ocod = Ocod::start(&scene);
    let name = scene.status().join("http");
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    let mut file = match rustix::fs::open(scene.status(), flags, rustix::fs::Mode::from_raw_mode(0o644)) {
        Ok(file) => File::from(file),
        Err(error) => return println!("skipped: no O_TMPFILE on this file system: {error}"),
    };
    let by_number = format!("/proc/self/fd/{}", file.as_raw_fd());
    rustix::fs::linkat(CWD, by_number, CWD, &name, AtFlags::SYMLINK_FOLLOW).unwrap();
    ocod.expect("350 KO oco 300-oco");
    write!(file, "200").unwrap();
    ocod.expect("200 OK oco");
    for (content, answer) in [("300 down\n", "350 KO oco 300-http"), ("210\n", "250 OK, but oco 210-http")] {
        file.set_len(0).unwrap();
        file.rewind().unwrap();
        write!(file, "{content}").unwrap();
        ocod.expect(answer);
    }
    drop(file);
    // Once it is replaced by one whose writer is heard, that is enough.
    scene.check("http.new", "200\n");
    fs::rename(scene.status().join("http.new"), &name).unwrap();
    ocod.expect("200 OK oco");
}

/// Removed, and made anew by somebody who still writes: what was known stands, as under `>`.
#[test]
fn a_result_stands_while_its_file_is_replaced_by_unlink_and_create() {
    let scene = Scene::new();
    scene.check("load", "200\n");
    let file = scene.status().join("http");
    let ocod = Ocod::start(&scene);
    for (before, known, after, counts) in [
        ("300 down\n", "350 KO oco 300-http", "300 still down\n", "350 KO oco 300-http"),
        ("300 down\n", "350 KO oco 300-http", "200\n", "200 OK oco"),
        ("500 down\n", "550 KO oco 500-http", "210\n", "250 OK, but oco 210-http"),
        ("200\n", "200 OK oco", "300\n", "350 KO oco 300-http"),
    ] {
        scene.check("http", before);
        ocod.expect(known);
        fs::remove_file(&file).unwrap();
        let mut writer = File::create(&file).unwrap();
        ocod.expect(known);
        writer.write_all(after.as_bytes()).unwrap();
        ocod.expect(known);
        drop(writer);
        ocod.expect(counts);
    }
    // A file that is removed and does not come is no check, at once.
    fs::remove_file(&file).unwrap();
    ocod.expect("200 OK oco");
    // One that comes late does not replace it. The condition is the time itself.
    std::thread::sleep(oco::limits::REPLACE_GRACE + Duration::from_millis(100));
    let mut writer = File::create(&file).unwrap();
    ocod.expect("200 OK oco");
    writer.write_all(b"300\n").unwrap();
    drop(writer);
    ocod.expect("350 KO oco 300-http");
}

/// Tools that replace a file by removing it, each held up while it writes.
#[test]
fn tools_that_replace_a_file_by_removing_it_leave_the_old_result_until_they_are_done() {
    let perl = "unlink('http'); open(F, '>', 'http'); print F $_ while <STDIN>; close(F)";
    let tools = [
        ("install", "install -m 644 ../pipe http".to_owned()),
        ("cp", "cp --remove-destination ../pipe http".to_owned()),
        ("tar", "tar -x -f - http <../pipe".to_owned()),
        ("perl", format!("perl -e \"{}\" <../pipe", perl.replace('$', "\\$"))),
    ];
    for (tool, command) in tools {
        if !have(tool) {
            println!("skipped: {tool} is not installed");
            continue;
        }
        let scene = Scene::new();
        let file = scene.status().join("http");
        scene.check("load", "200\n");
        scene.check("http", "300 down\n");
        let result = format!("300 still down\n{}", "x\n".repeat(20_000));
        let octets = if tool == "tar" { packed(&scene, &result) } else { result.into_bytes() };
        mkfifo(&scene.path("pipe"), Mode::from_bits_retain(0o600)).unwrap();
        let ocod = Ocod::start(&scene);
        ocod.expect("350 KO oco 300-http");
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).current_dir(scene.status()).stdin(Stdio::null());
        let mut shell = shell.spawn().expect("start a shell");
        let open =
            || File::options().write(true).custom_flags(libc::O_NONBLOCK).open(scene.path("pipe")).ok();
        let mut pipe = wait_for("the tool to read", open);
        // A record of tar's, and less than a pipe holds.
        pipe.write_all(&octets[..10_240]).unwrap();
        // Not by its number: the new file may have that of the old one.
        wait_for("the new file", || (fs::metadata(&file).ok()?.len() > 1000).then_some(()));
        for _ in 0..10 {
            ocod.expect("350 KO oco 300-http");
        }
        pipe.write_all(&octets[10_240..]).unwrap();
        ocod.expect("350 KO oco 300-http");
        drop(pipe);
        let status = wait_for("the tool to end", || shell.try_wait().expect("wait for the shell"));
        assert!(status.success(), "{tool}: {status}");
        ocod.expect("350 KO oco 300-http");
    }
}

/// The octets of an archive in which this is `http`.
fn packed(scene: &Scene, content: &str) -> Vec<u8> {
    scene.file("http", content);
    let tar = Command::new("tar").args(["-c", "-f", "-", "http"]).current_dir(scene.path(".")).output();
    tar.expect("run tar").stdout
}
