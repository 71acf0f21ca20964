//! Any bytes as names of checks, and any sequence of events and looks on a board. As a script, where `n` is a name:
//!
//! `Cn` created, `Mn` modified, `Xn` closed, `In` moved in, `Gn` gone, `An` attributes; `L8` looks at the next due
//! file and sees the eighth sight, `D` hands in what was seen; `S` a scan begins, `Fn` it finds a name, `N0` it ends
//! with events to tell the rest, `N1` without; `R` everything is rechecked, `V` what is volatile is; `T500` 500 ms pass, `W60` and `B60` step the wall clock by a minute; `E`
//! expires, `P` publishes, `K` clears, `U1` sets rules.
#![no_main]

mod script;

use libfuzzer_sys::fuzz_target;
use oco::limits::NAME_OCTETS;
use oco::logic::board::{Board, CheckRules, Fault, FileEvent, Id, Look, Rules, Sight};
use oco::logic::code::Code;
use oco::logic::name::{Pattern, check_name};
use oco::logic::time::{Nanos, Now};
use script::operations;
use std::time::Duration;

fuzz_target!(|input: &[u8]| {
    names(input);
    board(input);
});

fn names(input: &[u8]) {
    for name in input.split(|octet| *octet == b'\n') {
        let is_of_a_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"._-".contains(octet);
        let ends = [&b".tmp"[..], b".swp", b".bak", b".lock"];
        let is_name = (1..=NAME_OCTETS).contains(&name.len())
            && name.iter().all(is_of_a_name)
            && !name.starts_with(b".")
            && !name.starts_with(b"-")
            && name != b"oco"
            && !ends.iter().any(|end| name.ends_with(end))
            && ![&b".dpkg-"[..], b".rpm"].iter().any(|part| name.windows(part.len()).any(|it| it == *part));
        assert_eq!(check_name(name).ok().map(str::as_bytes), is_name.then_some(name));
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (pattern, rest) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(read) = Pattern::new(pattern) else { return };
    if pattern.len() > 2 * NAME_OCTETS {
        return;
    }
    assert_eq!(read.to_string(), pattern);
    for name in rest.lines().take(4).filter(|name| name.len() <= NAME_OCTETS) {
        assert_eq!(
            read.matches(name),
            matches_by_table(pattern.as_bytes(), name.as_bytes()),
            "{name} {pattern}"
        );
    }
}

/// The textbook's way: one row for each octet of the pattern, true where it has matched so much of the name.
fn matches_by_table(pattern: &[u8], name: &[u8]) -> bool {
    let mut row: Vec<bool> = (0..=name.len()).map(|octets| octets == 0).collect();
    for wanted in pattern {
        let above = row.clone();
        for octets in 0..row.len() {
            let before = octets.checked_sub(1);
            row[octets] = match (wanted, before) {
                (b'*', None) => above[octets],
                (b'*', Some(before)) => above[octets] || row[before],
                (_, None) => false,
                (_, Some(before)) => above[before] && (*wanted == b'?' || *wanted == name[before]),
            };
        }
    }
    row[name.len()]
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "required"];
/// What a look may see. Nobody closes the odd ones, yet a look may fall into anything.
const CONTENTS: [&[u8]; 8] =
    [b"200\n", b"300\n", b"", b"2", b"210 x\n", b"599\nmax-age 3s", b"200 \xff\x1b", b"garbage"];
/// Faults are seen by these numbers.
const FAULTS: [Fault; 2] = [Fault::NotAFile("FIFO"), Fault::Unreadable(13)];
/// Longer than an empty file is given the benefit of the doubt.
const GRACE: Duration = Duration::from_millis(2_001);

fn takes_name(letter: u8) -> bool {
    b"CMXIGAF".contains(&letter)
}

fn name_of(subject: Option<u8>) -> &'static str {
    NAMES[usize::from(subject.unwrap_or(0)) % NAMES.len()]
}

fn event_of(letter: u8) -> Option<FileEvent> {
    Some(match letter {
        b'C' => FileEvent::Created,
        b'M' => FileEvent::Modified,
        b'X' => FileEvent::Closed,
        b'I' => FileEvent::MovedIn,
        b'G' => FileEvent::Gone,
        b'A' => FileEvent::Attributes,
        _ => return None,
    })
}

