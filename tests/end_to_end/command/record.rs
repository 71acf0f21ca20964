//! `oco set`, `oco clear`, `oco maint`, and bad usage of them all.

use super::{end, names_in, start, wait};
use crate::scene::Scene;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

fn read(scene: &Scene, name: &str) -> String {
    fs::read_to_string(scene.status().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn set_writes_the_code_and_the_words_as_one_line() {
    let scene = Scene::new();
    let cases: [(&[&str], &str); 9] = [
        (&["set", "http", "200"], "200\n"),
        (&["set", "http", "210", "slow,", "but there"], "210 slow, but there\n"),
        (&["set", "http", "300", "a\tb\nc\x1b[31md\x07"], "300 a b c [31md\n"),
        (&["set", "http", "300", "caf\u{e9}\u{202e}"], "300 caf\u{e9}?\n"),
        (&["set", "http", "599", ""], "599\n"),
        (&["set", "http", "200", "-5", "degrees"], "200 -5 degrees\n"),
        (&["set", "http", "200", "--", "--", "-x"], "200 -- -x\n"),
        (&["set", "http", "--", "200", "-x"], "200 -x\n"),
        (&["set", "--", "http", "299", "x"], "299 x\n"),
    ];
    for (arguments, content) in cases {
        end(&mut scene.oco(arguments)).expect_silent(0);
        assert_eq!(read(&scene, "http"), content, "{arguments:?}");
        assert_eq!(names_in(&scene.status()), ["http"]);
    }
    end(&mut scene.oco(&["set", "http", "200", &"x".repeat(100_000)])).expect_silent(0);
    assert_eq!(read(&scene, "http"), format!("200 {}\n", "x".repeat(4091)));
}

#[test]
fn a_max_age_is_the_second_line_of_the_file() {
    let scene = Scene::new();
    let cases: [(&[&str], &str); 5] = [
        (&["set", "backup", "200", "--max-age", "25h"], "200\nmax-age 25h\n"),
        (&["set", "--max-age", "25h", "backup", "200", "all", "saved"], "200 all saved\nmax-age 25h\n"),
        (&["set", "backup", "200", "--max-age=1h 30m", "x"], "200 x\nmax-age 90m\n"),
        (&["set", "backup", "200", "--", "--max-age", "25h"], "200 --max-age 25h\n"),
        (&["maint", "on", "--", "--max-age", "1h"], "300 --max-age 1h\n"),
    ];
    for (arguments, content) in cases {
        end(&mut scene.oco(arguments)).expect_silent(0);
        assert_eq!(
            read(&scene, arguments.iter().find(|word| **word == "backup").unwrap_or(&"maint")),
            content
        );
    }
    end(&mut scene.oco(&["set", "backup", "200", "--max-age", "25h", &"x".repeat(5000)])).expect_silent(0);
    let long = read(&scene, "backup");
    assert!(long.len() == 4096 && long.ends_with("x\nmax-age 25h\n"), "{}", long.len());
    for bad in ["5", "0s", "200y", ""] {
        let ended = end(&mut scene.oco(&["set", "backup", "200", "--max-age", bad]));
        ended.expect_error(3, &["--max-age", "expected"]);
    }
    end(&mut scene.oco(&["maint", "on", "--max-age", "1h"])).expect_error(3, &["--max-age"]);
}

#[test]
fn a_status_file_is_readable_whatever_the_umask() {
    let scene = Scene::new();
    let oco = scene.oco(&[]).get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.env("OCO_DIR", scene.status()).arg("-c").arg("umask 077; exec \"$0\" set http 200").arg(oco);
    end(&mut shell).expect_silent(0);
    let mode = fs::metadata(scene.status().join("http")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o644);
}

#[test]
fn a_reader_sees_one_result_or_the_other() {
    let scene = Scene::new();
    scene.check("http", "200 first\n");
    let texts = ["x".repeat(4000), "y".repeat(3000)];
    for round in 0..30 {
        let mut child = start(&mut scene.oco(&["set", "http", "210", &texts[round % 2]]));
        loop {
            let content = read(&scene, "http");
            let is_whole =
                content == "200 first\n" || texts.iter().any(|text| content == format!("210 {text}\n"));
            assert!(is_whole, "{content:?}");
            if child.try_wait().unwrap().is_some() {
                break;
            }
        }
    }
    assert_eq!(names_in(&scene.status()), ["http"]);
}

#[test]
fn set_replaces_a_link_and_does_not_follow_it() {
    let scene = Scene::new();
    let elsewhere = scene.file("elsewhere", "mine\n");
    symlink(&elsewhere, scene.status().join("http")).unwrap();
    end(&mut scene.oco(&["set", "http", "200"])).expect_silent(0);
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "mine\n");
    assert!(fs::symlink_metadata(scene.status().join("http")).unwrap().is_file());
}

#[test]
fn bad_codes_and_names_are_refused_and_named() {
    let scene = Scene::new();
    for code in ["", "20", "2000", "100", "400", "600", "+20", "2x0", "ok", "\u{662}00"] {
        end(&mut scene.oco(&["set", "http", code])).expect_error(3, &["oco: ", "<CODE>", "expected 2XX"]);
    }
    let long = "x".repeat(65);
    let names = [
        ("", "empty"),
        (long.as_str(), "longer than 64"),
        (".http", "begins with a dot"),
        ("..", "begins with a dot"),
        ("a/b", "other than A-Z"),
        ("a b", "other than A-Z"),
        ("caf\u{e9}", "other than A-Z"),
        ("http~", "leftover"),
        ("http.lock", "leftover"),
        ("oco", "reserved"),
    ];
    for (name, why) in names {
        end(&mut scene.oco(&["set", name, "200"])).expect_error(3, &["<NAME>", why]);
        end(&mut scene.oco(&["clear", name])).expect_error(3, &["<NAME>", why]);
        end(&mut scene.oco(&["run", name, "true"])).expect_error(3, &["<NAME>", why]);
    }
    end(&mut scene.oco(&["set", "--", "-http", "200"])).expect_error(3, &["begins with a dash"]);
    end(&mut scene.oco(&["set", "-x", "200"])).expect_error(3, &["-x"]);
    assert_eq!(end(&mut scene.oco(&["set", "-http", "200"])).status, Some(3));
    assert_eq!(names_in(&scene.status()), [""; 0]);
}

#[test]
fn what_can_not_be_written_is_named_and_leaves_nothing() {
    let scene = Scene::new();
    let set =
        |directory: &Path| end(&mut scene.oco(&["-d", directory.to_str().unwrap(), "set", "http", "200"]));
    let missing = scene.path("missing");
    set(&missing).expect_error(3, &["oco: write ", "missing/http: no such file or directory"]);
    let file = scene.file("file", "");
    set(&file).expect_error(3, &["file/http: not a directory"]);
    fs::create_dir(scene.status().join("http")).unwrap();
    set(&scene.status()).expect_error(3, &["status/http: is a directory"]);
    assert_eq!(names_in(&scene.status()), ["http"]);
    end(&mut scene.oco(&["clear", "http"])).expect_error(3, &["remove ", "status/http: is a directory"]);
}

/// A file system of 16 pages, gone with the test.
struct SmallDisk<'a>(&'a Path);

