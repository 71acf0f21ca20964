//! Commands beside the server, each a process of its own.

pub mod ack_mail;
pub mod key;
pub mod report;
pub mod token;

use crate::config::Settings;
use crate::error::Error;
use crate::keys::Keys;
use oco::system::user;
use std::io::{self, Write};

/// The keys and tokens of the board. What is written of them belongs to the board's user, also where root writes.
fn keys(settings: &Settings) -> Result<Keys, Error> {
    if let Some(name) = settings.user.as_deref().filter(|_| user::is_root()) {
        user::find(name).and_then(|user| user::become_user(&user)).map_err(Error::User)?;
    }
    Keys::open(&settings.state_dir)
        .map_err(Error::system(format!("keys in {}", settings.state_dir.display())))
}

/// Writes lines of columns to standard output.
fn show(rows: &[Vec<String>]) -> Result<(), Error> {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, text) in row.iter().enumerate() {
            let width = text.chars().count();
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut lines = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(text, width)| format!("{text:width$}"));
        lines.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        lines.push('\n');
    }
    io::stdout().write_all(lines.as_bytes()).map_err(Error::system("stdout"))
}
