//! Any text of a check, and the page of metrics that is made from it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::board::CheckView;
use oco::logic::code::{Code, Verdict};
use oco::logic::perfdata::Lost;
use oco::logic::tally::Tally;
use oco::logic::text::push_words;
use oco::logic::{metrics, perfdata};
use std::collections::HashSet;
use std::time::Duration;

fuzz_target!(|input: &[u8]| {
    let mut text = String::new();
    push_words(&mut text, input);
    let all: Vec<_> = perfdata::figures(&text, false).collect();
    for sample in all.iter().flatten() {
        assert!(sample.value.is_finite() && !sample.label.is_empty());
        assert!(text.contains(sample.unit), "the unit is the plugin's own");
    }
    assert!(all.len() <= text.len(), "more figures than text");
    let is_cut = input.first().is_some_and(|octet| octet % 2 == 1);
    cut_anywhere(&text);
    let age = Some(Duration::from_secs(1));
    let check = CheckView {
        name: "a",
        code: Code::OK,
        text: &text,
        age,
        max_age: Duration::from_secs(300),
        stale: false,
        is_cut,
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

/// Of a text that is cut, each figure is one of the whole text, and the loss is told.
fn cut_anywhere(text: &str) {
    let all: Vec<_> = perfdata::figures(text, false).flatten().collect();
    for (end, _) in text.char_indices().step_by(7) {
        let cut: Vec<_> = perfdata::figures(&text[..end], true).collect();
        assert!(cut.contains(&Err(Lost)));
        assert!(cut.iter().flatten().all(|sample| all.contains(sample)), "{cut:?}");
    }
}

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
