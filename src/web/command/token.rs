//! `ocoboard token`: what lets programs and people in.

use super::{keys, show};
use crate::arguments::{Token, TokenRole};
use crate::config::{Role, Settings};
use crate::error::Error;
use crate::keys::Keys;
use crate::keys::ledger::shown;
use crate::push::names;
use crate::router::seconds;
use oco_fleet::object::check_part;
use std::io::{self, ErrorKind, Write};

/// Runs it.
///
/// # Errors
/// It can't be done; the words say why.
pub fn run(settings: &Settings, token: &Token) -> Result<(), Error> {
    match token {
        Token::New { name, role } => new(settings, name, *role),
        Token::List => list(settings),
        Token::Revoke { name } => revoke(settings, name),
    }
}

fn new(settings: &Settings, name: &str, role: TokenRole) -> Result<(), Error> {
    let (kept, role) = match role {
        TokenRole::Read => (of_reader(name)?, Some(Role::Read)),
        TokenRole::Act => (of_reader(name)?, Some(Role::Act)),
        TokenRole::Push => (names::part(name).ok_or_else(|| no_server(name))?, None),
    };
    let made = keys(settings)?.make(&kept, role, seconds()).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists if role.is_none() => {
            Error::Refused(format!("{name}: there is a key of that name; ocoboard key forget takes it away"))
        }
        ErrorKind::AlreadyExists => Error::Refused(format!(
            "{name}: there is a token of that name; ocoboard token revoke takes it back"
        )),
        _ => Error::System("token".to_owned(), error),
    })?;
    writeln!(io::stdout(), "{made}").map_err(Error::system("stdout"))
}

fn of_reader(name: &str) -> Result<String, Error> {
    match check_part(name) {
        Ok(()) => Ok(name.to_owned()),
        Err(why) => Err(Error::Refused(format!("{name:?}: {why}"))),
    }
}

/// Takes `what` of the pusher that a name may mean, the likeliest first. `take` says whether one of that name, as it is
/// kept, was there.
pub(super) fn take_of_pusher(
    settings: &Settings,
    name: &str,
    what: &'static str,
    take: fn(&mut Keys, &str) -> io::Result<bool>,
) -> Result<(), Error> {
    let meant = names::meant(name);
    if meant.is_empty() {
        return Err(no_server(name));
    }
    let mut keys = keys(settings)?;
    for name in meant {
        if take(&mut keys, &name).map_err(Error::system(what))? {
            return Ok(());
        }
    }
    Err(Error::Refused(format!("{name}: there is no {what} of that name")))
}

fn no_server(name: &str) -> Error {
    Error::Refused(format!("{name:?}: expected the name of a server, of at most 255 octets"))
}

fn list(settings: &Settings) -> Result<(), Error> {
    let keys = keys(settings)?;
    let mut rows = Vec::new();
    for (name, token) in keys.tokens() {
        let role = match token.role {
            Role::Read => "read",
            Role::Act => "act",
        };
        rows.push(vec![name.to_owned(), role.to_owned(), shown(token.at)]);
    }
    for (name, pusher) in keys.pushers().into_iter().filter(|(_, pusher)| pusher.is_made) {
        rows.push(vec![names::shown(name), "push".to_owned(), shown(pusher.at)]);
    }
    show(&rows)
}

fn revoke(settings: &Settings, name: &str) -> Result<(), Error> {
    take_of_pusher(settings, name, "token", |keys, name| keys.revoke(name, seconds()))
}
