//! ocod: see [`oco::daemon`].

use std::process::ExitCode;

fn main() -> ExitCode {
    oco::daemon::main()
}
