//! Any octets as the response of an Alertmanager or a board to what ocowatch posts there, whole and in pieces. The first
//! octet says how long those are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ocowatch::http_post::read;

fuzz_target!(|input: &[u8]| {
    let Some((length, said)) = input.split_first() else { return };
    let whole = read(said);
    if let Some((response, _)) = &whole {
        assert!(response.body.len() <= said.len() && said.starts_with(b"HTTP/"), "nobody said that");
        assert!((100..=999).contains(&response.status), "{}", response.status);
    }
    for end in (0..said.len()).step_by(usize::from(*length).max(1)) {
        let Some((part, is_whole)) = read(&said[..end]) else { continue };
        let (response, _) = whole.as_ref().expect("a head that was there stays");
        assert_eq!(part.status, response.status);
        assert!(response.body.starts_with(&part.body), "what came is not taken back");
        if is_whole {
            assert_eq!(whole, Some((part, true)), "what comes behind the end is no part of it");
        }
    }
});
