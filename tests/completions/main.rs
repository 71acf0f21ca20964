//! The completions of oco, ocod and oco-push in etc/completions are those of their command lines. `OCO_WRITE=1` writes them anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod compare;

use clap::{Command, CommandFactory};
use std::path::Path;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/etc/completions"))
}

fn programs() -> [(&'static str, Command); 3] {
    [
        ("oco", oco::command::command_line()),
        ("ocod", oco::daemon::command_line()),
        // Another package's, but oco hands its command line on, and so has it.
        ("oco-push", oco::command::push::ProgramArguments::command()),
    ]
}

#[test]
fn completions_are_those_of_the_command_lines() {
    for (program, command) in programs() {
        compare::is_current(folder(), program, command);
    }
}

#[test]
fn completions_name_every_option() {
    for (program, command) in programs() {
        compare::is_complete(folder(), program, command);
    }
}

#[test]
fn shells_take_them() {
    for (program, _) in programs() {
        compare::is_taken(folder(), program);
    }
    compare::bash_completes(folder(), "oco", "st", "status");
}
