//! Every message that a man page quotes is one that the programs give.
//!
//! A page marks a message by `.Dq`, and by its place in the sections LOG and DIAGNOSTICS: as an entry of the list, whose `Ar`
//! is whatever stands there, or as a line of a display. What ocod's pages quote has to be said by a run of it here; what other
//! pages quote may also be a text in the source.

use crate::scene::{Scene, wait_for};
use crate::server::Ocod;
use nix::unistd::{Uid, mkfifo};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// In what ocod says only once a minute is over, of a log that nobody reads, or on a host that was just booted. A text in
/// its source will do for these.
const RARE: [&str; 3] = ["changes were not logged", "lines lost", "from before the boot"];

/// Pages whose LOG tests/fleet compares with a run.
const OF_THE_FLEET: [&str; 3] = ["ocowatch.8", "watch.toml.5", "oco-fleet.1"];

/// Stands for whatever is there, at least one character.
const ANYTHING: &str = "\u{0}";

/// A quoted message.
#[derive(Debug)]
struct Message {
    page: String,
    /// With each number as `#`.
    text: String,
    /// It is the whole entry of the log, not a part.
    is_whole: bool,
}

/// All that the man pages quote.
fn quoted() -> Vec<Message> {
    let pages = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("man")).unwrap();
    pages.flat_map(|page| of_page(&page.unwrap().path())).collect()
}

fn of_page(path: &Path) -> Vec<Message> {
    let page = path.file_name().unwrap().to_str().unwrap().to_owned();
    let message = |text: String, is_whole| Message { page: page.clone(), text: numberless(&text), is_whole };
    let has_log = !OF_THE_FLEET.contains(&page.as_str());
    let (mut is_log, mut is_display) = (false, false);
    let mut messages = Vec::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        match line.split_once(' ') {
            Some((".Sh", section)) => is_log = section == "DIAGNOSTICS" || has_log && section == "LOG",
            Some((".Bd", _)) => is_display = true,
            Some((".Dq", rest)) => messages.push(message(spoken(rest), false)),
            Some((".It", rest)) if is_log => messages.push(message(spoken(rest), true)),
            _ if line == ".Ed" => is_display = false,
            _ if is_log && is_display => messages.push(message(entry(line).to_owned(), true)),
            _ => {}
        }
    }
    messages
}

/// The arguments of a macro as they are shown, and [`ANYTHING`] for each `Ar`.
fn spoken(arguments: &str) -> String {
    let mut words = arguments.split(' ').peekable();
    let mut text = String::new();
    let mut is_closing = false;
    while let Some(word) = words.next() {
        let is_punctuation = matches!(word, "," | "." | ":" | ";" | ")");
        if is_punctuation && words.peek().is_none() {
            break;
        }
        let shown = match word {
            "Ar" => words.next().map(|_| ANYTHING).unwrap(),
            // Plain text again: a macro without words of its own.
            "No" => continue,
            "Pq" => {
                is_closing = true;
                text.push_str(" (");
                continue;
            }
            other => other,
        };
        if !(is_punctuation || text.is_empty() || text.ends_with('(')) {
            text.push(' ');
        }
        text.push_str(&shown.replace("\\-", "-").replace("\\&", "").replace('"', ""));
    }
    text + if is_closing { ")" } else { "" }
}

/// An entry of the log without its time and its level.
fn entry(line: &str) -> &str {
    let levels = ["error: ", "warn: ", "info: ", "debug: "];
    levels.iter().find_map(|level| line.split_once(level).map(|(_, entry)| entry)).unwrap_or(line)
}

/// `text` with each number as `#`, since ages and versions differ.
fn numberless(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' if shown.ends_with('#') => {}
            '0'..='9' => shown.push('#'),
            c => shown.push(c),
        }
    }
    shown
}

/// Whether all of `text` is `pattern`.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, behind)) = pattern.split_once(ANYTHING) else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    rest.char_indices().skip(1).map(|(at, _)| at).chain([rest.len()]).any(|at| matches(behind, &rest[at..]))
}

/// Whether `pattern` is a whole reason in `text`: between its brackets, or between its blanks.
fn is_reason(pattern: &str, text: &str) -> bool {
    let ends = |range: &str| range.is_empty() || range.ends_with(['(', ' ']);
    let starts = |range: &str| range.is_empty() || range.starts_with([')', ':', ';', ',']);
    text.match_indices(pattern).any(|(at, _)| ends(&text[..at]) && starts(&text[at + pattern.len()..]))
}

