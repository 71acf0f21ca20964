//! A reload: the settings read again, and taken on whole or not at all.

use super::answers::Answers;
use super::arguments::Arguments;
use super::error::Error;
use super::event_loop::EventLoop;
use super::listeners::say_bound;
use super::plan::Plan;
use crate::net::listener::BindError;
use crate::system::words::words;
use ::log::{info, warn};
use std::io;
use std::net::SocketAddr;

/// The plan of a reload. Since the start no other folders may be read.
///
/// # Errors
/// The settings are bad, or only a new start could read them.
pub fn plan_anew(arguments: &Arguments, passed: &[(String, SocketAddr)]) -> Result<Plan, Error> {
    Plan::make(arguments, passed).map_err(|error| match error.is_denied() {
        true => Error::NeedsRestart(error.to_string()),
        false => Error::Config(error),
    })
}

/// Applies all of `new` but the user, or nothing.
///
/// # Errors
/// A port can't be had, or only a new start could do what is asked.
pub fn apply(event_loop: &mut EventLoop, mut new: Plan, old: &Plan) -> Result<Plan, Error> {
    if new.listens_by_default && old.listens_by_default {
        new.settings.listeners.clone_from(&old.settings.listeners);
    }
    let (answers, listeners, sockets) = event_loop.parts();
    let (rules, empty_is_ok) = (new.settings.rules.clone(), new.settings.empty_is_ok);
    // Since the start only its ports may be bound, and those below 1024 not at all.
    let refused = |error: BindError| match error.is_denied() {
        true => Error::NeedsRestart(error.to_string()),
        false => Error::Bind(error),
    };
    if new.directory == old.directory {
        let bound = listeners.change(&new.settings.listeners, answers, sockets).map_err(refused)?;
        say_bound(&bound);
        answers.configure(rules, empty_is_ok);
    } else {
        if let Err(error) = std::fs::read_dir(&new.directory)
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            let directory = new.directory.display();
            return Err(Error::NeedsRestart(format!(
                "dir {directory}: it can't be read since the start: {}",
                words(&error)
            )));
        }
        let mut moved = Answers::new(&new.directory, rules, empty_is_ok);
        moved.copy_confinement(answers);
        let bound = listeners.change(&new.settings.listeners, &mut moved, sockets).map_err(refused)?;
        say_bound(&bound);
        info!("status files in {}", new.directory.display());
        *answers = moved;
    }
    if new.settings.user != old.settings.user {
        warn!("user: it can't be changed while running; restart for that");
        new.settings.user.clone_from(&old.settings.user);
    }
    Ok(new)
}
