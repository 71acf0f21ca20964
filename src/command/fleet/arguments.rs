//! The command line of `oco fleet`.

use crate::command::arguments::parse_code;
use crate::limits::LONGEST_ACT;
use crate::logic::code::Code;
use crate::logic::control::SOCKET;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// What a correction may say that it was.
const STATES: [&str; 4] = ["ok", "but", "ko", "unknown"];

/// Whom to speak to, and what about.
#[derive(Debug, Clone, Args)]
#[command(disable_help_subcommand = true, arg_required_else_help = false)]
pub struct FleetArguments {
    /// The watcher's control socket
    #[arg(long, value_name = "SOCKET", global = true, default_value = SOCKET)]
    pub control: PathBuf,
    /// What to do
    #[command(subcommand)]
    pub order: Fleet,
}

/// What to ask of the watcher.
#[derive(Debug, Clone, Subcommand)]
pub enum Fleet {
    /// Show how the fleet stands, worst first; exit 0 ok, 1 but, 2 ko, 3 unknown or no watcher
    Status {
        /// For programs
        #[arg(long)]
        json: bool,
        /// Show it again each second, in place, until ^C
        #[arg(long, conflicts_with = "json")]
        watch: bool,
        /// Of whom, as web, web/oco, web/oco/db* or node:shop; none: of all
        #[arg(value_name = "PATTERN")]
        patterns: Vec<String>,
    },
    /// Show what happened, the newest last
    Log {
        /// From then on, as 2026-11-25, 10:00 or -2h [default: the last 1000 entries]
        #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
        since: Option<String>,
        /// For programs: a line of JSON each
        #[arg(long)]
        json: bool,
        /// To whom; none: to all
        #[arg(value_name = "PATTERN")]
        patterns: Vec<String>,
    },
    /// Acknowledge a failure: no further alerts of it
    Ack(ActArguments),
    /// Take an acknowledgement back
    Unack(NameArgument),
    /// Send no alerts; state and tables go on
    Mute(ActArguments),
    /// Send alerts again
    Unmute(NameArgument),
    /// Plan work: no alerts, out of the tables, not counted in availability
    Maint {
        /// From then on [default: now]
        #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
        from: Option<String>,
        /// Until then [default: until unmaint]
        #[arg(
            long,
            value_name = "TIME",
            value_parser = parse_time,
            allow_hyphen_values = true,
            conflicts_with = "length"
        )]
        to: Option<String>,
        /// On whom, for how long, and why
        #[command(flatten)]
        act: ActArguments,
    },
    /// End planned work
    Unmaint(NameArgument),
    /// Lay a correction over the journal
    Adjust {
        /// For programs
        #[arg(long)]
        json: bool,
        /// Of whom
        name: String,
        /// From then on
        #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
        from: String,
        /// Until then
        #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
        to: String,
        /// It was so
        #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(STATES))]
        state: String,
        /// Why
        #[arg(required = true, allow_negative_numbers = true)]
        text: Vec<String>,
    },
    /// List the corrections
    Adjustments {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Take a correction back
    Unadjust {
        /// For programs
        #[arg(long)]
        json: bool,
        /// Its number
        id: i64,
    },
    /// List the incidents
    Incidents {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Report a passive result
    Report {
        /// The target: GROUP/SERVICE/HOST
        name: String,
        /// 200 ok; any other 2XX ok, but; 3XX ko; 5XX ko, and a person has to come
        #[arg(value_parser = parse_code)]
        code: Code,
        /// The promise: the next result comes within so long, as 60s
        #[arg(long, value_name = "TIME", value_parser = parse_length)]
        period: Option<Duration>,
        /// Words for people; put -- before one that begins with a dash
        #[arg(allow_negative_numbers = true)]
        text: Vec<String>,
    },
    /// Send a direct alert
    Alert {
        /// Whose alerts: a service, node or group
        name: String,
        /// What to tell; put -- before one that begins with a dash
        #[arg(required = true, allow_negative_numbers = true)]
        text: Vec<String>,
    },
    /// Drop what reported and is gone
    Forget {
        /// Who: a target, service or group
        name: String,
    },
    /// Reckon how long it was up
    Availability {
        /// From then on [default: from the journal's beginning, for a level from that of its period]
        #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
        from: Option<String>,
        /// Until then [default: now]
        #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
        to: Option<String>,
        /// For programs
        #[arg(long)]
        json: bool,
        /// Whose: a target, service, node or level
        name: String,
    },
    /// Print a watch.toml made of mon's configuration
    ImportMon(FileArgument),
    /// Print a watch.toml made of ldirectord's configuration
    ImportLdirectord(FileArgument),
}

/// What to read.
#[derive(Debug, Clone, Args)]
pub struct FileArgument {
    /// Its configuration, as /etc/mon/mon.cf or /etc/ha.d/ldirectord.cf
    pub file: PathBuf,
}

/// On whom to act, for how long, and why.
#[derive(Debug, Clone, Args)]
pub struct ActArguments {
    /// A target, service, node or group
    pub name: String,
    /// For so long, as 2h
    #[arg(long = "for", value_name = "TIME", id = "length", value_parser = parse_length)]
    pub length: Option<Duration>,
    /// For programs
    #[arg(long)]
    pub json: bool,
    /// Why, for people; put -- before a word that begins with a dash
    #[arg(allow_negative_numbers = true)]
    pub text: Vec<String>,
}

/// Whose act to undo.
#[derive(Debug, Clone, Args)]
pub struct NameArgument {
    /// A target, service, node or group
    pub name: String,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// Whether it is a time, and which, the watcher says; only that an option was not taken for one is seen here.
fn parse_time(text: &str) -> Result<String, &'static str> {
    let is_option =
        text.strip_prefix('-').is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
    if text.is_empty() || is_option {
        return Err("expected a time as 2026-11-25T10:00:00Z, 2026-11-25, 10:00 or -2h");
    }
    Ok(text.to_owned())
}

fn parse_length(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(length) if length.as_millis() > 0 && length <= LONGEST_ACT => Ok(length),
        Ok(_) => Err("expected at least 1ms and at most ten years".to_owned()),
        Err(error) => Err(format!("{error}; expected a duration as 30m or 2h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    #[command(no_binary_name = true)]
    struct Line {
        #[command(flatten)]
        fleet: FleetArguments,
    }

    fn parse(line: &str) -> Result<FleetArguments, clap::Error> {
        Line::try_parse_from(line.split(' ')).map(|line| line.fleet)
    }

    #[test]
    fn the_socket_may_stand_anywhere() {
        for line in ["--control /x status web", "status --control /x web", "status web --control=/x"] {
            let arguments = parse(line).unwrap();
            assert_eq!(arguments.control, PathBuf::from("/x"), "{line}");
            let Fleet::Status { patterns, json: false, watch: false } = arguments.order else {
                panic!("{line}")
            };
            assert_eq!(patterns, ["web"]);
        }
        assert_eq!(parse("incidents").unwrap().control, PathBuf::from(SOCKET));
    }

    #[test]
    fn times_may_begin_with_a_dash() {
        let Fleet::Log { since, json, patterns } = parse("log --since -2h web --json").unwrap().order else {
            panic!("not understood");
        };
        assert_eq!((since.as_deref(), json, patterns), (Some("-2h"), true, vec!["web".to_owned()]));
        let line = "maint web --from 22:00 --to 02:00 move of -1 racks";
        let Fleet::Maint { from, to, act } = parse(line).unwrap().order else { panic!("not understood") };
        assert_eq!((from.as_deref(), to.as_deref(), act.length), (Some("22:00"), Some("02:00"), None));
        assert_eq!(act.text.join(" "), "move of -1 racks");
        let Fleet::Maint { from, act, .. } = parse("maint web --from 22:00 --for 2h").unwrap().order else {
            panic!("not understood");
        };
        assert_eq!((from.as_deref(), act.length), (Some("22:00"), Some(Duration::from_secs(7200))));
    }

    #[test]
    fn bad_usage_is_an_error() {
        for line in [
            "",
            "x",
            "help",
            "status --json --watch",
            "log --since --json",
            "log --since -x",
            "ack",
            "ack web --for",
            "ack web --for 0s",
            "ack web --for 2",
            "ack web --for 20y",
            "ack web --from 10:00",
            "unack",
            "unack a b",
            "maint web --for 2h --to 10:00",
            "adjust web --from 10:00 --to 11:00 --state ok",
            "adjust web --from 10:00 --state ok text",
            "adjust web --from 10:00 --to 11:00 --state fine text",
            "unadjust",
            "unadjust x",
            "report a/b/c",
            "report a/b/c 400",
            "report a/b/c 200 --period 1",
            "alert web",
            "forget",
            "availability",
            "availability a b",
            "import-mon",
            "import-ldirectord a b",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