impl SmallDisk<'_> {
    fn mount(at: &Path) -> Option<SmallDisk<'_>> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(at).output();
        let is_mounted = mount.is_ok_and(|output| output.status.success());
        if !is_mounted {
            println!("skipped: a tmpfs can't be mounted here (needs root)");
        }
        is_mounted.then_some(SmallDisk(at))
    }

    fn make_read_only(&self) {
        let status = Command::new("mount").args(["-o", "remount,ro"]).arg(self.0).status();
        assert!(status.expect("run mount").success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_keeps_the_old_result_and_no_leftovers() {
    let scene = Scene::new();
    let directory = scene.status();
    let Some(disk) = SmallDisk::mount(&directory) else { return };
    scene.check("http", "210 old\n");
    end(&mut scene.oco(&["run", "disk", "true"])).expect_silent(0);
    let mut filler = Vec::new();
    for number in 0.. {
        let path = scene.status().join(format!(".filler{number}"));
        if fs::write(&path, [b'x'; 4096]).is_err() {
            filler.push(path);
            break;
        }
        filler.push(path);
    }
    let before = names_in(&directory);
    end(&mut scene.oco(&["set", "http", "200"]))
        .expect_error(3, &["oco: write ", "status/http: no space left on device"]);
    let ran = end(&mut scene.oco(&["run", "disk", "sh", "-c", "echo fine"]));
    ran.expect_error(3, &["write ", "status/disk: no space left on device"]);
    assert_eq!(names_in(&directory), before);
    assert_eq!(read(&scene, "http"), "210 old\n");
    filler.iter().for_each(|path| fs::remove_file(path).unwrap());
    end(&mut scene.oco(&["set", "http", "200"])).expect_silent(0);
    disk.make_read_only();
    end(&mut scene.oco(&["set", "http", "300"])).expect_error(3, &["status/http: read-only file system"]);
    end(&mut scene.oco(&["clear", "http"])).expect_error(3, &["status/http: read-only file system"]);
    assert_eq!(read(&scene, "http"), "200\n");
}

#[test]
fn clear_removes_a_check_and_is_content_with_none() {
    let scene = Scene::new();
    scene.check("http", "200\n");
    end(&mut scene.oco(&["clear", "http"])).expect_silent(0);
    assert_eq!(names_in(&scene.status()), [""; 0]);
    end(&mut scene.oco(&["clear", "http"])).expect_silent(0);
    fs::remove_dir(scene.status()).unwrap();
    // Who took the wrong directory should know.
    end(&mut scene.oco(&["clear", "http"]))
        .expect_error(3, &["directory ", "status: no such file or directory"]);
}

#[test]
fn maint_takes_the_host_out_and_puts_it_back() {
    let scene = Scene::new();
    end(&mut scene.oco(&["maint", "on"])).expect_silent(0);
    assert_eq!(read(&scene, "maint"), "300 maintenance\n");
    end(&mut scene.oco(&["maint", "on", "new", "disk"])).expect_silent(0);
    assert_eq!(read(&scene, "maint"), "300 new disk\n");
    end(&mut scene.oco(&["maint", "off"])).expect_silent(0);
    end(&mut scene.oco(&["maint", "off", "all", "done"])).expect_silent(0);
    assert_eq!(names_in(&scene.status()), [""; 0]);
}

#[test]
fn the_directory_is_the_flags_else_the_environments_else_the_files() {
    let scene = Scene::new();
    let other = scene.path("other");
    fs::create_dir(&other).unwrap();
    let other_text = other.to_str().unwrap();
    end(&mut scene.oco(&["set", "http", "200", "-d", other_text])).expect_silent(0);
    assert_eq!((names_in(&scene.status()).len(), names_in(&other)), (0, vec!["http".to_owned()]));
    let config = scene.file("ocod.toml", &format!("dir = {other_text:?}\n"));
    let config = config.to_str().unwrap();
    end(&mut scene.oco(&["-c", config, "set", "php", "200"])).expect_silent(0);
    assert_eq!(names_in(&scene.status()), ["php"]);
    end(scene.oco(&["-c", config, "set", "php", "200"]).env_remove("OCO_DIR")).expect_silent(0);
    end(scene.oco(&["set", "-c", config, "disk", "200"]).env("OCO_DIR", "")).expect_silent(0);
    assert_eq!(names_in(&other), ["disk", "http", "php"]);
}

#[test]
fn a_bad_configuration_is_named_with_its_line() {
    let scene = Scene::new();
    let config = scene.file("ocod.toml", "\ndri = \"/x\"\n");
    let config = config.to_str().unwrap();
    for order in [&["set", "http", "200"][..], &["status"], &["run", "http", "true"], &["maint", "off"]] {
        let ended = end(&mut scene.oco(&[&["-c", config], order].concat()));
        ended.expect_error(3, &["ocod.toml:2: ", "dri"]);
    }
    end(&mut scene.oco(&["-c", "/no/such/file", "set", "http", "200"])).expect_error(3, &["/no/such/file"]);
    assert_eq!(names_in(&scene.status()), [""; 0]);
}

#[test]
fn usage_errors_exit_3_and_help_exits_0() {
    let scene = Scene::new();
    let bad: [&[&str]; 17] = [
        &[],
        &["help"],
        &["nonsense"],
        &["--nonsense"],
        &["set"],
        &["set", "http"],
        &["clear"],
        &["clear", "a", "b"],
        &["run"],
        &["run", "http"],
        &["run", "http", "--timeout", "5", "true"],
        &["run", "http", "--timeout", "0s", "true"],
        &["run-parts", "a", "b"],
        &["maint"],
        &["maint", "maybe"],
        &["status", "web1:port"],
        &["-d"],
    ];
    for arguments in bad {
        let ended = end(&mut scene.oco(arguments));
        ended.expect_error(3, &["oco: "]);
    }
    for arguments in [&["--help"][..], &["-h"], &["set", "--help"], &["status", "-h"]] {
        let ended = end(&mut scene.oco(arguments));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
        assert!(ended.stdout.contains("Usage: oco"), "{}", ended.stdout);
    }
    for arguments in [["-V"], ["--version"]] {
        let ended = end(&mut scene.oco(&arguments));
        assert_eq!(ended.stdout, concat!("oco ", env!("CARGO_PKG_VERSION"), "\n"));
        assert_eq!(ended.status, Some(0));
    }
}

#[test]
fn a_reader_that_has_gone_is_no_error_and_a_full_disk_is() {
    let scene = Scene::new();
    scene.check("http", "210 slow\n");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = scene.oco(&["status"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let full = fs::File::options().write(true).open("/dev/full").expect("open /dev/full");
    let output = scene.oco(&["status"]).stdout(full).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("oco: write standard output: no space left on device"), "{said}");
}

#[test]
fn orders_side_by_side_do_not_disturb_each_other() {
    let scene = Scene::new();
    let children: Vec<_> = (0..20)
        .map(|number| start(&mut scene.oco(&["set", &format!("c{}", number % 5), "200", "x"])))
        .collect();
    for child in children {
        wait(child).expect_silent(0);
    }
    assert_eq!(names_in(&scene.status()), ["c0", "c1", "c2", "c3", "c4"]);
}
