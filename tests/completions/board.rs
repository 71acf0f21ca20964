//! The completions of ocoboard in etc/completions are those of its command line. `OCO_WRITE=1` writes them anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod compare;

use clap::{Command, CommandFactory};
use ocoboard::arguments::Arguments;
use std::path::Path;

const PROGRAM: &str = "ocoboard";

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../etc/completions"))
}

fn command_line() -> Command {
    Arguments::command()
}

#[test]
fn completions_are_those_of_the_command_line() {
    compare::is_current(folder(), PROGRAM, command_line());
}

#[test]
fn completions_name_every_option() {
    compare::is_complete(folder(), PROGRAM, command_line());
}

#[test]
fn shells_take_them() {
    compare::is_taken(folder(), PROGRAM);
    compare::bash_completes(folder(), PROGRAM, "--ver", "--version");
}
