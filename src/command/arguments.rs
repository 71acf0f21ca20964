//! The command line of oco.

use super::fleet::arguments::FleetArguments;
use super::push::PushArguments;
use crate::limits::LONGEST_TIMEOUT;
use crate::logic::code::Code;
use crate::logic::endpoint::{self, Endpoint};
use crate::logic::name::check_name;
use crate::logic::time::parse_max_age;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

/// Where the scripts are that cron has run.
const PARTS: &str = "/etc/oco/checks.d";

/// Writes, runs and shows the checks of this host, and asks others for theirs.
#[derive(Debug, Clone, Parser)]
#[command(name = "oco", version, after_help = "See oco(1) and oco(7).")]
#[command(disable_help_subcommand = true, arg_required_else_help = false)]
pub struct Arguments {
    /// The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]
    #[arg(short = 'c', value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// The directory of the status files [default: $OCO_DIR, else the file's, else /var/lib/oco]
    #[arg(short = 'd', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub order: Order,
}

/// What oco is to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Order {
    /// Write a result
    Set {
        /// The check
        #[arg(value_parser = name_parser())]
        name: String,
        /// 200 ok; any other 2XX ok, but; 3XX ko; 5XX ko, and a person has to come
        #[arg(value_parser = parse_code)]
        code: Code,
        /// How old it may be, as 25h, in place of the general max-age
        #[arg(long, value_name = "AGE", value_parser = parse_max_age)]
        max_age: Option<Duration>,
        /// Words for people; put -- before one that begins with a dash
        #[arg(allow_negative_numbers = true)]
        text: Vec<OsString>,
    },
    /// Remove a check
    Clear {
        /// The check
        #[arg(value_parser = name_parser())]
        name: String,
    },
    /// Run a Nagios plugin and record its result
    Run {
        /// The check
        #[arg(value_parser = name_parser())]
        name: String,
        /// How long it may take, as 10s or 2m
        #[arg(long, value_name = "TIME", value_parser = parse_timeout, default_value = "30s")]
        timeout: Duration,
        /// How old the result may be, as 25h, in place of the general max-age
        #[arg(long, value_name = "AGE", value_parser = parse_max_age)]
        max_age: Option<Duration>,
        /// Print what is recorded, and where
        #[arg(short = 'v', long)]
        verbose: bool,
        /// The plugin and its arguments
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<OsString>,
    },
    /// Run every executable in a directory side by side, and record each as the check of its name
    RunParts {
        /// How long each may take, as 10s or 2m, unless it says so itself
        #[arg(long, value_name = "TIME", value_parser = parse_timeout, default_value = "30s")]
        timeout: Duration,
        /// Where they are
        #[arg(value_name = "DIR", id = "parts", default_value = PARTS)]
        parts: PathBuf,
    },
    /// Make scripts for run-parts from the commands of NRPE
    ImportNrpe {
        /// Replace scripts that are there already
        #[arg(long)]
        force: bool,
        /// Its configuration, as /etc/nagios/nrpe.cfg; what it includes is read too
        file: PathBuf,
        /// Where the scripts go
        #[arg(value_name = "DIR", id = "parts", default_value = PARTS)]
        parts: PathBuf,
    },
    /// Show the checks of this host, or ask others; exit 0 OK, 1 OK but, 2 KO, 3 no answer
    Status {
        /// For load balancers: exit 0 if the one HOST is up (2XX), 1 for all else
        #[arg(long, requires = "hosts")]
        up: bool,
        /// For programs
        #[arg(long)]
        json: bool,
        /// Print nothing: the exit status says it
        #[arg(short = 'q', long, conflicts_with_all = ["json", "watch"])]
        quiet: bool,
        /// Show it again each second, in place, until ^C
        #[arg(long, conflicts_with_all = ["json", "up"])]
        watch: bool,
        /// Show the performance data of this host's checks too
        #[arg(short = 'v', long)]
        verbose: bool,
        /// How long a host may take, as 500ms or 3s
        #[arg(long, value_name = "TIME", value_parser = parse_timeout, default_value = "3s")]
        timeout: Duration,
        /// Whom to ask; none: this host [default port: 79]
        #[arg(value_name = "HOST[:PORT]", value_parser = endpoint::parse)]
        hosts: Vec<Endpoint>,
    },
    /// Take this host out (a check named maint, 300), or put it back
    Maint {
        /// Out, or back
        state: Maintenance,
        /// Why, for people
        #[arg(allow_negative_numbers = true)]
        text: Vec<OsString>,
    },
    /// Send this host's status files to a board, for hosts that cannot be polled; see oco-push(1)
    Push(PushArguments),
    /// Show a fleet as its watcher sees it, and act on it; see oco-fleet(1)
    Fleet(FleetArguments),
}

