use super::*;
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

fn scene() -> (tempfile::TempDir, Keys) {
    let directory = tempfile::tempdir().unwrap();
    let keys = Keys::open(directory.path()).unwrap();
    (directory, keys)
}

/// Keeps the first key as the board does.
fn keep(keys: &mut Keys, name: &str, key: &str) {
    let line = keys.keep_first(name, key, 1_000_000_000);
    ledger::append(keys.path(), &line).unwrap();
}

#[test]
fn the_first_key_is_kept_and_no_other_is_right() {
    let (directory, mut keys) = scene();
    assert_eq!(keys.check("h1", "a"), KeyCheck::New);
    keep(&mut keys, "h1", "a");
    let mut again = Keys::open(directory.path()).unwrap();
    for keys in [&keys, &again] {
        assert_eq!(keys.check("h1", "a"), KeyCheck::Right);
        assert_eq!(keys.check("h1", "b"), KeyCheck::Wrong);
        assert_eq!(keys.check("h1", ""), KeyCheck::Wrong);
        assert_eq!(keys.check("h2", "a"), KeyCheck::New);
    }
    assert!(again.forget("h1").unwrap() && !again.forget("h1").unwrap());
    keys.refresh().unwrap();
    assert_eq!(keys.check("h1", "b"), KeyCheck::New);
    keep(&mut keys, "h1", "b");
    again.refresh().unwrap();
    assert_eq!(again.check("h1", "b"), KeyCheck::Right);
}

#[test]
fn nobody_reads_a_key_or_token_from_what_is_kept() {
    let (directory, mut keys) = scene();
    keep(&mut keys, "h1", "open sesame");
    let token = keys.make("ops", Some(Role::Act), 7).unwrap();
    for file in [SECRET_FILE, ledger::FILE] {
        let path = directory.path().join(file);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
        let content = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!content.contains("sesame") && !content.contains(&token));
    }
    assert!(!format!("{keys:?}").contains("sesame"));
    let other = tempfile::tempdir().unwrap();
    Keys::open(other.path()).unwrap();
    fs::copy(directory.path().join(ledger::FILE), other.path().join(ledger::FILE)).unwrap();
    let stolen = Keys::open(other.path()).unwrap();
    assert_eq!(stolen.check("h1", "open sesame"), KeyCheck::Wrong, "another secret");
    assert!(stolen.token(&token).is_none());
}

