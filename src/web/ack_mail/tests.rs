//! Each sentence of what `ack-mail` promises.

use super::*;
use proptest::prelude::*;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn mail(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Eve Example <eve@example.org>\nTo: ack@example.org\nSubject: Re: web/oco\nMIME-Version: 1.0\n{headers}\n{body}"
    )
    .into_bytes()
}

fn answer(headers: &str) -> Vec<u8> {
    mail(
        &format!("In-Reply-To: <1@h>\n{headers}"),
        &format!(
            "on it\n\nOn 24 Nov 2026 10:00, ops wrote:\n> Acknowledge: https://b.example/a/{TOKEN}\n> [{TOKEN}]\n"
        ),
    )
}

fn acknowledged(text: &str) -> Answer {
    Answer::Acknowledge {
        tokens: vec![TOKEN.to_owned()],
        who: "Eve Example <eve@example.org>".to_owned(),
        text: text.to_owned(),
    }
}

fn why(mail: &[u8]) -> &'static str {
    match read(mail) {
        Answer::Nothing(why) => why,
        Answer::Acknowledge { .. } => "acknowledged",
    }
}

#[test]
fn the_token_in_the_body_acknowledges_with_the_first_line_and_the_sender() {
    assert_eq!(read(&answer("")), acknowledged("on it"));
    assert_eq!(
        read(&[b"From eve@example.org Tue Nov 24\n".to_vec(), answer("")].concat()),
        acknowledged("on it")
    );
}

#[test]
fn the_token_in_the_subject_does_too() {
    let mail =
        format!("From: <eve@example.org>\nReferences: <1@h> <2@h>\nSubject: Re: web/oco [{TOKEN}]\n\nyes\n");
    let who = "eve@example.org".to_owned();
    let (tokens, text) = (vec![TOKEN.to_owned()], "yes".to_owned());
    assert_eq!(read(mail.as_bytes()), Answer::Acknowledge { tokens, who, text });
}

fn tokens(mail: &[u8]) -> Vec<String> {
    match read(mail) {
        Answer::Acknowledge { tokens, .. } => tokens,
        Answer::Nothing(why) => panic!("{why}"),
    }
}

#[test]
fn all_that_looks_like_a_token_is_found_in_its_order_and_bounded() {
    let other = "a".repeat(32);
    let body = format!("see commit {other}\n> [{TOKEN}] {other}\n");
    assert_eq!(tokens(&mail("In-Reply-To: <1@h>\n", &body)), [other.as_str(), TOKEN]);
    let many: String = (0..100).map(|number| format!("{number:032x}\n")).collect();
    assert_eq!(tokens(&mail("In-Reply-To: <1@h>\n", &many)).len(), TOKENS);
}

#[test]
fn an_original_that_is_attached_is_read_too() {
    let original = format!("Subject: web/oco ko\n\nrefused\nAcknowledge: https://b.example/a/{TOKEN}\n");
    let attach = |boundary: &str, inner: &str| {
        format!(
            "Content-Type: multipart/mixed; boundary={boundary}\n\n--{boundary}\n\non it\n\n--{boundary}\n\
             Content-Type: message/rfc822\nContent-Disposition: attachment\n\n{inner}\n--{boundary}--\n"
        )
    };
    let head = "From: Eve Example <eve@example.org>\nIn-Reply-To: <1@h>\nMIME-Version: 1.0\n";
    let once = attach("one", &original);
    assert_eq!(read(format!("{head}{once}").as_bytes()), acknowledged("on it"));
    let twice = attach("two", &format!("{head}{once}"));
    assert_eq!(tokens(format!("{head}{twice}").as_bytes()), [TOKEN]);
}

