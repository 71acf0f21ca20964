//! The probe that reads an OCO line: the target says itself how it is.

use super::errors::CLOSED;
use super::lines::Lines;
use super::step::Step;
use super::words;
use oco::limits::LINE_OCTETS;
use oco::logic::answer;
use oco::logic::code::Code;

/// Reads one line.
#[derive(Debug)]
pub struct OcoTalk {
    lines: Lines,
}

impl OcoTalk {
    /// Nothing came yet. `buffer` is empty.
    pub fn new(buffer: Vec<u8>) -> OcoTalk {
        // A line that is longer than any may be, and its end, is cut where it still is too long to be believed.
        OcoTalk { lines: Lines::new(buffer, LINE_OCTETS + 2) }
    }

    /// Octets came.
    pub fn received(&mut self, octets: &[u8], words: &mut String) -> Step {
        self.lines.read(octets, |line| Some(judge(line, words))).unwrap_or(Step::Receive)
    }

    /// The target closed.
    pub fn closed(&mut self, words: &mut String) -> Step {
        match self.lines.rest() {
            [] => {
                words.push_str(CLOSED);
                Step::Told(Code::KO)
            }
            line => judge(line.strip_suffix(b"\r").unwrap_or(line), words),
        }
    }

    /// The buffer, for the next one.
    pub fn into_buffer(self) -> Vec<u8> {
        self.lines.into_buffer()
    }
}

/// What a line says.
fn judge(line: &[u8], words: &mut String) -> Step {
    // Its end was taken off already, and a line has but one.
    let read = || {
        let read = answer::read(line, |_, _| ())?;
        Some((Code::new(read.verdict.number())?, read.program))
    };
    let read = if line.ends_with(b"\r") { None } else { read().or_else(|| answer::read_other(line)) };
    let Some((code, program)) = read else {
        words::expected(words, "an OCO line", line);
        return Step::Told(Code::KO);
    };
    if code != Code::OK {
        // The line is printable ASCII, or it would not have been read. Everybody knows which program said it.
        let line = std::str::from_utf8(line).unwrap_or_default().trim_end();
        let (before, after) = line.split_once(program).unwrap_or((line, ""));
        words.push_str(before.trim_end());
        words.push_str(after);
    }
    Step::Told(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn probe(pieces: &[&[u8]]) -> (Step, String) {
        let (mut talk, mut words) = (OcoTalk::new(Vec::new()), String::new());
        for piece in pieces {
            match talk.received(piece, &mut words) {
                Step::Receive => {}
                step => return (step, words),
            }
        }
        (talk.closed(&mut words), words)
    }

    fn told(number: u16, words: &str) -> (Step, String) {
        (Step::Told(Code::new(number).unwrap()), words.to_owned())
    }

    #[test]
    fn a_line_of_another_program_has_the_code_of_a_check() {
        assert_eq!(probe(&[b"210 OK, but oco-1.0.0 210-disk\r\n"]), told(210, "210 OK, but 210-disk"));
        assert_eq!(probe(&[b"299 OK, but oco-9\n"]), told(299, "299 OK, but"));
        assert_eq!(probe(&[b"503 KO oco-9 503-raid,300-x,+2\n"]), told(503, "503 KO 503-raid,300-x,+2"));
        for line in [
            "210 OK, but oco-1 300-disk",
            "210 KO oco-1 210-disk",
            "210 OK oco-1",
            "300 OK, but oco-1",
            "503 OK oco-1",
            "210 OK, but oco- 210-disk",
            "210 OK, but mail",
            "210 OK, but oco-1 disk",
            "210 OK, but oco-1 210-a b",
            "210 OK, but oco-1 +2,210-a",
            "200 OK oco-1 300-disk",
            "250 OK, but oco-1",
            "400 KO oco-1",
        ] {
            let (step, words) = probe(&[line.as_bytes(), b"\n"]);
            assert!(step == Step::Told(Code::KO) && words.starts_with("expected"), "{line}: {words}");
        }
    }

    #[test]
    fn the_line_tells_code_and_reason() {
        assert_eq!(probe(&[b"200 OK oco-1.0.0\r\n"]), told(200, ""));
        assert_eq!(probe(&[b"250 OK, but oco-1.0.0 210-disk\r\n"]), told(250, "250 OK, but 210-disk"));
        assert_eq!(probe(&[b"350 KO oco-1.14h 300-http\r\n"]), told(350, "350 KO 300-http"));
        assert_eq!(probe(&[b"550 KO oco-1 500-raid,+2\r\n"]), told(550, "550 KO 500-raid,+2"));
        assert_eq!(probe(&[b"200 OK o", b"co-1", b"\r", b"\nmore"]), told(200, ""));
        assert_eq!(probe(&[b"200 OK oco-1"]), told(200, ""), "its end ends it too");
        assert_eq!(probe(&[b"200 OK oco-1\r"]), told(200, ""));
        assert_eq!(probe(&[b"200 OK oco-1\r\r\n"]).0, Step::Told(Code::KO), "a line has one end");
    }

    #[test]
    fn what_is_no_line_is_shown() {
        assert_eq!(probe(&[]), told(300, "closed"));
        let mail = told(300, r#"expected an OCO line, got "220 mail ESMTP""#);
        assert_eq!(probe(&[b"220 mail ESMTP\r\n"]), mail);
        assert_eq!(probe(&[b"\xff\xfe\x1b\n"]), told(300, r#"expected an OCO line, got "???""#));
        let long = format!("350 KO oco-1 300-{}", "a".repeat(600));
        for (most, ending) in [(LINE_OCTETS, ""), (LINE_OCTETS, "\r\n"), (LINE_OCTETS, "\n")] {
            let (whole, longer) =
                (format!("{}{ending}", &long[..most]), format!("{}{ending}", &long[..most + 1]));
            assert_eq!(probe(&[whole.as_bytes()]).0, Step::Told(Code::new(350).unwrap()), "{whole}");
            assert_eq!(probe(&[longer.as_bytes()]).0, Step::Told(Code::KO), "a part of a line is none");
        }
        let flood = probe(&[&[b'x'; 10_000]]);
        assert_eq!(flood, told(300, &format!("expected an OCO line, got \"{}...\"", "x".repeat(60))));
    }

    proptest! {
        #[test]
        fn pieces_say_what_the_whole_says(
            text in "(200 OK|250 OK, but|350 KO|550 KO|) ?oco-1( [235][0-9]{2}-[a-z]{1,3}){0,1}\\PC{0,20}(\r\n|\n|)",
            length in 1usize..9,
        ) {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(length).collect();
            let whole = probe(&[text.as_bytes()]);
            prop_assert_eq!(probe(&pieces), whole.clone());
            // Only what the line says is believed.
            if let Step::Told(code) = whole.0 {
                prop_assert!(code == Code::KO || text.starts_with(&code.to_string()));
            }
        }
    }
}