/// Whether the host is to be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Maintenance {
    /// Out.
    On,
    /// Back.
    Off,
}

/// Whether the command line is one of `status --up`, good or bad: then every failure is "not up". One that runs a
/// plugin with such an argument is not, nor is one of `fleet status`.
pub fn is_status_up(raw: &[OsString]) -> bool {
    let mut options = raw.iter().skip(1).take_while(|argument| *argument != "--" && *argument != "fleet");
    let is_up = |argument: &OsString| argument == "--up" || argument.as_bytes().starts_with(b"--up=");
    options.any(|argument| argument == "status") && raw.iter().skip(1).any(is_up)
}

/// What clap takes for a request for help or the version and is none: it sees the `-h` in `-http`.
pub fn mistaken_for_help(raw: &[OsString]) -> Option<&OsString> {
    let is_request =
        |argument: &&OsString| ["-h", "--help", "-V", "--version"].iter().any(|word| *argument == word);
    if raw.iter().any(|argument| is_request(&argument)) {
        return None;
    }
    raw.iter().skip(1).find(|argument| argument.as_bytes().starts_with(b"-"))
}

fn name_parser() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().try_map(|name| check_name(name.as_bytes()).map(str::to_owned))
}

/// Reads a code. The error says what was expected.
pub fn parse_code(text: &str) -> Result<Code, &'static str> {
    let digits = text.as_bytes().try_into().ok();
    digits
        .and_then(Code::from_digits)
        .ok_or("expected 2XX (ok), 3XX (ko) or 5XX (ko, and a person has to come)")
}

/// Reads a time-out: `10s`, `2m`. The error says what was expected.
pub fn parse_timeout(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(timeout) if !timeout.is_zero() && timeout <= LONGEST_TIMEOUT => Ok(timeout),
        Ok(_) => Err("expected more than 0s and at most a day".to_owned()),
        Err(error) => Err(format!("{error}; expected a duration as 30s or 2m")),
    }
}

