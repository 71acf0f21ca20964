//! Begins a journal of ocowatch with a week of history that nobody lived through, for the fleet of `scripts/board`. Every
//! reason and every text in it says that it is made up. It writes as ocowatch does, with its [`Writer`].
//!
//! ```text
//! made-up-history STATE_DIR usual|well|burning|large
//! ```
//!
//! What is wrong at its end is what the hosts of `scripts/board` tell from then on, so that ocowatch goes on with it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "whoever made the fleet up sees where that was wrong"
)]

mod fleet;
mod large;
mod names;
mod story;

use oco_fleet::journal::Writer;
use oco_fleet::time::Millis;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use story::{DAY, Story};

/// How much of a past there is.
const DAYS: i64 = 7;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (dir, mood) = (arguments.next().map(PathBuf::from), arguments.next());
    let mood = mood.as_deref().and_then(|word| word.to_str()).and_then(fleet::Mood::parse);
    let (Some(dir), Some(mood)) = (dir, mood) else {
        eprintln!("usage: made-up-history STATE_DIR usual|well|burning|large");
        return ExitCode::from(2);
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let now = i64::try_from(now).unwrap();
    let mut story = Story::new(now - DAYS * DAY, now);
    fleet::tell(&mut story, mood);
    match Writer::open(&dir, Millis(story.begin), 0) {
        Ok((mut writer, _)) => {
            story.write(&mut writer);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("made-up-history: {error}");
            ExitCode::FAILURE
        }
    }
}