#[test]
fn encodings_and_html_are_read() {
    let words = "From: =?utf-8?Q?J=C3=BCrgen?= <j@example.org>\nIn-Reply-To: <1@h>\nMIME-Version: 1.0\n";
    let quoted = format!(
        "{words}Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n\
         k=FCmmere mich\n\n> [{}=\n{}]\n",
        &TOKEN[..20],
        &TOKEN[20..]
    );
    let Answer::Acknowledge { who, text, tokens } = read(quoted.as_bytes()) else { panic!("{quoted}") };
    assert_eq!(
        (who.as_str(), text.as_str(), tokens),
        ("J\u{fc}rgen <j@example.org>", "k\u{fc}mmere mich", vec![TOKEN.to_owned()])
    );
    let html = format!(
        "{words}Content-Type: text/html; charset=utf-8\n\n<html><body><p>on it</p><blockquote>[{TOKEN}]</blockquote></body></html>"
    );
    let Answer::Acknowledge { text, .. } = read(html.as_bytes()) else { panic!("{html}") };
    assert_eq!(text, "on it");
}

#[test]
fn it_counts_only_as_an_answer() {
    let body = format!("on it [{TOKEN}]");
    assert!(why(&mail("", &body)).starts_with("no answer"));
    assert!(why(&mail("In-Reply-To:\n", &body)).starts_with("no answer"));
    assert_eq!(why(&mail("References: <1@h>\n", &body)), "acknowledged");
}

#[test]
fn without_a_token_nothing_is_done() {
    for body in [
        String::new(),
        "on it".to_owned(),
        TOKEN[1..].to_owned(),
        format!("{TOKEN}0"),
        TOKEN.to_uppercase(),
        format!("x{}", &TOKEN[1..]),
    ] {
        assert_eq!(why(&mail("In-Reply-To: <1@h>\n", &body)), "no token in it", "{body}");
    }
}

#[test]
fn bounces_are_no_answers() {
    let report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n";
    assert_eq!(why(&answer(report)), "a report of a mail system");
    for empty in ["Return-Path: <>\n", "Return-Path:<>\n", "Return-Path:\n"] {
        assert!(why(&[empty.as_bytes(), &answer("")].concat()).starts_with("a bounce"), "{empty}");
    }
    assert!(
        why(&[&b"From MAILER-DAEMON Tue Nov 24 10:00:00 2026\n"[..], &answer("")].concat())
            .starts_with("a bounce")
    );
    assert_eq!(why(&[&b"Return-Path: <eve@example.org>\n"[..], &answer("")].concat()), "acknowledged");
}

#[test]
fn programs_are_no_answers() {
    for (header, is_machine) in [
        ("Auto-Submitted: auto-replied\n", true),
        ("auto-submitted: auto-generated; x=y\n", true),
        ("Auto-Submitted: no\n", false),
        ("Precedence: bulk\n", true),
        ("Precedence: junk\n", true),
        ("Precedence: auto_reply\n", true),
        ("Precedence: first-class\n", false),
    ] {
        assert_eq!(why(&answer(header)).starts_with("sent by a program"), is_machine, "{header}");
    }
}

#[test]
fn what_is_handed_on_is_short_and_harmless() {
    let body = format!("{}\u{1b}[2J\u{202e}\n[{TOKEN}]", "a".repeat(150));
    let Answer::Acknowledge { text, .. } = read(&mail("In-Reply-To: <1@h>\n", &body)) else { panic!() };
    assert!(text.ends_with("?[2J?"), "{text}");
    let body = format!("{}\n[{TOKEN}]", "\u{fc}".repeat(5000));
    let Answer::Acknowledge { text, .. } =
        read(&mail("In-Reply-To: <1@h>\nContent-Type: text/plain; charset=utf-8\n", &body))
    else {
        panic!()
    };
    assert_eq!(text.chars().count(), TEXT_CHARACTERS);
}

