//! NRPE's configuration (nrpe.cfg): the commands that it runs for a Nagios server, and the scripts that they become.
//!
//! As NRPE 4 reads it (`read_config_file` and `process_macros` in its nrpe.c): a line is `NAME=VALUE`, blanks around
//! it do not count, `#` begins a comment line. A command is a line for a shell, behind the prefix if there is one.
//! `$ARG1$` stands for what the server sends, and `$$` for one `$`.
//!
//! Around a command there are the prefix, the user, the group and the time that it may take. What else nrpe.cfg says is
//! of the connection (hosts, TLS, ports), or of what a server sends and nobody sends any more (`dont_blame_nrpe`,
//! `nasty_metachars`).

use super::text::printable;
use crate::limits::{LONGEST_TIMEOUT, NRPE_TIMEOUT};
use std::time::Duration;

/// What a line says, if it is for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directive<'a> {
    /// `command[NAME]=LINE`. Of two with one name the last counts.
    Command {
        /// Any bytes: whether a check can have this name is not NRPE's question.
        name: &'a [u8],
        /// What a shell is to run, with NRPE's macros in it.
        line: &'a [u8],
    },
    /// `command_prefix=LINE`: begins every command, of which the last one counts.
    Prefix(&'a [u8]),
    /// `nrpe_user=NAME` or a number: who runs every command, if NRPE was started by root.
    User(&'a [u8]),
    /// `nrpe_group=NAME` or a number.
    Group(&'a [u8]),
    /// `command_timeout=SECONDS`.
    Timeout(Duration),
    /// `include=FILE` or `include_file=FILE`.
    File(&'a [u8]),
    /// `include_dir=DIRECTORY`: the files in it whose names end in `.cfg`, and its subdirectories.
    Directory(&'a [u8]),
}

/// The directives of a file, each with the number of its line, counted from 1; or what is wrong with that line.
pub fn directives(content: &[u8]) -> impl Iterator<Item = (usize, Result<Directive<'_>, &'static str>)> {
    let lines = (1..).zip(content.split(|octet| *octet == b'\n'));
    lines.filter_map(|(number, line)| Some((number, directive(line.trim_ascii())?)))
}

fn directive(line: &[u8]) -> Option<Result<Directive<'_>, &'static str>> {
    if line.is_empty() || line.starts_with(b"#") {
        return None;
    }
    let Some((variable, value)) = split_once(line, b'=') else {
        return Some(Err("expected NAME=VALUE"));
    };
    let directive = match (variable.trim_ascii_end(), value.trim_ascii_start()) {
        (b"command_prefix", prefix) => Directive::Prefix(prefix),
        (b"nrpe_user", user) => Directive::User(user),
        (b"nrpe_group", group) => Directive::Group(group),
        (b"command_timeout", seconds) => match timeout(seconds) {
            Some(timeout) => Directive::Timeout(timeout),
            None => return Some(Err("expected command_timeout=SECONDS, 1 to 86400")),
        },
        (b"include" | b"include_file", file) => Directive::File(file),
        (b"include_dir", directory) => Directive::Directory(directory),
        (variable, line) => {
            let inside = variable.strip_prefix(b"command[")?;
            match split_once(inside, b']') {
                Some((name, b"")) => Directive::Command { name, line },
                _ => return Some(Err("expected command[NAME]=LINE")),
            }
        }
    };
    Some(match directive {
        Directive::Command { line: value, .. }
        | Directive::Prefix(value)
        | Directive::User(value)
        | Directive::Group(value)
        | Directive::File(value)
        | Directive::Directory(value)
            if value.is_empty() =>
        {
            Err("nothing behind the =")
        }
        directive => Ok(directive),
    })
}

fn split_once(line: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let (before, behind) = line.split_at(line.iter().position(|octet| *octet == at)?);
    Some((before, behind.get(1..)?))
}

fn timeout(seconds: &[u8]) -> Option<Duration> {
    let seconds = std::str::from_utf8(seconds).ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds)).filter(|time| !time.is_zero() && *time <= LONGEST_TIMEOUT)
}

/// What is around every command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// Begins every line.
    pub prefix: Option<Vec<u8>>,
    /// How long a command may take.
    pub timeout: Duration,
    /// As whom it runs.
    pub identity: Identity,
}

impl Default for Surroundings {
    fn default() -> Surroundings {
        Surroundings { prefix: None, timeout: NRPE_TIMEOUT, identity: Identity::AsStarted }
    }
}

/// As whom a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// As whoever starts it.
    AsStarted,
    /// As this user, in a group other than the user's own if there is one, where root starts it. Names for which
    /// [`is_plain`] is true.
    Other(String, Option<String>),
    /// As somebody who can't be had here: who, and why.
    Lost(String, String),
}

/// Whether a name of a user or a group can stand in a script as it is.
pub fn is_plain(name: &str) -> bool {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-');
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_plain)
}

