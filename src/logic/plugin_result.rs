//! What a plugin's end means: its code, and the text to keep.

use super::code::Code;
use super::cut::without_last_figure;
use std::borrow::Cow;
use std::time::Duration;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With this exit status, 0 to 255.
    Status(i32),
    /// By this signal; none for one that has no name (the real-time signals).
    Signal(Option<i32>),
    /// Nobody knows: somebody else has reaped it.
    Lost,
}

/// The beginning of what a plugin wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// What was written.
    pub octets: Vec<u8>,
    /// Whether there was more.
    pub is_cut: bool,
}

/// How a run of a plugin came to its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// It ended by itself.
    Ended(End),
    /// It was ended, as it took longer than this.
    TimedOut(Duration),
    /// It could not be started, for this reason.
    NotStarted(String),
}

impl Run {
    /// The code that it means.
    pub fn code(&self) -> Code {
        match self {
            Run::Ended(End::Status(0)) => Code::OK,
            Run::Ended(End::Status(1)) => Code::BUT,
            Run::Ended(End::Status(2)) => Code::KO,
            Run::Ended(End::Status(_) | End::Signal(_) | End::Lost)
            | Run::TimedOut(_)
            | Run::NotStarted(_) => Code::UNKNOWN,
        }
    }

    /// The text that is kept: the first line of what it wrote to stdout, else to stderr. Where the end needs words
    /// and the plugin had none, ours; of a time-out we always tell.
    pub fn text<'a>(&self, stdout: &'a Kept, stderr: &'a Kept) -> Cow<'a, [u8]> {
        let said = [stdout, stderr].into_iter().map(|kept| self.first_line(kept));
        let said = said.into_iter().find(|line| !line.is_empty()).unwrap_or_default();
        let ours = match self {
            Run::TimedOut(after) => {
                let ours = format!("timed out after {}", humantime::format_duration(*after));
                return if said.is_empty() {
                    Cow::Owned(ours.into_bytes())
                } else {
                    Cow::Owned([ours.as_bytes(), b": ", &said].concat())
                };
            }
            Run::Ended(_) if !said.is_empty() => return said,
            Run::Ended(End::Status(0..=2)) => String::new(),
            Run::Ended(End::Status(status)) => format!("exit status {status}"),
            Run::Ended(End::Signal(Some(signal))) => format!("killed by signal {signal}"),
            Run::Ended(End::Signal(None)) => "killed by a real-time signal".to_owned(),
            Run::Ended(End::Lost) => "its end was lost".to_owned(),
            Run::NotStarted(why) => why.clone(),
        };
        Cow::Owned(ours.into_bytes())
    }

    /// The first line that is not blank. Of one that has no end since it was cut, or since its writer did not end by
    /// itself, the last figure may lack digits.
    fn first_line<'a>(&self, kept: &'a Kept) -> Cow<'a, [u8]> {
        let said = kept.octets.trim_ascii_start();
        let end = said.iter().position(|octet| *octet == b'\n');
        let line = said.get(..end.unwrap_or(said.len())).unwrap_or_default().trim_ascii_end();
        let is_whole = end.is_some() || (!kept.is_cut && matches!(self, Run::Ended(End::Status(_))));
        if is_whole { Cow::Borrowed(line) } else { without_last_figure(line) }
    }
}

/// The exit status of `oco run` for the code that was recorded: what the plugin itself would have said.
pub fn exit_status(code: Code) -> u8 {
    match code {
        Code::OK => 0,
        Code::BUT => 1,
        Code::KO => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_have_the_codes_of_the_contract() {
        let cases = [
            (Run::Ended(End::Status(0)), 200, 0),
            (Run::Ended(End::Status(1)), 210, 1),
            (Run::Ended(End::Status(2)), 300, 2),
            (Run::Ended(End::Status(3)), 310, 3),
            (Run::Ended(End::Status(4)), 310, 3),
            (Run::Ended(End::Status(255)), 310, 3),
            (Run::Ended(End::Status(-1)), 310, 3),
            (Run::Ended(End::Signal(Some(9))), 310, 3),
            (Run::Ended(End::Signal(None)), 310, 3),
            (Run::Ended(End::Lost), 310, 3),
            (Run::TimedOut(Duration::from_secs(30)), 310, 3),
            (Run::NotStarted("not found: x".to_owned()), 310, 3),
        ];
        for (run, code, status) in cases {
            assert_eq!((run.code().number(), exit_status(run.code())), (code, status), "{run:?}");
        }
    }

    #[test]
    fn the_text_is_the_plugins_first_line_or_ours() {
        let kept = |octets: &[u8]| Kept { octets: octets.to_vec(), is_cut: false };
        let text = |run: Run, stdout: &'static [u8], stderr: &'static [u8]| {
            String::from_utf8(run.text(&kept(stdout), &kept(stderr)).into_owned()).unwrap()
        };
        let ended = |status| Run::Ended(End::Status(status));
        let late = || Run::TimedOut(Duration::from_millis(1500));
        assert_eq!(text(ended(0), b"fine | a=1\nmore\n", b"noise\n"), "fine | a=1");
        assert_eq!(text(ended(2), b"", b"bad\nworse"), "bad");
        assert_eq!(text(ended(2), b" \r\n\nsecond\nthird", b"bad"), "second");
        assert_eq!(text(ended(2), b" \n", b"\nbad"), "bad");
        assert_eq!(text(ended(0), b"", b""), "");
        assert_eq!(text(ended(2), b"", b""), "");
        assert_eq!(text(ended(3), b"", b""), "exit status 3");
        assert_eq!(text(ended(4), b"odd\r\n", b""), "odd");
        assert_eq!(text(Run::Ended(End::Signal(Some(9))), b"", b""), "killed by signal 9");
        assert_eq!(text(late(), b"", b""), "timed out after 1s 500ms");
        assert_eq!(text(late(), b"waiting\n", b""), "timed out after 1s 500ms: waiting");
        assert_eq!(text(Run::NotStarted("not found: x".to_owned()), b"", b""), "not found: x");
    }

    #[test]
    fn the_last_figure_of_a_line_without_an_end_is_not_kept() {
        let text = |run: Run, octets: &[u8], is_cut| {
            let kept = Kept { octets: octets.to_vec(), is_cut };
            String::from_utf8(run.text(&kept, &Kept::default()).into_owned()).unwrap()
        };
        let killed = || Run::Ended(End::Signal(Some(9)));
        let late = || Run::TimedOut(Duration::from_secs(1));
        assert_eq!(text(Run::Ended(End::Status(0)), b"x|a=1 b=23", false), "x|a=1 b=23");
        assert_eq!(text(Run::Ended(End::Status(0)), b"x|a=1 b=23", true), "x|a=1 ...");
        assert_eq!(text(Run::Ended(End::Status(0)), b"x|a=1 b=23\nmore", true), "x|a=1 b=23");
        assert_eq!(text(killed(), b"x|a=1 b=23", false), "x|a=1 ...");
        assert_eq!(text(killed(), b"x|a=1 b=23\n", false), "x|a=1 b=23");
        assert_eq!(text(late(), b"x|a=1 b=23", false), "timed out after 1s: x|a=1 ...");
    }
}