/// A status directory in which everything goes wrong, and what ocod logs of it.
fn log_of_everything() -> String {
    let scene = Scene::beside();
    for folder in [scene.path(""), scene.status()] {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
    let config = scene.file(
        "ocod.toml",
        "[[listen]]\naddress = \"127.0.0.1:0\"\n[[listen]]\naddress = \"127.0.0.1:0\"\nchecks = [\"http\"]\n\
         [checks.backup]\nrequired = true\n",
    );
    scene.check("http", "200");
    scene.check("gone", "200");
    scene.check("backup", "200");
    let mut arguments = vec!["-c", config.to_str().unwrap()];
    if Uid::effective().is_root() {
        arguments.extend(["-u", "nobody"]);
    }
    let ocod = Ocod::start_with(&scene, &arguments);
    ocod.expect("200 OK oco");
    let past = SystemTime::now() - Duration::from_secs(303);
    fs::File::options().write(true).open(scene.status().join("http")).unwrap().set_modified(past).unwrap();
    ocod.ask();
    fs::remove_file(scene.status().join("gone")).unwrap();
    fs::remove_file(scene.status().join("backup")).unwrap();
    scene.check("empty", "");
    scene.check("odd", "OK");
    scene.check("closed", "200");
    fs::set_permissions(scene.status().join("closed"), Permissions::from_mode(0o000)).unwrap();
    mkfifo(&scene.status().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    scene.check("not a name", "200");
    wait_for("all of it to be told", || {
        ocod.ask();
        let log = ocod.log();
        ["gone: ", "backup: ", "empty: ", "odd: ", "closed: ", "pipe: ", "not a check"]
            .iter()
            .all(|what| log.contains(what))
            .then_some(())
    });
    fs::rename(scene.status(), scene.path("away")).unwrap();
    ocod.ask();
    ocod.wait_for_log("answering 300-oco");
    ocod.log()
}

/// The texts between quotes in the source, with [`ANYTHING`] for each part that a run fills in.
fn texts_of_the_source(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(texts_of_the_source(&path));
            continue;
        }
        // Beside the source lie fonts and pictures.
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let literals = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let literals = literals
            .flat_map(|line| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
        texts.extend(literals.map(|text| numberless(&filled(&text))));
    }
    texts
}

/// A format's text with [`ANYTHING`] for each of its arguments.
fn filled(format: &str) -> String {
    let mut text = String::new();
    let mut rest = format;
    while let Some((before, behind)) = rest.split_once('{') {
        text = text + before + ANYTHING;
        rest = behind.split_once('}').map_or("", |(_, rest)| rest);
    }
    text + rest
}

#[test]
fn what_the_man_pages_quote_is_what_the_programs_say() {
    let messages = quoted();
    for (page, least) in
        [("ocod.8", 12), ("ocowatch.8", 3), ("oco-fleet.1", 5), ("oco.1", 1), ("oco-push.1", 1)]
    {
        let of_page = messages.iter().filter(|message| message.page == page).count();
        assert!(of_page >= least, "few messages of {page} were found: {messages:#?}");
    }
    let _turn = Scene::new();
    let log = log_of_everything();
    let said: Vec<String> = log.lines().map(|line| numberless(entry(line))).collect();
    let texts = texts_of_the_source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    for Message { page, text, is_whole } in messages {
        let is_said =
            said.iter().any(|line| if is_whole { matches(&text, line) } else { is_reason(&text, line) });
        // A format that is filled in whole would be anything at all.
        let has_words = |format: &str, part: &str| format.replace(ANYTHING, "").len() * 2 >= part.len();
        let is_text =
            |part: &str| texts.iter().any(|format| has_words(format, part) && matches(format, part));
        let begins = |part: &str| texts.iter().any(|format| format.ends_with(": ") && matches(format, part));
        // One may be written behind the other.
        let is_written = || {
            let mut ends = text.match_indices(": ").map(|(at, end)| text.split_at(at + end.len()));
            is_text(&text) || ends.any(|(before, behind)| begins(before) && is_text(behind))
        };
        let may_be_unsaid = !page.starts_with("ocod") || RARE.iter().any(|rare| text.contains(rare));
        let is_true = is_said || (may_be_unsaid && !text.contains("os error") && is_written());
        assert!(is_true, "{page} quotes {text:?}, which nobody says; the log:\n{log}");
    }
}

/// What is compared would prove nothing if everything were equal.
#[test]
fn a_message_that_nobody_gives_is_found() {
    assert_eq!(spoken("Ar NAME : Ar OLD \\-> Ar NEW Pq Ar WHY"), "\0: \0 -> \0 (\0)");
    assert_eq!(spoken("stale, 5m 3s old ,"), "stale, 5m 3s old");
    assert_eq!(spoken("Ar LINE Pq was Ar STATE"), "\0 (was \0)");
    let said = numberless("closed: none -> 300 (unreadable: Permission denied)");
    assert!(is_reason("unreadable: Permission denied", &said));
    assert!(!is_reason(&numberless("unreadable: Permission denied (os error 13)"), &said));
    assert!(!is_reason("Permission", &said) && !is_reason("able: Permission denied", &said));
    assert!(matches("\0: \0 -> \0 (\0)", &said) && !matches("\0: \0 -> \0 (was \0)", &said));
    assert!(!matches("a\0b", "ab") && matches("a\0b", "axbb"));
}
