//! Any bytes as a status file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::code::Code;
use oco::logic::status_file::{Status, parse};
use oco::logic::text::printable;

fuzz_target!(|content: &[u8]| {
    let status = parse(content);
    assert!(!status.text.contains(&b'\n'), "the text is of one line");
    assert!(!printable(status.text).contains(char::is_control), "what is shown obeys nobody");
    let first = content.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let of_first = Status { max_age: None, ..status };
    assert_eq!(parse(first), of_first, "behind the first line only a promise counts");
    let promise = status.max_age.map(|age| format!("max-age {}\r\n", humantime::format_duration(age)));
    let Some(code) = status.code else { return };
    let number = code.number();
    assert!(matches!(number, 200..=399 | 500..=599), "{number} is a code");
    assert_eq!(Code::new(number), Some(code));
    assert!(begins_with(first, number), "nobody wrote {number}");
    let promise = promise.unwrap_or_default();
    let again = [number.to_string().as_bytes(), b" ", status.text, b"\r\n", promise.as_bytes()].concat();
    assert_eq!(parse(&again), Status { code: Some(code), ..status }, "it reads what it would write");
});

/// Whether a line begins with these digits and nothing that makes another word of them.
fn begins_with(line: &[u8], number: u16) -> bool {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let start = line.iter().position(|octet| !b" \t".contains(octet)).unwrap_or(0);
    let rest = line.get(start..).unwrap_or_default().strip_prefix(number.to_string().as_bytes());
    rest.is_some_and(|rest| rest.first().is_none_or(|octet| b" \t-".contains(octet)))
}
