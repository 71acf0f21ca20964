//! The command line of ocoboard.

use crate::report::Format;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Shows a fleet on pages, takes in what hosts push, and writes reports.
#[derive(Debug, Clone, Parser)]
#[command(name = "ocoboard", version, after_help = "See ocoboard(8), board.toml(5) and ocowatch(8).")]
pub struct Arguments {
    /// The configuration file
    #[arg(short = 'c', value_name = "FILE", default_value = crate::config::DEFAULT_FILE, global = true)]
    pub config: PathBuf,
    /// Check the configuration, and exit
    #[arg(short = 't')]
    pub test: bool,
    /// What to do in place of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do in place of serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Write or send a report
    Report(Report),
    /// Make, list and revoke tokens; a running board knows it at once
    #[command(subcommand, arg_required_else_help = false)]
    Token(Token),
    /// List and forget keys of pushers
    #[command(subcommand, arg_required_else_help = false)]
    Key(Key),
    /// Acknowledge by a mail on standard input, as an answer to an alert
    AckMail,
}

/// `ocoboard report`.
#[derive(Debug, Clone, Args)]
pub struct Report {
    /// Nodes, services, levels, groups, or a report of the file
    #[arg(value_name = "NAME", required_unless_present = "due")]
    pub names: Vec<String>,
    /// Of when: 2026-10, 2026-W40, 2026-Q3, 2026, last-month or FROM..TO
    #[arg(long, value_name = "PERIOD", default_value = "last-month")]
    pub period: String,
    /// As what; default: what the name of -o ends in, else html
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Into this file; default: standard output
    #[arg(short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Send it to this address; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub mail: Vec<String>,
    /// Send what the reports of the file owe; for cron
    #[arg(long, conflicts_with_all = ["names", "period", "format", "output", "mail"])]
    pub due: bool,
}

/// `ocoboard token`.
#[derive(Debug, Clone, Subcommand)]
pub enum Token {
    /// Make one, and print it, which nothing does again
    New {
        /// Whose; of role push the name of the server
        name: String,
        /// What it may
        #[arg(long, default_value = "read")]
        role: TokenRole,
    },
    /// List them
    List,
    /// Take one back
    Revoke {
        /// Whose
        name: String,
    },
}

/// What a token may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TokenRole {
    /// See pages and the API
    Read,
    /// That, and acknowledge, mute and the like
    Act,
    /// Push as the server of that name
    Push,
}

/// `ocoboard key`.
#[derive(Debug, Clone, Subcommand)]
pub enum Key {
    /// List them
    List,
    /// Forget one: a host that was made anew may come back with another key
    Forget {
        /// The name of the server
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_that_of_the_contract() {
        Arguments::command().debug_assert();
        for good in [
            "ocoboard",
            "ocoboard -c /a -t",
            "ocoboard report shop --period 2026-Q3 --format pdf -o x.pdf --mail a@b --mail c@d",
            "ocoboard report --due -c /a",
            "ocoboard token new web1 --role push",
            "ocoboard token list",
            "ocoboard token revoke web1",
            "ocoboard key list",
            "ocoboard key forget web1",
            "ocoboard ack-mail",
        ] {
            assert!(Arguments::try_parse_from(good.split(' ')).is_ok(), "{good}");
        }
        for bad in [
            "ocoboard x",
            "ocoboard report",
            "ocoboard report shop --due",
            "ocoboard token",
            "ocoboard token new",
            "ocoboard token new a --role write",
            "ocoboard key forget",
        ] {
            assert!(Arguments::try_parse_from(bad.split(' ')).is_err(), "{bad}");
        }
    }
}