#[test]
fn tokens_have_roles_and_are_known_to_who_runs_at_once() {
    let (directory, mut command) = scene();
    let mut board = Keys::open(directory.path()).unwrap();
    let act = command.make("ops", Some(Role::Act), 7).unwrap();
    let read = command.make("eyes", Some(Role::Read), 7).unwrap();
    let push = command.make("web1", None, 7).unwrap();
    assert_eq!(act.len(), 2 * TOKEN_OCTETS);
    board.refresh().unwrap();
    let of =
        |board: &Keys, token: &str| board.token(token).map(|(name, token)| (name.to_owned(), token.role));
    assert_eq!(of(&board, &act), Some(("ops".to_owned(), Role::Act)));
    assert_eq!(of(&board, &read), Some(("eyes".to_owned(), Role::Read)));
    assert_eq!((of(&board, &push), of(&board, "")), (None, None));
    assert_eq!(board.check("web1", &push), KeyCheck::Right);
    assert_eq!(command.make("ops", Some(Role::Read), 7).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(command.make("web1", None, 7).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert!(command.revoke("ops", 8).unwrap() && command.revoke("web1", 8).unwrap());
    assert!(!command.revoke("ops", 8).unwrap() && !command.revoke("nobody", 8).unwrap());
    board.refresh().unwrap();
    assert_eq!((of(&board, &act), board.check("web1", &push)), (None, KeyCheck::Wrong));
    assert_eq!(board.check("web1", "another"), KeyCheck::New);
    assert_eq!(of(&board, &read), Some(("eyes".to_owned(), Role::Read)));
}

#[test]
fn only_a_key_that_was_made_is_revoked() {
    let (_directory, mut keys) = scene();
    keep(&mut keys, "h1", "a");
    assert!(!keys.revoke("h1", 8).unwrap());
    assert_eq!(keys.check("h1", "a"), KeyCheck::Right);
}

#[test]
fn a_revoked_push_token_never_works_again() {
    let (directory, mut keys) = scene();
    let first = keys.make("srvy", None, 7).unwrap();
    assert!(keys.revoke("srvy", 8).unwrap());
    let second = keys.make("srvy", None, 9).unwrap();
    let check = |keys: &Keys| (keys.check("srvy", &first), keys.check("srvy", &second));
    assert_eq!(check(&keys), (KeyCheck::Wrong, KeyCheck::Right));
    assert!(keys.revoke("srvy", 10).unwrap());
    // Also where the file is written anew, and where the name is forgotten after that.
    keep(&mut keys, "srvy", "third");
    for round in 0..=SPENT_LINES {
        let line = keys.keep_first("comes", &round.to_string(), 1);
        fs::OpenOptions::new().append(true).open(keys.path()).unwrap().write_all(line.as_bytes()).unwrap();
    }
    let mut board = Keys::open(directory.path()).unwrap();
    board.tidy().unwrap();
    assert!(board.spent < SPENT_LINES, "it was written anew");
    assert_eq!(board.check("srvy", "third"), KeyCheck::Right);
    assert!(board.forget("srvy").unwrap());
    for keys in [&board, &Keys::open(directory.path()).unwrap()] {
        assert_eq!(check(keys), (KeyCheck::Wrong, KeyCheck::Wrong));
        assert_eq!(
            keys.check("srvy", "third"),
            KeyCheck::New,
            "a key that was forgotten is no key that was revoked"
        );
    }
}

#[test]
fn a_line_that_a_crash_cut_costs_nobody_else_anything() {
    let (directory, mut keys) = scene();
    keep(&mut keys, "h1", "a");
    let path = directory.path().join(ledger::FILE);
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"first h2 3f2a").unwrap();
    keys.refresh().unwrap();
    assert_eq!(keys.check("h2", "a"), KeyCheck::New);
    keep(&mut keys, "h3", "a");
    for keys in [&keys, &Keys::open(directory.path()).unwrap()] {
        assert_eq!(keys.check("h1", "a"), KeyCheck::Right);
        assert_eq!(keys.check("h2", "a"), KeyCheck::New);
        assert_eq!(keys.check("h3", "a"), KeyCheck::Right);
    }
}

#[test]
fn what_says_nothing_any_more_is_tidied_away_while_others_add() {
    let (directory, mut keys) = scene();
    keep(&mut keys, "stays", "a");
    let token = keys.make("ops", Some(Role::Act), 7).unwrap();
    for round in 0..=SPENT_LINES + 1 {
        let line = keys.keep_first("comes", &round.to_string(), 1);
        fs::OpenOptions::new().append(true).open(keys.path()).unwrap().write_all(line.as_bytes()).unwrap();
    }
    let mut board = Keys::open(directory.path()).unwrap();
    let before = fs::metadata(keys.path()).unwrap().len();
    // A command adds a line behind what the board read: it must not be lost.
    keep(&mut keys, "late", "a");
    assert!(board.tidy().is_err());
    board.refresh().unwrap();
    board.tidy().unwrap();
    assert!(fs::metadata(keys.path()).unwrap().len() < before / 100);
    keys.refresh().unwrap();
    keep(&mut keys, "later", "a");
    board.refresh().unwrap();
    for keys in [&keys, &board, &Keys::open(directory.path()).unwrap()] {
        for name in ["stays", "late", "later"] {
            assert_eq!(keys.check(name, "a"), KeyCheck::Right, "{name}");
        }
        assert_eq!(keys.check("comes", &(SPENT_LINES + 1).to_string()), KeyCheck::Right);
        assert!(keys.token(&token).is_some());
    }
}

#[test]
fn a_damaged_secret_is_not_used_and_a_file_that_goes_is_empty() {
    let (directory, mut keys) = scene();
    keep(&mut keys, "h1", "a");
    keys.refresh().unwrap();
    fs::remove_file(keys.path()).unwrap();
    keys.refresh().unwrap();
    assert_eq!(keys.check("h1", "a"), KeyCheck::New);
    fs::write(directory.path().join(SECRET_FILE), "short").unwrap();
    assert_eq!(Keys::open(directory.path()).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn a_damaged_line_lets_nobody_else_in() {
    let (directory, mut keys) = scene();
    for name in ["h1", "h2", "h3"] {
        keep(&mut keys, name, "a");
    }
    let text = fs::read_to_string(keys.path()).unwrap();
    let (place, _) = text.match_indices(' ').nth(4).unwrap();
    let mut octets = text.into_bytes();
    octets[place + 1] = b'?';
    fs::write(keys.path(), &octets).unwrap();
    let mut keys = Keys::open(directory.path()).unwrap();
    let check = |keys: &Keys| ["h1", "h2", "h3"].map(|name| keys.check(name, "a"));
    assert_eq!(check(&keys), [KeyCheck::Right, KeyCheck::Wrong, KeyCheck::Right]);
    assert_eq!(keys.check("h2", "b"), KeyCheck::Wrong, "nobody knows whose the name is");
    assert_eq!(keys.make("h2", None, 7).unwrap_err().kind(), ErrorKind::AlreadyExists);
    // It stays so when the file is written anew.
    keys.spent = SPENT_LINES + 1;
    keys.tidy().unwrap();
    assert_eq!(check(&keys), [KeyCheck::Right, KeyCheck::Wrong, KeyCheck::Right]);
    assert!(keys.forget("h2").unwrap());
    for keys in [&keys, &Keys::open(directory.path()).unwrap()] {
        assert_eq!(check(keys), [KeyCheck::Right, KeyCheck::New, KeyCheck::Right]);
    }
}

#[test]
fn what_is_no_file_of_keys_is_an_error() {
    let (directory, keys) = scene();
    fs::write(keys.path(), "\u{7f}ELF\n\nnothing\n").unwrap();
    let error = Keys::open(directory.path()).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().ends_with("keys: not a file of keys")),
        (ErrorKind::InvalidData, true)
    );
    fs::write(keys.path(), [0; 5_000]).unwrap();
    assert_eq!(Keys::open(directory.path()).unwrap_err().kind(), ErrorKind::InvalidData);
    // One in which all was taken back is one.
    fs::write(keys.path(), "forget h1\n").unwrap();
    assert!(Keys::open(directory.path()).is_ok());
    fs::write(keys.path(), "").unwrap();
    assert!(Keys::open(directory.path()).is_ok());
}

proptest! {
    #[test]
    fn a_line_is_read_as_it_was_written(
        name in "[a-zA-Z0-9_]{1,20}",
        hash in any::<[u8; 32]>(),
        at in 0u64..4_000_000_000,
        word in 0usize..7,
    ) {
        let words = [Word::First, Word::Push, Word::Read, Word::Act, Word::Forget, Word::Refuse, Word::Revoke];
        let word = words[word];
        let is_end = matches!(word, Word::Forget | Word::Revoke);
        let (hash, at) = if is_end { ([0; 32], 0) } else { (hash, at) };
        let line = Line { word, name: &name, hash, at };
        let text = line.text();
        prop_assert_eq!(Line::parse(text.trim_end()), Some(line));
    }

    #[test]
    fn any_line_is_read_or_says_nothing(text in "\\PC{0,40}|(first|act|forget) [a-z%]{0,4} [0-9a-f]{0,70} .{0,4}") {
        let _ = Line::parse(&text);
    }

    #[test]
    fn no_two_lists_of_parts_have_one_hash(a in "[ab]{0,4}", b in "[ab]{0,4}", c in "[ab]{0,4}", d in "[ab]{0,4}") {
        let (_directory, keys) = scene();
        let same = keys.mac("x", &[a.as_bytes(), b.as_bytes()]) == keys.mac("x", &[c.as_bytes(), d.as_bytes()]);
        prop_assert_eq!(same, (a, b) == (c, d));
    }
}
