//! NRPE's configuration (nrpe.cfg): the commands that it runs for a Nagios server, and the scripts that they become.
//!
//! As NRPE 4 reads it (`read_config_file` and `process_macros` in its nrpe.c): a line is `NAME=VALUE`, blanks around
//! it do not count, `#` begins a comment line. A command is a line for a shell, behind the prefix if there is one.
//! `$ARG1$` stands for what the server sends, and `$$` for one `$`.

use super::text::printable;

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

/// A script that does what a command of NRPE did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// What goes into the file.
    pub content: Vec<u8>,
    /// The values that a server would have sent, as `$ARG1$`: somebody has to write them in.
    pub missing: Vec<String>,
}

/// The script for the command that `line` is, which stood at `place`.
pub fn script(place: &str, prefix: Option<&[u8]>, line: &[u8]) -> Result<Script, &'static str> {
    let whole = [prefix.unwrap_or_default(), line].join(&b' ');
    if whole.contains(&0) {
        return Err("a NUL in the line");
    }
    let (line, missing) = without_macros(whole.trim_ascii());
    let mut head = format!("#!/bin/sh\n# From {}.\n", printable(place.as_bytes()));
    if !missing.is_empty() {
        let missing = missing.join(" ");
        head.push_str(&format!("# Its server sent {missing}: write the values in here, then chmod +x.\n"));
    }
    Ok(Script { content: [head.as_bytes(), &line, b"\n"].concat(), missing })
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
            #include=/d";
        assert_eq!(
            all(content),
            [
                (3, Ok(Directive::Command { name: b"check_load", line: b"/bin/check_load -w a=b" })),
                (5, Ok(Directive::Command { name: b"two words", line: b"x" })),
                (6, Ok(Directive::Prefix(b"/usr/bin/sudo"))),
                (7, Ok(Directive::File(b"/a"))),
                (8, Ok(Directive::File(b"/b"))),
                (9, Ok(Directive::Directory(b"/c/"))),
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
        ] {
            assert_eq!(all(line.as_bytes()), [(1, Err(expected))], "{line}");
        }
        assert_eq!(all(b"debug=\ncommand=x\nfoo=bar"), []);
    }

    #[test]
    fn a_script_is_the_line_of_the_command() {
        let of = |prefix: Option<&str>, line: &str| {
            let Script { content, missing } =
                script("a.cfg:3", prefix.map(str::as_bytes), line.as_bytes()).unwrap();
            (String::from_utf8(content).unwrap(), missing)
        };
        let plain = |line: &str| (format!("#!/bin/sh\n# From a.cfg:3.\n{line}\n"), Vec::new());
        assert_eq!(of(None, "check_load -w 1 | head -1"), plain("check_load -w 1 | head -1"));
        assert_eq!(of(Some("sudo"), "check_smart"), plain("sudo check_smart"));
        // One dollar for two; what is no macro is the shell's.
        assert_eq!(of(None, "awk '{print $$1}'"), plain("awk '{print $1}'"));
        assert_eq!(of(None, "x $HOME/y $USER/z $A"), plain("x $HOME/y $USER/z $A"));
        assert_eq!(of(None, "x $ARGS$"), plain("x $ARGS$"));
        let (content, missing) = of(None, "x -w $ARG1$ -c $ARG2$ $ARG1$");
        assert_eq!(missing, ["$ARG1$", "$ARG2$"]);
        assert!(content.ends_with("\nx -w $ARG1$ -c $ARG2$ $ARG1$\n"), "{content}");
        assert!(content.contains("# Its server sent $ARG1$ $ARG2$: write"), "{content}");
    }

    #[test]
    fn neither_place_nor_line_can_add_lines() {
        let script = script("a\nrm -rf x.cfg", None, b"x").unwrap();
        assert_eq!(script.content, b"#!/bin/sh\n# From a?rm -rf x.cfg.\nx\n");
        assert!(super::script("a", None, b"a\0b").is_err());
    }

    proptest! {
        #[test]
        fn any_line_becomes_a_script_of_that_one_line(line in "[a-z $'|;=\\\\]{1,40}", name in "[a-z_]{1,9}") {
            let content = format!("command[{name}]={line}");
            for (number, directive) in directives(content.as_bytes()) {
                let Ok(Directive::Command { name: found, line: rest }) = directive else { continue };
                prop_assert_eq!((number, found, rest), (1, name.as_bytes(), line.trim().as_bytes()));
                let script = script("f", None, rest).unwrap();
                let text = String::from_utf8(script.content).unwrap();
                prop_assert_eq!(text.lines().count(), 3);
                // Each pair of dollars became one, and nothing else changed.
                let made = text.lines().last().unwrap();
                prop_assert_eq!(made.replace('$', ""), line.trim().replace('$', ""));
                prop_assert!(made.matches('$').count() <= line.matches('$').count());
            }
        }
    }
}
