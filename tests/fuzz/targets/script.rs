//! Reads fuzz input as a script that people can read too: an operation is a letter, then a letter or nothing, then
//! digits or nothing. What is no operation is skipped by its reader.

/// One operation.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    pub letter: u8,
    /// The letter behind it, where it takes one.
    #[allow(dead_code, reason = "not every script has subjects")]
    pub subject: Option<u8>,
    /// The number behind those, 0 if there is none.
    pub number: u64,
}

/// The operations of `input`. Those that `takes_subject` says so of have a second letter.
pub fn operations(input: &[u8], takes_subject: fn(u8) -> bool) -> impl Iterator<Item = Operation> {
    let mut rest = input;
    std::iter::from_fn(move || {
        let letter = take(&mut rest)?;
        let subject = if takes_subject(letter) { Some(take(&mut rest)?) } else { None };
        let mut number: u64 = 0;
        while let Some(digit) = rest.first().filter(|octet| octet.is_ascii_digit()) {
            number = number.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
            take(&mut rest);
        }
        Some(Operation { letter, subject, number })
    })
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    Some(*first)
}