fn rules(number: u64) -> Rules {
    let seconds = |seconds| Duration::from_secs(seconds);
    let required = CheckRules { max_age: Some(seconds(7)), required: true };
    match number % 3 {
        0 => Rules { max_age: seconds(300), checks: [("required".to_owned(), required)].into() },
        1 => Rules { max_age: seconds(5), ..Rules::default() },
        _ => Rules::default(),
    }
}

struct Desk {
    board: Board,
    now: Now,
    rules: Rules,
    /// Taken from the board and not handed in yet.
    looking: Option<(Id, u64)>,
}

fn board(input: &[u8]) {
    let mut desk = Desk {
        board: Board::new(rules(0)),
        now: Now { wall: Nanos::from_parts(1_700_000_000, 0), boot: Nanos::from_parts(1_000_000, 0) },
        rules: rules(0),
        looking: None,
    };
    for operation in operations(input, takes_name) {
        let name = name_of(operation.subject);
        match (event_of(operation.letter), operation.letter) {
            (Some(event), _) => desk.board.event(name, event, desk.now).expect("five names are not too many"),
            (None, b'L') => desk.take(operation.number),
            (None, _) => {
                // Between a look and its settling only events are read.
                desk.settle();
                desk.operate(operation.letter, name, operation.number);
            }
        }
    }
    desk.settle();
    desk.ends_as_a_fresh_board(input);
}

impl Desk {
    fn take(&mut self, sight: u64) {
        self.settle();
        self.looking = self.board.next_due().map(|(id, _)| (id, sight));
    }

    fn settle(&mut self) {
        let Some((id, number)) = self.looking.take() else { return };
        let index = usize::try_from(number % 16).unwrap_or(0);
        let seconds = i64::try_from(number / 16 % 1024).unwrap_or(0) - 512;
        let content = match (CONTENTS.get(index), FAULTS.get(index % 8)) {
            (Some(content), _) => Ok(*content),
            (None, Some(fault)) => Err(*fault),
            (None, None) => return self.board.settle(id, &Look::Absent, self.now),
        };
        let sight = Sight {
            inode: number / 16 % 3,
            modified: Nanos(self.now.wall.0.saturating_add(seconds.saturating_mul(1_000_000_000))),
            size: content.map_or(0, |content| content.len().try_into().unwrap_or(0)),
            links: 1 + number / 64 % 2,
            is_mount: number / 128 % 8 == 7,
            content,
        };
        self.board.settle(id, &Look::File(sight), self.now);
    }

    fn operate(&mut self, letter: u8, name: &str, number: u64) {
        match letter {
            b'S' => self.board.begin_scan(),
            b'F' => self.board.found(name),
            b'N' => self.board.end_scan(number % 2 == 0, self.now),
            b'R' => self.board.recheck_all(),
            b'V' => self.board.recheck_volatile(),
            b'T' => self.pass(Duration::from_millis(number)),
            b'W' => self.step(Nanos::after, number),
            b'B' => self.step(Nanos::before, number),
            b'K' => self.board.clear(),
            b'U' => {
                self.rules = rules(number);
                self.board.set_rules(self.rules.clone());
            }
            b'E' => {
                self.board.expire(self.now);
                let next = self.board.deadline();
                assert!(next.is_none_or(|at| at > self.now.boot), "a deadline that has passed is a spin");
            }
            b'P' => self.publish(),
            _ => {}
        }
    }

    /// Years of 64 bits are left on both sides: what saturates is not exact any more.
    fn step(&mut self, step: fn(Nanos, Duration) -> Nanos, seconds: u64) {
        let wall = step(self.now.wall, Duration::from_secs(seconds.min(1_000_000_000)));
        self.now.wall = wall.clamp(Nanos(0), Nanos::from_parts(8_000_000_000, 0));
    }

    fn pass(&mut self, time: Duration) {
        let time = time.min(Duration::from_secs(1_000_000));
        self.now = Now { wall: self.now.wall.after(time), boot: self.now.boot.after(time) };
    }

