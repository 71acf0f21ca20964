//! What standard output and standard error are connected to.

use rustix::termios::Winsize;
use std::io::{IsTerminal, stderr, stdout};

/// The width of the terminal that standard output is, in columns. None where it is no terminal; a terminal that
/// does not tell has 80.
pub fn width() -> Option<usize> {
    size().map(|size| if size.ws_col == 0 { 80 } else { size.ws_col.into() })
}

/// Its height in lines. A terminal that does not tell has 24.
pub fn height() -> Option<usize> {
    size().map(|size| if size.ws_row == 0 { 24 } else { size.ws_row.into() })
}

/// Whether standard error is a terminal.
pub fn is_stderr() -> bool {
    stderr().is_terminal()
}

fn size() -> Option<Winsize> {
    let stdout = stdout();
    let unknown = Winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    stdout.is_terminal().then(|| rustix::termios::tcgetwinsize(&stdout).unwrap_or(unknown))
}
