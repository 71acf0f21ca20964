//! Files, mails, and what is owed.

use super::world::{Scene, at};
use crate::config::{Every, ReportPlan, SentTo};
use crate::report::command::{self, Options};
use crate::report::due::{self, Said};
use crate::report::{Format, Known, ReportError, Settings, write_file};
use mail_parser::{MessageParser, MimeHeaders};
use oco_fleet::object::Pattern;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A program that takes mail: it keeps each in a file of its own, and then does as `then` says.
fn sendmail(dir: &Path, then: &str) -> PathBuf {
    let (path, box_) = (dir.join("sendmail"), dir.join("mail"));
    fs::create_dir_all(&box_).unwrap();
    let script = format!(
        "#!/bin/sh\n[ \"$*\" = -t ] || exit 64\nfile=$(mktemp {}/XXXXXX)\ncat > \"$file\"\n{then}\n",
        box_.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn mails(dir: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(dir.join("mail")).unwrap();
    entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn monthly(scene: &Scene, then: &str) -> Settings {
    monthly_in(scene.dir.path(), sendmail(scene.dir.path(), then))
}

fn monthly_in(dir: &Path, sendmail: PathBuf) -> Settings {
    Settings {
        sendmail,
        reports: vec![ReportPlan {
            name: "shop-monthly".to_owned(),
            of: vec![Pattern::parse("node:shop").unwrap()],
            every: Every::Month,
            formats: vec![Format::Pdf, Format::Csv],
            to: SentTo::Mail(vec!["boss@example.org".to_owned()]),
        }],
        ..Scene::settings(dir)
    }
}

fn on(day: &str) -> Known {
    Known { now: at(day), is_watched: false }
}

fn texts(said: &[Said]) -> Vec<&str> {
    said.iter().map(|one| one.text.as_str()).collect()
}

#[test]
fn each_month_is_sent_once_after_its_end() {
    let scene = Scene::new();
    let settings = monthly(&scene, "");
    assert_eq!(due::run(&settings, on("2026-09-20")).unwrap(), [], "from the first time on");
    assert_eq!(due::run(&settings, on("2026-09-30")).unwrap(), []);
    let said = due::run(&settings, on("2026-10-01")).unwrap();
    assert_eq!(texts(&said), ["report shop-monthly of 2026-09: sent to boss@example.org"]);
    assert_eq!(due::run(&settings, on("2026-10-01T00:01:00Z")).unwrap(), []);
    let mails = mails(scene.dir.path());
    assert_eq!(mails.len(), 1);
    let mail = MessageParser::default().parse(&mails[0]).unwrap();
    assert_eq!(mail.subject(), Some("Example: shop-monthly, 2026-09"));
    let files: Vec<_> = mail.attachments().filter_map(MimeHeaders::attachment_name).collect();
    assert_eq!(files, ["shop-monthly-2026-09.pdf", "shop-monthly-2026-09.csv"]);
    let text = mail.body_text(0).unwrap().into_owned();
    assert!(text.contains("slo:shop: 100.000 % of 99.9%, met"), "{text}");
    assert!(mail.attachment(0).unwrap().contents().starts_with(b"%PDF"));
}

#[test]
fn missed_ones_are_sent_too_in_their_order() {
    let scene = Scene::new();
    let settings = monthly(&scene, "");
    due::run(&settings, on("2026-08-20")).unwrap();
    let said = due::run(&settings, on("2026-11-03")).unwrap();
    assert_eq!(said.len(), 3);
    assert!(said[0].text.contains("2026-08") && said[2].text.contains("2026-10"), "{said:?}");
    let said = due::run(&settings, on("2028-01-03")).unwrap();
    assert_eq!(said.iter().filter(|one| !one.is_error).count(), 13, "none of it is a failure");
    assert!(said[0].text.contains("2 periods that were missed"), "{said:?}");
}

#[test]
fn what_the_mail_program_does_not_take_is_owed_still() {
    let scene = Scene::new();
    let mut settings = monthly(&scene, "echo 'no such user' >&2; exit 67");
    due::run(&settings, on("2026-09-20")).unwrap();
    for _ in 0..2 {
        let said = due::run(&settings, on("2026-10-02")).unwrap();
        assert!(said[0].is_error && said[0].text.contains("exit status 67: no such user"), "{said:?}");
    }
    settings.sendmail = scene.dir.path().join("nowhere");
    assert!(due::run(&settings, on("2026-10-02")).unwrap()[0].text.contains("nowhere"));
    settings.sendmail = sendmail(scene.dir.path(), "");
    assert!(!due::run(&settings, on("2026-10-02")).unwrap()[0].is_error);
    // What was tried before has the same Message-ID, so that who gets it twice sees it once.
    let ids: Vec<String> = mails(scene.dir.path())
        .iter()
        .map(|mail| MessageParser::default().parse(mail).unwrap().message_id().unwrap().to_owned())
        .collect();
    assert_eq!((ids.len(), ids.iter().collect::<std::collections::HashSet<_>>().len()), (3, 1));
}

#[test]
fn a_directory_gets_files() {
    let scene = Scene::new();
    let mut settings = monthly(&scene, "");
    let dir = scene.dir.path().join("out");
    fs::create_dir(&dir).unwrap();
    settings.reports[0].to = SentTo::Directory(dir.clone());
    due::run(&settings, on("2026-09-20")).unwrap();
    due::run(&settings, on("2026-10-02")).unwrap();
    let mut names: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["shop-monthly-2026-09.csv", "shop-monthly-2026-09.pdf"]);
}

#[test]
fn a_kill_between_the_mail_and_its_note_sends_the_same_once_more() {
    let scene = Scene::new();
    let settings = monthly(&scene, "");
    due::run(&settings, on("2026-09-20")).unwrap();
    let state = scene.dir.path().join(due::STATE_FILE);
    let before = fs::read(&state).unwrap();
    due::run(&settings, on("2026-10-02")).unwrap();
    fs::write(&state, before).unwrap();
    due::run(&settings, on("2026-10-02")).unwrap();
    let mails = mails(scene.dir.path());
    let ids: Vec<_> = mails
        .iter()
        .map(|mail| MessageParser::default().parse(mail).unwrap().message_id().map(str::to_owned))
        .collect();
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
}

#[test]
fn killed_at_any_moment_none_is_lost_or_cut() {
    const NAME: &str = "report::tests::sending::killed_at_any_moment_none_is_lost_or_cut";
    if let Ok(dir) = std::env::var("OCO_TEST_REPORTS_DUE") {
        let dir = Path::new(&dir);
        let mut settings = monthly_in(dir, dir.join("sendmail"));
        settings.reports[0].every = Every::Week;
        // They cost little, so that kills fall into all of what is done.
        settings.reports[0].formats = vec![Format::Json, Format::Csv];
        let said = due::run(&settings, on("2026-11-09")).unwrap();
        assert!(said.iter().all(|one| !one.is_error), "{said:?}");
        return;
    }
    let scene = Scene::new();
    let mut settings = monthly(&scene, "");
    let dir = scene.dir.path();
    settings.reports[0].every = Every::Week;
    due::run(&settings, on("2026-08-20")).unwrap();
    let mut kills = 0;
    for round in 0_u64.. {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env("OCO_TEST_REPORTS_DUE", dir)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Each round it may go on for longer, so that there is an end.
        let deadline = std::time::Instant::now() + std::time::Duration::from_millis(300 + round * 211);
        while child.try_wait().unwrap().is_none() && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        match child.try_wait().unwrap() {
            Some(status) => {
                assert!(status.success());
                break;
            }
            None => {
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
            }
        }
    }
    let mut sent = std::collections::BTreeMap::new();
    for mail in mails(dir) {
        let mail = MessageParser::default().parse(&mail).unwrap();
        assert_eq!(mail.attachment_count(), 2, "none is cut");
        *sent.entry(mail.subject().unwrap().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(sent.len(), 12, "{sent:?}");
    assert!(sent.values().sum::<i32>() <= 12 + kills, "{kills} {sent:?}");
}

#[test]
fn what_was_sent_and_cannot_be_read_stops_all() {
    let scene = Scene::new();
    let settings = monthly(&scene, "");
    let state = scene.dir.path().join(due::STATE_FILE);
    for (text, part) in [("{", "remove it"), ("{\"version\":2,\"next\":{}}", "of a later ocoboard")] {
        fs::write(&state, text).unwrap();
        let error = due::run(&settings, on("2026-10-02")).unwrap_err();
        assert!(matches!(error, ReportError::State(..)) && error.to_string().contains(part), "{error}");
    }
}

#[test]
fn two_at_once_are_one() {
    let scene = Scene::new();
    let slow = monthly(&scene, "sleep 2");
    due::run(&slow, on("2026-09-20")).unwrap();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| due::run(&slow, on("2026-10-02")));
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while mails(scene.dir.path()).is_empty() && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(matches!(due::run(&slow, on("2026-10-02")), Err(ReportError::Busy(_))));
        assert_eq!(first.join().unwrap().unwrap().len(), 1);
    });
    assert_eq!(mails(scene.dir.path()).len(), 1);
}

#[test]
fn the_command_writes_what_was_asked_for() {
    let scene = Scene::new();
    let settings = monthly(&scene, "");
    let known = scene.known();
    let run = |options: &Options| {
        let mut out = Vec::new();
        command::run(options, &settings, known, &mut out).map(|said| (said, out))
    };
    let names = vec!["node:shop".to_owned()];
    let (_, out) = run(&Options { names: names.clone(), ..Options::default() }).unwrap();
    let html = String::from_utf8(out).unwrap();
    assert!(
        html.starts_with("<!doctype html>") && html.contains("2026-10-01 00:00 to 2026-11-01 00:00"),
        "last month"
    );
    let file = scene.dir.path().join("x.JSON");
    let output = Some(file.clone());
    let (_, out) =
        run(&Options { names: names.clone(), output: output.clone(), ..Options::default() }).unwrap();
    assert!(out.is_empty() && fs::read_to_string(&file).unwrap().starts_with("{\n"));
    let format = Some(Format::Csv);
    run(&Options { names: names.clone(), output, format, ..Options::default() }).unwrap();
    assert!(fs::read_to_string(&file).unwrap().starts_with("section,"));
    let mail = vec!["a@example.org".to_owned()];
    let planned = vec!["shop-monthly".to_owned()];
    let (said, out) = run(&Options { names: planned, mail, format, ..Options::default() }).unwrap();
    assert_eq!((texts(&said), out.len()), (vec!["report of shop-monthly: sent to a@example.org"], 0));
    let bad = Options { names, mail: vec!["-f root".to_owned()], ..Options::default() };
    assert!(matches!(run(&bad), Err(ReportError::Wrong(_))));
}

#[test]
fn a_file_is_whole_or_not_at_all_and_a_device_is_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pdf");
    write_file(&path, b"one").unwrap();
    write_file(&path, b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    write_file(Path::new("/dev/null"), b"x").unwrap();
    assert!(write_file(&dir.path().join("no/a.pdf"), b"x").is_err());
    assert!(write_file(dir.path(), b"x").is_err());
}
