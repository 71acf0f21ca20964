//! Any text of a check, and the page of metrics that is made from it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::board::CheckView;
use oco::logic::code::{Code, Verdict};
use oco::logic::face::Tally;
use oco::logic::text::printable;
use oco::logic::{metrics, perfdata};
use std::collections::HashSet;
use std::time::Duration;

fuzz_target!(|input: &[u8]| {
    let text = printable(input);
    let mut samples = 0;
    for sample in perfdata::samples(&text) {
        samples += 1;
        assert!(sample.value.is_finite() && !sample.label.is_empty());
        assert!(text.contains(sample.unit), "the unit is the plugin's own");
    }
    assert!(samples <= text.len(), "more figures than text");
    let age = Some(Duration::from_secs(1));
    let check = CheckView {
        name: "a",
        code: Code::OK,
        text: &text,
        age,
        max_age: Duration::from_secs(300),
        stale: false,
    };
    let page = metrics::page(Verdict::Ok, &[check], &Tally::default());
    let mut series = HashSet::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
        assert!(series.insert(name), "{line} comes twice");
        assert!(name.starts_with("oco_") && is_closed(name), "{line}");
    }
});

/// Whether the labels end where the series ends, and no quote ends one before.
fn is_closed(name: &str) -> bool {
    let Some((_, labels)) = name.split_once('{') else { return true };
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in labels.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '}' if !is_quoted => return labels.ends_with('}'),
            _ => {}
        }
    }
    false
}
