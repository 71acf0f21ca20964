//! Codes and verdicts: what a status file says, and what the host answers.

use std::fmt;

/// A check's code: 2XX, 3XX or 5XX. What is around it needs no octets of its own: a class has few values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    class: Class,
    /// The last two digits.
    rest: u8,
}

/// The first digit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Class {
    Up,
    Down,
    Incident,
}

impl Code {
    /// All is well.
    pub const OK: Code = Code { class: Class::Up, rest: 0 };
    /// Ok, but: what a plugin's WARNING is recorded as.
    pub const BUT: Code = Code { class: Class::Up, rest: 10 };
    /// Not ok. Also the rating of everything that is stale, unreadable or not understood.
    pub const KO: Code = Code { class: Class::Down, rest: 0 };
    /// A plugin that could not tell, timed out or was not there.
    pub const UNKNOWN: Code = Code { class: Class::Down, rest: 10 };

    /// The code of this number, if it is one.
    pub fn new(number: u16) -> Option<Code> {
        let class = match number / 100 {
            2 => Class::Up,
            3 => Class::Down,
            5 => Class::Incident,
            _ => return None,
        };
        Some(Code { class, rest: u8::try_from(number % 100).ok()? })
    }

    /// The code that three ASCII digits name, if it is one.
    pub fn from_digits(digits: [u8; 3]) -> Option<Code> {
        let mut number = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            number = number * 10 + u16::from(digit - b'0');
        }
        Code::new(number)
    }

    /// The code as a number.
    pub fn number(self) -> u16 {
        let hundreds = match self.class {
            Class::Up => 200,
            Class::Down => 300,
            Class::Incident => 500,
        };
        hundreds + u16::from(self.rest)
    }

    /// The code as its three digits.
    pub fn digits(self) -> [u8; 3] {
        let first = match self.class {
            Class::Up => b'2',
            Class::Down => b'3',
            Class::Incident => b'5',
        };
        [first, b'0' + self.rest / 10, b'0' + self.rest % 10]
    }

    /// What a host with this check alone would answer.
    pub fn verdict(self) -> Verdict {
        match self.class {
            Class::Up if self.rest == 0 => Verdict::Ok,
            Class::Up => Verdict::But,
            Class::Down => Verdict::Ko,
            Class::Incident => Verdict::Incident,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a host answers: the worst of its checks. Ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every check is 200.
    Ok,
    /// In rotation, with something to look at.
    But,
    /// Out of rotation.
    Ko,
    /// Out of rotation, and a person has to come.
    Incident,
}

impl Verdict {
    /// The number that the answer starts with.
    pub fn number(self) -> u16 {
        match self {
            Verdict::Ok => 200,
            Verdict::But => 250,
            Verdict::Ko => 350,
            Verdict::Incident => 550,
        }
    }

    /// The words after the number.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Ok => "OK",
            Verdict::But => "OK, but",
            Verdict::Ko | Verdict::Incident => "KO",
        }
    }

    /// Whether the host belongs in rotation.
    pub fn is_up(self) -> bool {
        self <= Verdict::But
    }

    /// Every verdict, from best to worst.
    pub const ALL: [Verdict; 4] = [Verdict::Ok, Verdict::But, Verdict::Ko, Verdict::Incident];
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2xx_3xx_and_5xx_are_codes() {
        for number in 0..=u16::MAX {
            let expected = (200..400).contains(&number) || (500..600).contains(&number);
            assert_eq!(Code::new(number).is_some(), expected, "{number}");
        }
    }

    #[test]
    fn digits_and_numbers_agree() {
        for number in (0..1000).filter_map(Code::new) {
            assert_eq!(Code::from_digits(number.digits()), Some(number));
            assert_eq!(number.to_string().as_bytes(), number.digits());
        }
        for bad in [b"20 ", b"-20", b"2\x000", b"199", b"400", b"499", b"600"] {
            assert_eq!(Code::from_digits(*bad), None, "{bad:?}");
        }
    }

    #[test]
    fn codes_have_the_verdicts_of_the_contract() {
        let verdict = |number| Code::new(number).unwrap().verdict();
        assert_eq!(verdict(200), Verdict::Ok);
        assert_eq!([201, 250, 299].map(verdict), [Verdict::But; 3]);
        assert_eq!([300, 350, 399].map(verdict), [Verdict::Ko; 3]);
        assert_eq!([500, 550, 599].map(verdict), [Verdict::Incident; 3]);
        assert!(Verdict::ALL.is_sorted());
        assert_eq!(Verdict::ALL.map(Verdict::is_up), [true, true, false, false]);
    }
}
