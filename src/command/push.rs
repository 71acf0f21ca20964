//! `oco push`: the command line of it and of `oco-push`, the program of another package that does it. TLS would be more
//! than all the rest of oco.

use super::arguments::parse_timeout;
use super::error::Error;
use crate::limits::LONGEST_PROMISE;
use crate::logic::url;
use clap::Parser;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The program. The package is called so too.
pub const PROGRAM: &str = "oco-push";
/// Where the key is unless told.
pub const DEFAULT_KEY_FILE: &str = "/var/lib/oco-push/key";
/// The shortest time between two pushes.
const SHORTEST_PERIOD: Duration = Duration::from_secs(1);

/// Sends this host's status files to a board, for hosts that cannot be polled.
#[derive(Debug, Clone, Parser)]
#[command(name = PROGRAM, version, after_help = "See oco-push(1) and oco(7).")]
pub struct ProgramArguments {
    /// The configuration file of ocod [default: /etc/oco/ocod.toml, if it is there]
    #[arg(short = 'c', value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The directory of the status files [default: $OCO_DIR, else the file's, else /var/lib/oco]
    #[arg(short = 'd', value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// What is sent, and where
    #[command(flatten)]
    pub push: PushArguments,
}

/// What is sent, and where.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct PushArguments {
    /// Where the board is: a URL of https or http
    #[arg(value_parser = url::parse)]
    pub url: String,
    /// What this host is called there [default: its hostname]
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub name: Option<String>,
    /// The file with the key, which is made on first use
    #[arg(long, value_name = "FILE", default_value = DEFAULT_KEY_FILE)]
    pub key_file: PathBuf,
    /// How often this is run: within this time the board hears again
    #[arg(long, value_name = "TIME", value_parser = parse_period, default_value = "60s")]
    pub period: Duration,
    /// How long all of it may take
    #[arg(long, value_name = "TIME", value_parser = parse_timeout, default_value = "10s")]
    pub timeout: Duration,
}

/// Reads a period: `60s`, `5m`. The error says what was expected.
fn parse_period(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(period) if (SHORTEST_PERIOD..=LONGEST_PROMISE).contains(&period) => Ok(period),
        Ok(_) => Err("expected 1s to 365days".to_owned()),
        Err(error) => Err(format!("{error}; expected a duration as 60s or 5m")),
    }
}

impl ProgramArguments {
    /// As words of a command line, which lead to the same. Each option is one word with its value, which may begin with a
    /// dash.
    fn words(&self) -> Vec<OsString> {
        let PushArguments { url, name, key_file, period, timeout } = &self.push;
        let word = |option: &str, value: &OsStr| {
            let mut word = OsString::from(option);
            word.push(value);
            word
        };
        let length = |length: &Duration| OsString::from(humantime::format_duration(*length).to_string());
        let config = self.config.iter().map(|path| word("-c", path.as_os_str()));
        let directory = self.directory.iter().map(|path| word("-d", path.as_os_str()));
        let name = name.iter().map(|name| word("--name=", name.as_ref()));
        let others = [
            word("--key-file=", key_file.as_os_str()),
            word("--period=", &length(period)),
            word("--timeout=", &length(timeout)),
            url.into(),
        ];
        config.chain(directory).chain(name).chain(others).collect()
    }
}

/// Becomes `oco-push`, which stands beside oco or on the PATH. Comes back only where there is none.
///
/// # Errors
/// The program is not there, or can't be run.
pub fn become_program(arguments: &ProgramArguments) -> Result<u8, Error> {
    let words = arguments.words();
    let run = |program: &Path| Command::new(program).args(&words).exec();
    let beside = std::env::current_exe().ok().map(|oco| oco.with_file_name(PROGRAM));
    let error = match beside.map(|program| run(&program)) {
        Some(error) if error.kind() != ErrorKind::NotFound => error,
        Some(_) | None => run(Path::new(PROGRAM)),
    };
    Err(Error::Push(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{PUSH_PERIOD, PUSH_TIMEOUT};

    fn parse(words: &[&str]) -> Result<ProgramArguments, clap::Error> {
        ProgramArguments::try_parse_from([&[PROGRAM][..], words].concat())
    }

    #[test]
    fn defaults_are_the_limits() {
        let arguments = parse(&["https://board.example.org/"]).unwrap();
        let expected = PushArguments {
            url: "https://board.example.org".to_owned(),
            name: None,
            key_file: PathBuf::from(DEFAULT_KEY_FILE),
            period: PUSH_PERIOD,
            timeout: PUSH_TIMEOUT,
        };
        assert_eq!(arguments.push, expected);
    }

    #[test]
    fn the_program_is_given_the_same() {
        for words in [
            &["https://board"][..],
            &["-c", "/x", "-d-y", "http://board:1/a", "--name=-web 1", "--key-file=-k"],
            &["https://board", "--period", "1h 5m", "--timeout", "1500ms"],
        ] {
            let arguments = parse(words).unwrap();
            let again = arguments.words();
            let again: Vec<&str> = again.iter().map(|word| word.to_str().unwrap()).collect();
            let again = parse(&again).unwrap_or_else(|error| panic!("{again:?}: {error}"));
            assert_eq!(
                (again.config, again.directory, again.push),
                (arguments.config, arguments.directory, arguments.push)
            );
        }
    }

    #[test]
    fn bad_usage_is_an_error() {
        for words in [
            &[][..],
            &["board.example.org"],
            &["https://a", "https://b"],
            &["https://a", "--name", ""],
            &["https://a", "--period", "500ms"],
            &["https://a", "--period", "2years"],
            &["https://a", "--timeout", "0s"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