/// A script that does what a command of NRPE did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// What goes into the file.
    pub content: Vec<u8>,
    /// Why it can't run as it is, for people: somebody has to write in what is missing.
    pub off: Option<String>,
}

/// The script for the command that `line` is, which stood at `place`.
///
/// # Errors
/// The line can't be a command of a shell; the words say why.
pub fn script(place: &str, around: &Surroundings, line: &[u8]) -> Result<Script, &'static str> {
    let whole = [around.prefix.as_deref().unwrap_or_default(), line].join(&b' ');
    if whole.contains(&0) {
        return Err("a NUL in the line");
    }
    let (line, missing) = without_macros(whole.trim_ascii());
    let timeout = around.timeout.as_secs();
    let mut head = format!("#!/bin/sh\n# From {}.\n# oco-timeout: {timeout}s\n", printable(place.as_bytes()));
    let mut off = Vec::new();
    if !missing.is_empty() {
        let missing = missing.join(" ");
        head.push_str(&format!("# Its server sent {missing}: write the values in here, then chmod +x.\n"));
        off.push(format!("{missing} has to be written in"));
    }
    match &around.identity {
        Identity::AsStarted => {}
        Identity::Other(user, group) => {
            let group = group.as_ref().map(|group| format!(" -g {group}")).unwrap_or_default();
            head.push_str(&format!(
                "[ \"$(id -u)\" != 0 ] || exec runuser -u {user}{group} -- /bin/sh \"$0\"\n"
            ));
        }
        Identity::Lost(who, why) => {
            let (who, why) = (printable(who.as_bytes()), printable(why.as_bytes()));
            head.push_str(&format!(
                "# It ran as {who}, but {why}. Without that it runs as root, from cron.\n"
            ));
            off.push(format!("it ran as {who}, but {why}"));
        }
    }
    let off = (!off.is_empty()).then(|| off.join("; "));
    Ok(Script { content: [head.as_bytes(), &line, b"\n"].concat(), off })
}

