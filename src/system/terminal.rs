//! What standard output is connected to.

use std::io::{IsTerminal, stdout};

/// The width of the terminal that standard output is, in columns. None where it is no terminal; a terminal that
/// does not tell has 80.
pub fn width() -> Option<usize> {
    let stdout = stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let columns = rustix::termios::tcgetwinsize(&stdout).map_or(0, |size| size.ws_col);
    Some(if columns == 0 { 80 } else { columns.into() })
}
