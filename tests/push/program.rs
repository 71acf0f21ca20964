//! `oco push`, which becomes `oco-push`, and bad usage of both.

use crate::board::{Board, TAKEN};
use crate::scene::{Scene, run};
use std::path::{Path, PathBuf};

/// oco, another package's program: it is built where ours is.
fn oco() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_oco-push")).with_file_name("oco");
    assert!(path.exists(), "{} is not built: run cargo test --workspace", path.display());
    path
}

#[test]
fn oco_push_is_oco_push() {
    let (scene, board) = (Scene::new("210 so-so\n"), Board::new(TAKEN));
    let mut command = scene.bare_of(&oco(), &["push"], &board.url());
    command.args(["--name=-web 1", "--period", "2m"]).arg("--key-file").arg(scene.path("key"));
    run(&mut command).is_well();
    let body = board.only_body();
    assert_eq!((&body["server"]["name"], &body["period"]), (&"-web 1".into(), &120.into()));
    assert_eq!(body["services"][0]["info"], "so-so");
    // Options of oco may stand before its command.
    let mut command = std::process::Command::new(oco());
    command.arg("-d").arg(scene.path("status")).arg("-c").arg(scene.path("ocod.toml"));
    run(command.args(["push", &board.url()]).arg("--key-file").arg(scene.path("key"))).is_well();
    assert_eq!(board.requests()[1].body["services"], body["services"]);
}

#[test]
fn oco_finds_it_on_the_path_and_else_names_its_package() {
    let (scene, board) = (Scene::new("200\n"), Board::new(TAKEN));
    let elsewhere = scene.path("bin");
    std::fs::create_dir(&elsewhere).unwrap();
    let alone = elsewhere.join("oco");
    // Not by this process: a program that is started meanwhile would have it open for writing too.
    let copied = std::process::Command::new("cp").arg(oco()).arg(&alone).status();
    assert!(copied.unwrap().success());
    let push = |path: &Path| {
        let mut command = scene.bare_of(&alone, &["push"], &board.url());
        command.env("PATH", path).arg("--key-file").arg(scene.path("key"));
        run(&mut command)
    };
    push(Path::new(env!("CARGO_BIN_EXE_oco-push")).parent().unwrap()).is_well();
    let pushed = push(&elsewhere);
    let said = "oco: push: oco-push is not installed; it is in the package oco-push\n";
    assert_eq!((pushed.status, pushed.said.as_str()), (Some(3), said));
    // One that is there and can't be run is another matter.
    std::fs::write(elsewhere.join("oco-push"), "").unwrap();
    let pushed = push(&elsewhere);
    assert_eq!((pushed.status, pushed.said.as_str()), (Some(3), "oco: push: oco-push: permission denied\n"));
}

#[test]
fn bad_usage_and_bad_settings_are_exit_3_and_one_line() {
    let scene = Scene::new("200\n");
    for (program, arguments) in [
        (PathBuf::from(env!("CARGO_BIN_EXE_oco-push")), &["ftp://board"][..]),
        (PathBuf::from(env!("CARGO_BIN_EXE_oco-push")), &[]),
        (oco(), &["push"]),
        (oco(), &["push", "http://board", "--period", "0s"]),
        (oco(), &["push", "http://user:password@board"]),
    ] {
        let pushed = run(std::process::Command::new(&program).args(arguments));
        assert_eq!((pushed.status, pushed.said.lines().count()), (Some(3), 1), "{arguments:?}: {pushed:?}");
    }
    std::fs::write(scene.path("ocod.toml"), "nonsense = 1\n").unwrap();
    let pushed = scene.push("http://127.0.0.1:1");
    assert_eq!(pushed.status, Some(3));
    assert!(pushed.said.contains("ocod.toml:1: ") && pushed.said.lines().count() == 1, "{pushed:?}");
    assert!(!scene.path("key").exists());
}

/// One line for programs; people at a terminal see what is meant.
#[test]
fn an_error_in_the_settings_is_shown_below_its_line_on_a_terminal() {
    let scene = Scene::empty("# comment\nmax-age = 5 # minutes\n");
    let here = scene.path("");
    let own = PathBuf::from(env!("CARGO_BIN_EXE_oco-push"));
    for (program, first) in [(own, ""), (oco(), "push ")] {
        let command = format!("{} {first}-c ocod.toml http://127.0.0.1:1", program.display());
        let mut plain = std::process::Command::new("sh");
        let pushed = run(plain.args(["-c", &command]).current_dir(&here));
        let line = pushed.said.as_str();
        assert_eq!(line, "oco-push: ocod.toml:2: invalid type: integer `5`, expected a string\n");
        let mut terminal = std::process::Command::new("script");
        let shown = match terminal.args(["-qec", &command, "/dev/null"]).current_dir(&here).output() {
            Ok(shown) => shown,
            Err(why) => return println!("skipped: settings on a terminal: script: {why}"),
        };
        let excerpt = "    max-age = 5 # minutes\n              ^\n";
        assert_eq!(
            String::from_utf8(shown.stdout).unwrap().replace("\r\n", "\n"),
            format!("{line}{excerpt}")
        );
        assert_eq!((pushed.status, shown.status.code()), (Some(3), Some(3)));
    }
}
