//! What may be shown of one check.

use crate::disk::File;
use oco::logic::board::Rules;
use oco::logic::time::{Nanos, Now};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    Absent,
    Ko,
    /// A code, when it was written by the boot clock, how old its writer says it may be, and the text.
    Says(u16, Nanos, Option<Duration>, Text),
}

/// The beginning of what stands behind a code, filled up with zeros.
pub type Text = [u8; 16];

/// What is told of a check where all is told.
#[derive(Debug)]
pub struct Told {
    pub code: u16,
    pub text: String,
    /// In seconds; none where there is no file to be read.
    pub age: Option<f64>,
    pub max_age: f64,
    pub is_stale: bool,
}

pub fn max_age(rules: &Rules, name: &str, promise: Option<Duration>) -> Duration {
    rules.checks.get(name).and_then(|rules| rules.max_age).or(promise).unwrap_or(rules.max_age)
}

impl Shown {
    pub fn code(self) -> Option<u16> {
        match self {
            Shown::Says(code, ..) => Some(code),
            Shown::Ko | Shown::Absent => None,
        }
    }

    pub fn written_at(self, time: Nanos) -> Shown {
        match self {
            Shown::Says(code, _, promise, text) => Shown::Says(code, time, promise, text),
            other => other,
        }
    }

    pub fn is_told(self, told: Option<&Told>, (rules, name): (&Rules, &str), now: Now) -> bool {
        let code = self.rating(rules, name, now);
        let Some(told) = told else { return code.is_none() };
        let promise = match self {
            Shown::Says(_, _, promise, _) => promise,
            // What is not understood may all the same make a promise; what can't be read makes none.
            Shown::Ko if told.text.starts_with("not understood") || told.text == "empty" => Some(PROMISED)
                .filter(|promised| told.max_age == max_age(rules, name, Some(*promised)).as_secs_f64()),
            Shown::Ko | Shown::Absent => None,
        };
        code == Some(told.code)
            && told.max_age == max_age(rules, name, promise).as_secs_f64()
            && match self {
                Shown::Absent => told.text == "required, but there is no file" && told.age.is_none(),
                Shown::Ko => !told.text.is_empty(),
                Shown::Says(said, written, _, text) => {
                    let age = now.boot.since(written).as_secs_f64();
                    beginning(&told.text) == text
                        && told.age.is_some_and(|told| (told - age).abs() < 1e-6)
                        && (told.is_stale || said == told.code)
                }
            }
    }

    pub fn rating(self, rules: &Rules, name: &str, now: Now) -> Option<u16> {
        match self {
            Shown::Absent => rules.checks.get(name).is_some_and(|rules| rules.required).then_some(300),
            Shown::Ko => Some(300),
            // All max-ages of the model are below an hour: what is from before the boot is stale.
            Shown::Says(_, written, ..) if written.0 < 0 => Some(300),
            Shown::Says(_, written, promise, _)
                if now.boot.0 - written.0 > nanos(max_age(rules, name, promise)) =>
            {
                Some(300)
            }
            Shown::Says(code, ..) => Some(code),
        }
    }
}

pub fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap()
}

/// When a file that is seen now was written: as its time says, but never later than now.
pub fn written(file: &File, now: Now) -> Nanos {
    Nanos(now.boot.0 - (now.wall.0 - file.modified.0).max(0))
}

/// The code of a whole status file. The files of the model are plain.
pub fn code_of(content: &str) -> Option<u16> {
    let word = content.trim_start_matches(' ').split([' ', '-', '\n']).next()?;
    let code = word.parse().ok().filter(|_| word.len() == 3)?;
    matches!(code, 200..=399 | 500..=599).then_some(code)
}

/// The text of a whole status file that begins with a code.
pub fn text_of(content: &str) -> Text {
    let line = content.split('\n').next().unwrap_or_default().trim_start_matches(' ');
    beginning(line.get(4..).unwrap_or_default().trim_start_matches(' '))
}

fn beginning(text: &str) -> Text {
    let mut octets = text.bytes();
    std::array::from_fn(|_| octets.next().unwrap_or(0))
}

/// What a writer promises on the second line. The files of the model know one promise.
pub const PROMISE: &str = "max-age 20s";
const PROMISED: Duration = Duration::from_secs(20);

pub fn promise_of(content: &str) -> Option<Duration> {
    (content.split('\n').nth(1) == Some(PROMISE)).then_some(PROMISED)
}
