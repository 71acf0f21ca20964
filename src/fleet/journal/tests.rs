//! What the tests of the journal share: a directory with one, and what is easily written.

mod definitions;
mod figures;
mod file;
mod history;
mod kept;
mod killed;
mod measure;
mod page;
mod standings;

use super::*;
use crate::object::ObjectName;
use crate::transition::Transition;
use tempfile::TempDir;

/// When the tests' time begins: nothing about it is special.
const START: i64 = 1_700_000_000_000;

fn at(offset: i64) -> Millis {
    Millis(START + offset)
}

fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

fn standing(code: u16, reason: &str) -> Standing {
    Code::new(code).map_or_else(Standing::default, |code| Standing::of_code(code, reason))
}

fn transition(who: &str, when: i64, old: Standing, new: Standing) -> Transition {
    let old_since = at(when);
    Transition { name: name(who), at: at(when), old, old_since, new, probes: None, depends_on: None }
}

/// A directory with a journal that was begun at [`START`].
fn begun() -> (TempDir, Writer) {
    let dir = tempfile::tempdir().unwrap();
    let (writer, opened) = Writer::open(dir.path(), at(0), 0).unwrap();
    assert_eq!((opened.gap, opened.set_aside, opened.kept.objects.len()), (None, None, 0));
    (dir, writer)
}

fn reader(dir: &TempDir) -> Reader {
    Reader::open(&dir.path().join(FILE)).unwrap()
}
