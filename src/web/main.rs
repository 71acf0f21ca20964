//! `ocoboard`: see [`ocoboard`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ocoboard::main()
}