/// The words as one text.
pub fn joined(words: &[OsString]) -> OsString {
    words.join(OsStr::new(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{PLUGIN_TIMEOUT, STATUS_TIMEOUT};

    fn raw(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn parse(line: &str) -> Result<Order, clap::Error> {
        Arguments::try_parse_from(raw(line)).map(|arguments| arguments.order)
    }

    #[test]
    fn a_plugins_own_options_are_its_own() {
        let Ok(Order::Run { name, timeout, command, .. }) =
            parse("oco run disk --timeout 5s check_disk -w 10% -d x -h")
        else {
            panic!("not understood");
        };
        assert_eq!((name.as_str(), timeout), ("disk", Duration::from_secs(5)));
        assert_eq!(command, raw("check_disk -w 10% -d x -h"));
        let Ok(Order::Run { timeout, command, .. }) = parse("oco run disk -- -x --timeout 5s") else {
            panic!("not understood");
        };
        assert_eq!((timeout, command), (PLUGIN_TIMEOUT, raw("-x --timeout 5s")));
    }

    #[test]
    fn the_directory_may_stand_anywhere() {
        for line in ["oco -d /x set http 200 a b", "oco set -d /x http 200 a b", "oco set http 200 a b -d /x"]
        {
            let arguments = Arguments::try_parse_from(raw(line)).unwrap();
            assert_eq!(arguments.directory, Some(PathBuf::from("/x")), "{line}");
            let Order::Set { text, .. } = arguments.order else { panic!("{line}") };
            assert_eq!(joined(&text), "a b");
        }
        let arguments = Arguments::try_parse_from(raw("oco run-parts -d /x /y")).unwrap();
        assert_eq!(arguments.directory, Some(PathBuf::from("/x")));
    }

    #[test]
    fn a_max_age_may_stand_anywhere_before_two_dashes() {
        let hour = Some(Duration::from_secs(3600));
        for (line, expected, words) in [
            ("oco set --max-age 1h http 200 a b", hour, "a b"),
            ("oco set http --max-age=1h 200 a b", hour, "a b"),
            ("oco set http 200 --max-age 1h a b", hour, "a b"),
            ("oco set http 200 a --max-age 1h b", hour, "a b"),
            ("oco set http 200 a b --max-age 1h", hour, "a b"),
            ("oco set http 200 -- --max-age 1h", None, "--max-age 1h"),
            ("oco set http 200 --max-age 1h -- --max-age 2h", hour, "--max-age 2h"),
        ] {
            let Ok(Order::Set { max_age, text, .. }) = parse(line) else { panic!("not understood: {line}") };
            assert_eq!((max_age, joined(&text)), (expected, OsString::from(words)), "{line}");
        }
        let Ok(Order::Run { max_age, command, .. }) = parse("oco run http --max-age 1h x --max-age 2h")
        else {
            panic!("not understood");
        };
        assert_eq!((max_age, command), (hour, raw("x --max-age 2h")));
    }

    #[test]
    fn defaults_are_the_limits() {
        let Ok(Order::Status { timeout, .. }) = parse("oco status") else { panic!("not understood") };
        assert_eq!(timeout, STATUS_TIMEOUT);
        let Ok(Order::RunParts { timeout, parts }) = parse("oco run-parts") else { panic!("not understood") };
        assert_eq!((timeout, parts), (PLUGIN_TIMEOUT, PathBuf::from("/etc/oco/checks.d")));
    }

    #[test]
    fn bad_usage_is_an_error() {
        let bad = [
            "oco",
            "oco x",
            "oco set",
            "oco set http",
            "oco set http 20",
            "oco set http 400",
            "oco set http 2000",
            "oco set oco 200",
            "oco set .x 200",
            "oco set a/b 200",
            "oco set http 200 -x",
            "oco set http 200 --max-age",
            "oco set http 200 --max-age 0s",
            "oco set http 200 --max-age 5",
            "oco run http --max-age 5 x",
            "oco maint on --max-age 5m",
            "oco clear",
            "oco clear a b",
            "oco run",
            "oco run http",
            "oco run http --timeout 0s x",
            "oco run http --timeout 5 x",
            "oco run http --timeout 25h x",
            "oco status --up",
            "oco status :79",
            "oco maint",
            "oco maint maybe",
            "oco help",
            "oco run-parts a b",
        ];
        for line in bad {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn help_is_what_was_asked_for_as_such() {
        assert_eq!(mistaken_for_help(&raw("oco set -http 200")), Some(&OsString::from("-http")));
        assert_eq!(mistaken_for_help(&raw("oco set -h")), None);
        assert_eq!(mistaken_for_help(&raw("oco --version")), None);
    }

    #[test]
    fn status_up_is_known_however_bad_the_rest() {
        for line in
            ["oco status --up", "oco --up status x", "oco -x status a b --up", "oco status --up=yes x"]
        {
            assert!(is_status_up(&raw(line)), "{line}");
        }
        for line in [
            "oco status x",
            "oco set x 200 --up",
            "oco run x -- status --up",
            "oco --up",
            "oco fleet status --up",
        ] {
            assert!(!is_status_up(&raw(line)), "{line}");
        }
    }
}
