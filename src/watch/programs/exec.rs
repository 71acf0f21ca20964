//! What the end of a Nagios plugin tells of its target.

use crate::limits::REASON_OCTETS;
use oco::logic::code::Code;
use oco::logic::plugin_result::{Kept, Run};
use oco::logic::text::printable;
use std::borrow::Cow;

/// What a plugin's run tells: a code and a reason, or that we could not run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Of the target.
    Code(Code, String),
    /// Of us: the plugin is not there, or can't be started.
    Own(String),
}

/// What the run of a plugin tells: exit status 0 is 200, 1 is 210, 2 is 300, all else 310
/// (Monitoring Plugins Development Guidelines). Its first line is the reason, without performance data.
pub fn told(run: &Run, stdout: &Kept, stderr: &Kept) -> Told {
    match run {
        Run::NotStarted(why) => Told::Own(short(why.as_bytes())),
        Run::TimedOut(_) => Told::Code(Code::UNKNOWN, "timeout".to_owned()),
        Run::Ended(_) => {
            let text = run.text(stdout, stderr);
            let words = text.split(|octet| *octet == b'|').next().unwrap_or_default();
            Told::Code(run.code(), short(words))
        }
    }
}

/// The line of a plugin that has ended, where it has performance data; else nothing.
pub fn performance_data<'a>(run: &Run, stdout: &'a Kept, stderr: &'a Kept) -> Cow<'a, str> {
    match (run, run.text(stdout, stderr)) {
        (Run::Ended(_), Cow::Borrowed(line)) if line.contains(&b'|') => String::from_utf8_lossy(line),
        (Run::Ended(_), Cow::Owned(line)) if line.contains(&b'|') => {
            String::from_utf8_lossy(&line).into_owned().into()
        }
        _ => Cow::Borrowed(""),
    }
}

/// Words of a program as a reason: one printable line of a bounded length.
pub fn short(octets: &[u8]) -> String {
    let line = printable(octets.trim_ascii());
    match line.char_indices().find(|(at, c)| at + c.len_utf8() > REASON_OCTETS) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco::logic::plugin_result::End;
    use std::time::Duration;

    fn kept(text: &str) -> Kept {
        Kept { octets: text.as_bytes().to_vec(), is_cut: false }
    }

    #[test]
    fn a_plugins_status_is_a_code() {
        for (status, code) in [(0, 200), (1, 210), (2, 300), (3, 310), (4, 310), (127, 310)] {
            let told = told(&Run::Ended(End::Status(status)), &kept("DISK - 5% free|/=5%\nmore"), &kept(""));
            assert_eq!(told, Told::Code(Code::new(code).unwrap(), "DISK - 5% free".to_owned()));
        }
        let none = Kept::default();
        let of = |run: &Run| told(run, &none, &none);
        assert_eq!(
            of(&Run::Ended(End::Signal(Some(9)))),
            Told::Code(Code::UNKNOWN, "killed by signal 9".into())
        );
        let late = Run::TimedOut(Duration::from_secs(3));
        assert_eq!(told(&late, &kept("half"), &none), Told::Code(Code::UNKNOWN, "timeout".into()));
        assert_eq!(of(&Run::NotStarted("not found: x\u{1b}".into())), Told::Own("not found: x?".into()));
    }

    #[test]
    fn performance_data_is_that_of_a_line_of_a_run_that_ended() {
        let of = |run: &Run, text: &[u8], is_cut| {
            let stdout = Kept { octets: text.to_vec(), is_cut };
            performance_data(run, &stdout, &Kept::default()).into_owned()
        };
        let ended = Run::Ended(End::Status(2));
        assert_eq!(of(&ended, b"BAD|a=1\nmore|b=2", false), "BAD|a=1");
        assert_eq!(of(&ended, b"\xff|a=1 b=2", true), "\u{fffd}|a=1 ...", "the last one may lack digits");
        assert_eq!(of(&ended, b"BAD", false), "");
        assert_eq!(of(&Run::TimedOut(Duration::from_secs(1)), b"x|a=1\n", false), "");
        assert_eq!(of(&Run::NotStarted("a|b=1".into()), b"", false), "");
    }

    #[test]
    fn a_long_line_is_cut() {
        let line = short("\u{e9}".repeat(500).as_bytes());
        assert!(line.len() <= REASON_OCTETS + 3 && line.ends_with("..."), "{line}");
        assert_eq!(short(b" a\x1b[m \n"), "a?[m");
    }
}