/// The line as a shell gets it, and the macros that are left in it.
fn without_macros(line: &[u8]) -> (Vec<u8>, Vec<String>) {
    let (mut shell, mut missing) = (Vec::with_capacity(line.len()), Vec::new());
    let mut rest = line;
    while let Some((before, behind)) = split_once(rest, b'$') {
        shell.extend_from_slice(before);
        shell.push(b'$');
        rest = behind;
        let Some((inside, after)) = split_once(behind, b'$') else { break };
        rest = after;
        if inside.is_empty() {
            continue;
        }
        shell.extend_from_slice(inside);
        shell.push(b'$');
        if inside.strip_prefix(b"ARG").is_some_and(|number| number.first().is_some_and(u8::is_ascii_digit)) {
            let name = format!("${}$", printable(inside));
            if !missing.contains(&name) {
                missing.push(name);
            }
        }
    }
    shell.extend_from_slice(rest);
    (shell, missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(content: &[u8]) -> Vec<(usize, Result<Directive<'_>, &'static str>)> {
        directives(content).collect()
    }

    #[test]
    fn commands_prefix_and_includes_are_found() {
        let content = b"# command[no]=x\n\n  command[check_load]=/bin/check_load -w a=b \t\r\nserver_port=5666\n\
            command[two words] = x\ncommand_prefix=/usr/bin/sudo\ninclude=/a\ninclude_file=/b\ninclude_dir=/c/\n\
            #include=/d\nnrpe_user=nagios\nnrpe_group = 105\ncommand_timeout=120\n";
        assert_eq!(
            all(content),
            [
                (3, Ok(Directive::Command { name: b"check_load", line: b"/bin/check_load -w a=b" })),
                (5, Ok(Directive::Command { name: b"two words", line: b"x" })),
                (6, Ok(Directive::Prefix(b"/usr/bin/sudo"))),
                (7, Ok(Directive::File(b"/a"))),
                (8, Ok(Directive::File(b"/b"))),
                (9, Ok(Directive::Directory(b"/c/"))),
                (11, Ok(Directive::User(b"nagios"))),
                (12, Ok(Directive::Group(b"105"))),
                (13, Ok(Directive::Timeout(Duration::from_secs(120)))),
            ]
        );
    }

    #[test]
    fn bad_lines_say_what_was_expected() {
        for (line, expected) in [
            ("nonsense", "expected NAME=VALUE"),
            ("command[a]=", "nothing behind the ="),
            ("include=  ", "nothing behind the ="),
            ("command[a=x", "expected command[NAME]=LINE"),
            ("command[a]b=x", "expected command[NAME]=LINE"),
            ("nrpe_user=", "nothing behind the ="),
            ("command_timeout=0", "expected command_timeout=SECONDS, 1 to 86400"),
            ("command_timeout=1m", "expected command_timeout=SECONDS, 1 to 86400"),
            ("command_timeout=86401", "expected command_timeout=SECONDS, 1 to 86400"),
        ] {
            assert_eq!(all(line.as_bytes()), [(1, Err(expected))], "{line}");
        }
        assert_eq!(all(b"debug=\ncommand=x\nfoo=bar"), []);
    }

    /// The script without its first two lines, and why it is turned off.
    fn made(around: &Surroundings, line: &str) -> (String, Option<String>) {
        let Script { content, off } = script("a.cfg:3", around, line.as_bytes()).unwrap();
        let content = String::from_utf8(content).unwrap();
        (content.strip_prefix("#!/bin/sh\n# From a.cfg:3.\n").unwrap().to_owned(), off)
    }

    #[test]
    fn a_script_is_the_line_of_the_command() {
        let of = |prefix: Option<&str>, line: &str| {
            let prefix = prefix.map(|prefix| prefix.as_bytes().to_vec());
            made(&Surroundings { prefix, ..Surroundings::default() }, line)
        };
        let plain = |line: &str| (format!("# oco-timeout: 60s\n{line}\n"), None);
        assert_eq!(of(None, "check_load -w 1 | head -1"), plain("check_load -w 1 | head -1"));
        assert_eq!(of(Some("sudo"), "check_smart"), plain("sudo check_smart"));
        // One dollar for two; what is no macro is the shell's.
        assert_eq!(of(None, "awk '{print $$1}'"), plain("awk '{print $1}'"));
        assert_eq!(of(None, "x $HOME/y $USER/z $A"), plain("x $HOME/y $USER/z $A"));
        assert_eq!(of(None, "x $ARGS$"), plain("x $ARGS$"));
        let (content, off) = of(None, "x -w $ARG1$ -c $ARG2$ $ARG1$");
        assert_eq!(off.unwrap(), "$ARG1$ $ARG2$ has to be written in");
        assert!(content.ends_with("\nx -w $ARG1$ -c $ARG2$ $ARG1$\n"), "{content}");
        assert!(content.contains("# Its server sent $ARG1$ $ARG2$: write"), "{content}");
    }

    #[test]
    fn a_script_keeps_what_was_around_the_command() {
        let of = |identity: Identity| {
            made(&Surroundings { timeout: Duration::from_secs(120), identity, prefix: None }, "x")
        };
        let other = |group: Option<&str>| Identity::Other("nagios".to_owned(), group.map(str::to_owned));
        let down = "[ \"$(id -u)\" != 0 ] || exec runuser -u nagios -- /bin/sh \"$0\"\n";
        assert_eq!(of(other(None)), (format!("# oco-timeout: 120s\n{down}x\n"), None));
        let down = down.replace(" -- ", " -g adm -- ");
        assert_eq!(of(other(Some("adm"))), (format!("# oco-timeout: 120s\n{down}x\n"), None));
        let (content, off) = of(Identity::Lost("na\ngios".to_owned(), "there is no such user".to_owned()));
        assert_eq!(off.unwrap(), "it ran as na?gios, but there is no such user");
        assert_eq!(content.lines().count(), 3, "{content}");
        assert_eq!(
            ["nagios", "a.b-c_1", "-g", "a b", "", "$x", "a;b"].map(is_plain),
            [true, true, false, false, false, false, false]
        );
    }

    #[test]
    fn neither_place_nor_line_can_add_lines() {
        let script = script("a\nrm -rf x.cfg", &Surroundings::default(), b"x").unwrap();
        assert_eq!(script.content, b"#!/bin/sh\n# From a?rm -rf x.cfg.\n# oco-timeout: 60s\nx\n");
        assert!(super::script("a", &Surroundings::default(), b"a\0b").is_err());
    }

    proptest! {
        #[test]
        fn any_line_becomes_a_script_of_that_one_line(
            line in "[a-z $'|;=\\\\]{1,40}",
            name in "[a-z_]{1,9}",
            seconds in 1u64..86_400,
        ) {
            let setting = format!("command_timeout={seconds}");
            let timeout = Duration::from_secs(seconds);
            prop_assert_eq!(all(setting.as_bytes()), [(1, Ok(Directive::Timeout(timeout)))]);
            let around = Surroundings { timeout, ..Surroundings::default() };
            let content = format!("command[{name}]={line}");
            for (number, directive) in directives(content.as_bytes()) {
                let Ok(Directive::Command { name: found, line: rest }) = directive else { continue };
                prop_assert_eq!((number, found, rest), (1, name.as_bytes(), line.trim().as_bytes()));
                let script = script("f", &around, rest).unwrap();
                let text = String::from_utf8(script.content).unwrap();
                prop_assert_eq!(text.lines().count(), 4);
                // Each pair of dollars became one, and nothing else changed.
                let made = text.lines().last().unwrap();
                prop_assert_eq!(made.replace('$', ""), line.trim().replace('$', ""));
                prop_assert!(made.matches('$').count() <= line.matches('$').count());
            }
        }
    }
}
