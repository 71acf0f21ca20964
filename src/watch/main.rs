//! `ocowatch`: see [`ocowatch`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ocowatch::main()
}
