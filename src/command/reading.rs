//! One reading of the directory, rated as the daemon would.

use crate::config::{self, Settings};
use crate::limits::STATUS_PASSES;
use crate::logic::answer::{Composer, nothing_is_known};
use crate::logic::board::{Board, CheckView};
use crate::logic::code::{Code, Verdict};
use crate::logic::time::{Nanos, Now};
use crate::status::directory::Directory;
use crate::system::words::lowered;
use crate::system::{clock, user};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// A board as one reading of the directory has left it.
#[derive(Debug)]
pub struct Reading {
    board: Board,
    now: Now,
    /// Why nothing is known, if so.
    pub away: Option<String>,
    /// The checks whose files are dated in the future, and how long ago each was changed at last; none: that lies in the
    /// future too.
    future: BTreeMap<String, Option<Duration>>,
}

impl Reading {
    /// Reads `directory`.
    pub fn take(directory: &Path, settings: &Settings) -> Reading {
        let mut files = Directory::unwatched(directory);
        let mut board = Board::new(settings.rules.clone());
        let now = read(&mut files, &mut board);
        let away = files.away().map(|away| lowered(&away.to_string()));
        let checks: Vec<CheckView<'_>> = board.checks(now).collect();
        let future = checks.iter().filter(|check| check.age.is_some());
        let future =
            future.filter_map(|check| Some((check.name.to_owned(), changed(directory, check.name)?)));
        let future = future.collect();
        Reading { board, now, away, future }
    }

    /// The checks, the worst first, then by name; none while nothing is known.
    pub fn checks(&self) -> Vec<CheckView<'_>> {
        if self.away.is_some() {
            return Vec::new();
        }
        let mut checks: Vec<CheckView<'_>> =
            self.board.checks(self.now).map(|check| self.as_seen_first(check)).collect();
        checks.sort_by_key(|check| (Reverse(check.code), check.name));
        checks
    }

    /// To the daemon a result of the future is as old as its first sight of it, which was not before the file's last
    /// change. To look no fresher than there, that change counts here.
    fn as_seen_first<'a>(&self, check: CheckView<'a>) -> CheckView<'a> {
        match self.future.get(check.name) {
            None => check,
            Some(None) => CheckView { age: None, ..check },
            Some(Some(age)) => {
                let stale = *age > check.max_age;
                let code = if stale { Code::KO } else { check.code };
                CheckView { age: Some(*age), stale, code, ..check }
            }
        }
    }

    /// What the daemon would answer for these checks: the verdict, and the line without its end.
    pub fn answer(&self, settings: &Settings) -> (Verdict, String) {
        let checks = self.checks();
        let mut ratings: Vec<_> = checks.iter().map(|check| (check.code, check.name)).collect();
        let mut composer = Composer::default();
        let is_unknown = nothing_is_known(self.away.is_some(), checks.is_empty(), settings.empty_is_ok);
        let answer = if is_unknown { composer.unknown() } else { composer.compose(&mut ratings) };
        (answer.verdict, answer.line.trim_end().to_owned())
    }

    /// A line for each check whose file is dated in the future.
    pub fn of_the_future(&self) -> impl Iterator<Item = String> {
        self.future.iter().map(|(name, age)| match age {
            Some(_) => format!("{name}: dated in the future: its age is that of the file's last change"),
            None => format!("{name}: dated and changed in the future: its age can't be known"),
        })
    }
}

/// Whether the directory is that of the settings, and so that of a daemon with these settings.
pub fn is_configured(directory: &Path, settings: &Settings) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let of_settings = config::directory_of(settings);
    directory == of_settings || real(directory).is_some_and(|path| real(&of_settings) == Some(path))
}

/// Root becomes the daemon's user for good, where the settings name one and the directory is theirs: so the files are
/// read as the daemon reads them. Why that could not be, if so.
pub fn become_reader(directory: &Path, settings: &Settings) -> Option<String> {
    let name = settings.user.as_ref().filter(|_| user::is_root() && is_configured(directory, settings))?;
    let become_user = user::find(name).and_then(|user| user::become_user(&user));
    become_user.err().map(|error| format!("{error}: the directory is read as root"))
}

/// Reads the directory once.
fn read(files: &mut Directory, board: &mut Board) -> Now {
    let mut now = clock::now();
    for _ in 0..STATUS_PASSES {
        files.refresh(board, now);
        if board.due() == 0 {
            break;
        }
        now = clock::now();
    }
    board.publish(now, &mut Vec::new());
    now
}

/// How long ago the file of `name` was changed at last, if it is dated in the future.
fn changed(directory: &Path, name: &str) -> Option<Option<Duration>> {
    let file = std::fs::symlink_metadata(directory.join(name)).ok()?;
    let now = clock::now().wall;
    let modified = Nanos::from_parts(file.mtime(), file.mtime_nsec());
    let changed = Nanos::from_parts(file.ctime(), file.ctime_nsec());
    (modified > now).then(|| (changed <= now).then(|| now.since(changed)))
}