/// A watcher that says each of `replies` once, and what it was asked last.
fn watcher(replies: &[&'static str]) -> (tempfile::TempDir, PathBuf, thread::JoinHandle<String>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    let listener = UnixListener::bind(&path).unwrap();
    let replies = replies.to_vec();
    let thread = thread::spawn(move || {
        let mut line = String::new();
        for reply in replies {
            let (stream, _) = listener.accept().unwrap();
            line.clear();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            (&stream).write_all(reply.as_bytes()).unwrap();
        }
        line
    });
    (dir, path, thread)
}

const DONE: &str =
    "{\"version\":1,\"ok\":true,\"act\":\"ack\",\"name\":\"web/oco\",\"who\":\"Eve via nobody\"}\n";
const UNKNOWN: &str = "{\"version\":1,\"error\":\"no such token\"}\n";
const OVER: &str = "{\"version\":1,\"error\":\"this failure is over\"}\n";

#[test]
fn each_that_looks_like_a_token_is_tried_until_one_is_taken() {
    let body = format!("commit {}\n> [{TOKEN}]\n", "b".repeat(32));
    let mail = mail("In-Reply-To: <1@h>\n", &body);
    let (_dir, path, thread) = watcher(&[UNKNOWN, DONE]);
    let outcome = run(&mut &mail[..], &path).unwrap();
    assert_eq!(outcome, done("web/oco: acknowledged by Eve via nobody".to_owned()));
    assert!(thread.join().unwrap().contains(TOKEN));
    for replies in [[UNKNOWN, OVER], [OVER, UNKNOWN]] {
        let (_dir, path, _thread) = watcher(&replies);
        let outcome = run(&mut &mail[..], &path).unwrap();
        assert!(outcome.line.ends_with("this failure is over"), "{outcome:?}");
    }
}

#[test]
fn the_watcher_is_told_who_and_why() {
    let (_dir, path, thread) = watcher(&[DONE]);
    let outcome = run(&mut &answer("")[..], &path).unwrap();
    assert_eq!(outcome, done("web/oco: acknowledged by Eve via nobody".to_owned()));
    let asked = thread.join().unwrap();
    for part in [
        "\"order\":\"acktoken\"",
        "\"text\":\"on it\"",
        "\"by\":\"Eve Example <eve@example.org>\"",
        &format!("\"token\":\"{TOKEN}\""),
    ] {
        assert!(asked.contains(part), "{asked}");
    }
}

#[test]
fn an_old_token_is_logged_and_done_with() {
    let (_dir, path, _thread) = watcher(&[OVER]);
    let outcome = run(&mut &answer("")[..], &path).unwrap();
    assert!(outcome.line.contains("this failure is over") && !outcome.is_to_come_again, "{outcome:?}");
    assert!(!outcome.line.contains(TOKEN));
}

#[test]
fn without_a_watcher_the_mail_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    let outcome = run(&mut &answer("")[..], &dir.path().join("token")).unwrap();
    assert!(outcome.is_to_come_again && !outcome.line.contains(TOKEN), "{outcome:?}");
    let outcome = run(&mut &mail("", "no")[..], &dir.path().join("token")).unwrap();
    assert!(!outcome.is_to_come_again, "what is no answer does not need a watcher");
}

#[test]
fn a_mail_is_read_to_its_end_but_not_kept() {
    let mut large = answer("");
    large.resize(usize::try_from(MAIL_OCTETS).unwrap() * 2, b'x');
    let mut left = &large[..];
    let dir = tempfile::tempdir().unwrap();
    run(&mut left, &dir.path().join("token")).unwrap();
    assert!(left.is_empty());
}

proptest! {
    #[test]
    fn any_mail_is_read(mail in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&mail);
    }

    #[test]
    fn any_answer_is_read(
        headers in "((From|Subject|In-Reply-To|Return-Path|Content-Type|Precedence): [ -~]{0,40}\n){0,6}",
        body in "[ -~\n]{0,200}",
    ) {
        if let Answer::Acknowledge { tokens, who, text } = read(format!("{headers}\n{body}").as_bytes()) {
            prop_assert!(tokens.iter().all(|token| token.len() == TOKEN_DIGITS) && !who.is_empty());
            prop_assert!(who.chars().count() <= TEXT_CHARACTERS && text.chars().count() <= TEXT_CHARACTERS);
            prop_assert!(!text.contains('\n') && !who.contains('\n'));
        }
    }
}
