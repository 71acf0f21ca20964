//! `ocoboard key`: by what pushers are known again.

use super::token::take_of_pusher;
use super::{keys, show};
use crate::arguments::Key;
use crate::config::Settings;
use crate::error::Error;
use crate::keys::Keys;
use crate::keys::ledger::shown;
use crate::push::names;

/// Runs it.
///
/// # Errors
/// It can't be done; the words say why.
pub fn run(settings: &Settings, key: &Key) -> Result<(), Error> {
    match key {
        Key::List => {
            let keys = keys(settings)?;
            let row = |(name, pusher): (&str, crate::keys::Pusher)| {
                let how = if pusher.is_made { "token" } else { "first use" };
                vec![names::shown(name), how.to_owned(), shown(pusher.at)]
            };
            show(&keys.pushers().into_iter().map(row).collect::<Vec<_>>())
        }
        Key::Forget { name } => take_of_pusher(settings, name, "key", Keys::forget),
    }
}
