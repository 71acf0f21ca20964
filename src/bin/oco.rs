//! oco: see [`oco::command`].

use std::process::ExitCode;

fn main() -> ExitCode {
    oco::command::main()
}