    fn publish(&mut self) {
        let mut changes = Vec::new();
        // New rules take effect with it.
        self.board.expire(self.now);
        let changed = self.board.publish(self.now, &mut changes);
        assert_eq!(changed, !changes.is_empty());
        for change in &changes {
            assert_ne!(change.from, change.to, "{change}");
            assert!(!change.to_string().contains(char::is_control), "{change:?}");
        }
        self.board.check_invariants(self.now);
        let names: Vec<&str> = self.board.ratings().map(|(_, name)| &**name).collect();
        assert!(names.contains(&"required") || !self.requires(), "{names:?}");
        assert!(!self.board.publish(self.now, &mut changes), "twice the same");
    }

    fn tell(&mut self, name: &str, event: FileEvent) {
        self.board.event(name, event, self.now).expect("five names are not too many");
    }

    fn requires(&self) -> bool {
        self.rules.checks.get("required").is_some_and(|rules| rules.required)
    }

    /// Every writer closes, every name is what `input` says at last, by its events or by a scan, and all is looked at:
    /// now nothing may be left of what was before.
    fn ends_as_a_fresh_board(&mut self, input: &[u8]) {
        self.pass(Duration::from_millis(1));
        let written = self.now.wall;
        let content_of = |index: usize| match input.get(index).copied().unwrap_or(0) {
            0 => None,
            octet => CONTENTS.get(usize::from(octet) % CONTENTS.len()).copied(),
        };
        let is_lost = input.len() % 2 == 1;
        if is_lost {
            self.board.begin_scan();
        }
        for (index, name) in NAMES.iter().enumerate() {
            match (content_of(index), is_lost) {
                (None, false) => self.tell(name, FileEvent::Gone),
                (Some(_), false) if index % 2 == 0 => self.tell(name, FileEvent::Closed),
                (Some(_), false) => self.tell(name, FileEvent::MovedIn),
                (Some(_), true) => self.board.found(name),
                (None, true) => {}
            }
        }
        if is_lost {
            self.board.end_scan(true, self.now);
        }
        let mut fresh = Board::new(self.rules.clone());
        fresh.begin_scan();
        for (index, name) in NAMES.iter().enumerate() {
            if content_of(index).is_some() {
                fresh.found(name);
            }
        }
        fresh.end_scan(true, self.now);
        let mut now = self.now;
        for board in [&mut self.board, &mut fresh] {
            now = self.now;
            for _ in 0..2 {
                look_at_all(board, now, |name| {
                    let index = NAMES.iter().position(|known| *known == name)?;
                    Some((100 + u64::try_from(index).ok()?, written, content_of(index)?))
                });
                now = Now { wall: now.wall.after(GRACE), boot: now.boot.after(GRACE) };
                board.recheck_volatile();
                board.expire(now);
            }
            board.publish(now, &mut Vec::new());
            assert!(board.deadline().is_none_or(|at| at > now.boot), "a deadline that has passed is a spin");
        }
        assert_eq!(ratings(&self.board), ratings(&fresh));
        let views = |board: &Board| format!("{:?}", board.checks(now).collect::<Vec<_>>());
        assert_eq!(views(&self.board), views(&fresh));
    }
}

type Seen<'a> = (u64, Nanos, &'a [u8]);

fn look_at_all<'a>(board: &mut Board, now: Now, file: impl Fn(&str) -> Option<Seen<'a>>) {
    let mut looks = 0;
    while let Some((id, name)) = board.next_due() {
        looks += 1;
        assert!(looks < 100, "it never has seen enough");
        let look = match file(&name) {
            None => Look::Absent,
            Some((inode, modified, content)) => {
                let size = content.len().try_into().unwrap_or(0);
                Look::File(Sight { inode, modified, size, links: 1, is_mount: false, content: Ok(content) })
            }
        };
        board.settle(id, &look, now);
    }
}

fn ratings(board: &Board) -> Vec<(Code, String)> {
    let mut ratings: Vec<_> = board.ratings().map(|(code, name)| (code, name.to_string())).collect();
    ratings.sort_unstable();
    ratings
}
