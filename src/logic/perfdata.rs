//! Performance data: the figures behind the `|` in a plugin's line
//! (Monitoring Plugins Development Guidelines, "Performance data").
//!
//! `'label'=value[unit];[warn];[crit];[min];[max]`, parted by blanks, tabs or a further `|`. A figure is taken only
//! whole: what a cut may have shortened, what has no form, and a label with blanks that is not in quotes are lost, and
//! that is told. A value `U` is the plugin's own word for one that it does not know: no figure, and no loss.

use std::borrow::Cow;

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    /// What it is of.
    pub label: Cow<'a, str>,
    /// The figure: finite.
    pub value: f64,
    /// As it stands behind the figure: `s`, `%`, `B`, `MB`, `c`; often nothing.
    pub unit: &'a str,
}

/// Something stands there that gives no figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost;

/// What parts one figure from the next.
const SEPARATORS: [char; 3] = [' ', '\t', '|'];
/// The value of what the plugin does not know.
const UNKNOWN: &str = "U";

/// The figures in a check's text, in their order, and a [`Lost`] for what is none. Where the text `is_cut`, its last
/// word is part of another one, and there is a [`Lost`] at least.
pub fn figures(text: &str, is_cut: bool) -> impl Iterator<Item = Result<Sample<'_>, Lost>> {
    let mut rest = text.split_once('|').map_or("", |(_, perfdata)| perfdata);
    let mut is_cut = is_cut;
    // Behind a word without a `=`, which may be the beginning of the next label.
    let mut is_astray = false;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(SEPARATORS);
            if rest.is_empty() {
                return std::mem::take(&mut is_cut).then_some(Err(Lost));
            }
            let Item { label, value, left } = item(rest);
            rest = left;
            let was_astray = std::mem::replace(&mut is_astray, label == Label::None);
            let label = match label {
                Label::Quoted(label) => label,
                Label::Bare(label) if !was_astray => Cow::Borrowed(label),
                Label::Bare(_) | Label::None | Label::Bad => return Some(Err(Lost)),
            };
            if is_cut && rest.is_empty() {
                is_cut = false;
                return Some(Err(Lost));
            }
            let value = value.split(';').next().unwrap_or_default();
            if value != UNKNOWN {
                return Some(number(value).map(|(value, unit)| Sample { label, value, unit }).ok_or(Lost));
            }
        }
    })
}

/// The words of a text and its performance data. Where no figure stands behind the `|`, all of it is words.
pub fn parted(text: &str) -> (&str, &str) {
    match text.split_once('|') {
        Some((words, data)) if figures(text, false).any(|figure| figure.is_ok()) => {
            (words.trim_end(), data.trim())
        }
        Some(_) | None => (text, ""),
    }
}

/// What stands before the first separator that is not in quotes.
struct Item<'a> {
    label: Label<'a>,
    /// What follows the `=`.
    value: &'a str,
    /// What follows the item.
    left: &'a str,
}

#[derive(PartialEq)]
enum Label<'a> {
    Quoted(Cow<'a, str>),
    Bare(&'a str),
    /// There is no `=`.
    None,
    /// Empty, or with a quote where none can be.
    Bad,
}

/// The item at the beginning of `text`, which is not empty.
fn item(text: &str) -> Item<'_> {
    let until_separator = |text| str::split_once(text, SEPARATORS).unwrap_or((text, ""));
    if text.starts_with('\'') {
        // Who does not close it has quoted all the rest.
        let Some((label, behind)) = quoted(text) else {
            return Item { label: Label::None, value: "", left: "" };
        };
        let (word, left) = until_separator(behind);
        return match word.strip_prefix('=') {
            Some(value) if !label.is_empty() => Item { label: Label::Quoted(label), value, left },
            Some(value) => Item { label: Label::Bad, value, left },
            None => Item { label: Label::None, value: "", left },
        };
    }
    let (word, left) = until_separator(text);
    match word.split_once('=') {
        None => Item { label: Label::None, value: "", left },
        Some((label, value)) if label.is_empty() || label.contains('\'') => {
            Item { label: Label::Bad, value, left }
        }
        Some((label, value)) => Item { label: Label::Bare(label), value, left },
    }
}

/// The quoted label at the beginning of `text`, and what follows its quote.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let text = text.strip_prefix('\'')?;
    // Two quotes stand for one.
    let mut end = 0;
    loop {
        end += text.get(end..)?.find('\'')?;
        let behind = text.get(end + 1..)?;
        if behind.starts_with('\'') {
            end += 2;
            continue;
        }
        let label = text.get(..end)?;
        let is_plain = !label.contains('\'');
        return Some((if is_plain { label.into() } else { label.replace("''", "'").into() }, behind));
    }
}

/// A number and the unit behind it.
fn number(text: &str) -> Option<(f64, &str)> {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut end = usize::from(text.starts_with(['+', '-']));
    end += digits(text.get(end..)?);
    if text.get(end..)?.starts_with('.') {
        end += 1 + digits(text.get(end + 1..)?);
    }
    // An exponent only with its digits: else it is a unit.
    if let Some(exponent) = text.get(end..)?.strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        match digits(exponent.get(sign..)?) {
            0 => {}
            count => end += 1 + sign + count,
        }
    }
    let value: f64 = text.get(..end)?.parse().ok()?;
    let unit = text.get(end..)?;
    // 0,5 is a number of some locale, not 0 of the unit ",5".
    let is_unit = unit.chars().all(|c| c.is_alphabetic() || matches!(c, '%' | '/' | '\u{b0}' | '_'));
    (value.is_finite() && is_unit).then_some((value, unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, f64, String)> {
        let samples = figures(text, false).filter_map(Result::ok);
        samples.map(|s| (s.label.into_owned(), s.value, s.unit.to_owned())).collect()
    }

    fn is_whole(text: &str) -> bool {
        figures(text, false).all(|figure| figure.is_ok())
    }

    type Figure<'a> = (&'a str, f64, &'a str);

    #[track_caller]
    fn assert_figures(text: &str, found: Vec<(String, f64, String)>, expected: &[Figure<'_>]) {
        let found: Vec<Figure<'_>> =
            found.iter().map(|(l, value, unit)| (l.as_str(), *value, unit.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn words_are_parted_from_what_is_figures() {
        for (text, expected) in [
            ("3 jobs wait|jobs=3", ("3 jobs wait", "jobs=3")),
            ("3 jobs wait | jobs=3 x ", ("3 jobs wait", "jobs=3 x")),
            ("|jobs=3", ("", "jobs=3")),
            ("neither a|b works", ("neither a|b works", "")),
            ("x|a=U", ("x|a=U", "")),
            ("done", ("done", "")),
            ("", ("", "")),
        ] {
            assert_eq!(parted(text), expected, "{text}");
        }
    }

    #[test]
    fn figures_of_real_plugins() {
        let cases: [(&str, &[Figure<'_>]); 17] = [
            ("OK", &[]),
            (
                "OK - load average: 0.50, 0.4|load1=0.500;4.000;8.000;0; load5=0.400;;;0;",
                &[("load1", 0.5, ""), ("load5", 0.4, "")],
            ),
            ("DISK OK| /=2643MB;5948;5958;0;5968", &[("/", 2643.0, "MB")]),
            ("PING OK |rta=0.1ms;;;0 pl=0%", &[("rta", 0.1, "ms"), ("pl", 0.0, "%")]),
            ("x|'C:\\ used %'=12%;80", &[("C:\\ used %", 12.0, "%")]),
            ("x|'it''s'=1c", &[("it's", 1.0, "c")]),
            ("x|'a=b; c'=1us 'd|e'=2", &[("a=b; c", 1.0, "us"), ("d|e", 2.0, "")]),
            ("x|'''q'''=1", &[("'q'", 1.0, "")]),
            ("x|a=U b=2 'c d'=U;1;2", &[("b", 2.0, "")]),
            (
                "x|a=-1.5e-3s b=1e c=.5 d=+7. e=2E3",
                &[("a", -0.0015, "s"), ("b", 1.0, "e"), ("c", 0.5, ""), ("d", 7.0, ""), ("e", 2000.0, "")],
            ),
            ("x|b=1;@10:20;~:5;; a=1;", &[("b", 1.0, ""), ("a", 1.0, "")]),
            ("x|a=1\tb=2 \t c=3", &[("a", 1.0, ""), ("b", 2.0, ""), ("c", 3.0, "")]),
            ("x|a=1|b=2", &[("a", 1.0, ""), ("b", 2.0, "")]),
            ("x|a=1 | b=2 |", &[("a", 1.0, ""), ("b", 2.0, "")]),
            ("x|a=1;2;3|", &[("a", 1.0, "")]),
            (
                "x|t=5\u{b5}s in=3MB/s core_0=41\u{b0}C",
                &[("t", 5.0, "\u{b5}s"), ("in", 3.0, "MB/s"), ("core_0", 41.0, "\u{b0}C")],
            ),
            ("x||a=1", &[("a", 1.0, "")]),
        ];
        for (text, expected) in cases {
            assert_figures(text, read(text), expected);
            assert!(is_whole(text), "{text}");
        }
    }

    #[test]
    fn what_has_no_form_is_lost_and_told() {
        for text in [
            "x|=1",
            "x|''=1",
            "x|'a=1",
            "x|'a'1",
            "x|a=",
            "x|a=;1;2",
            "x|a=inf",
            "x|a=NaN",
            "x|a=1e999",
            "x|a=0x1F",
            "x|a=0,5",
            "x|a=1.2.3",
            "x|a=--1",
            "x|a=1-2",
            "x|a b",
            "x|a",
            "x|a=u",
            "x|'a'b=1",
            "x|a'b=1",
        ] {
            assert_figures(text, read(text), &[]);
            assert!(!is_whole(text), "{text}");
        }
        for (text, expected) in [
            ("x|a=0,5 b=1;", ("b", 1.0, "")),
            ("x|rubbish 'a b'=1", ("a b", 1.0, "")),
            ("x|=3 b=1", ("b", 1.0, "")),
        ] {
            assert_figures(text, read(text), &[expected]);
            assert!(!is_whole(text), "{text}");
        }
    }

    #[test]
    fn a_label_with_blanks_and_without_quotes_is_no_other_label() {
        for text in [
            "ok|h:\\ Used Space=21.14Gb;45;47 d:\\ Used Space=75.48Gb;90;95",
            "x|rubbish b=1",
            "x|a\tb=1",
            "x|a = 1",
            "x|a|b=1",
            "x|\"a b\"=1",
            "x|'a' b=1",
            "x|'a b=1 c=2",
        ] {
            assert_figures(text, read(text), &[]);
            assert!(!is_whole(text), "{text}");
        }
        assert_figures(
            "",
            read("x|time=0.1 s size=5B 'a'=1 b=2"),
            &[("time", 0.1, ""), ("a", 1.0, ""), ("b", 2.0, "")],
        );
    }

    #[test]
    fn a_cut_figure_is_no_figure() {
        let cut = |text| -> Vec<f64> {
            let found: Vec<_> = figures(text, true).collect();
            assert!(found.contains(&Err(Lost)), "{text}");
            found.into_iter().flatten().map(|sample| sample.value).collect()
        };
        assert_eq!(cut("x|a=1 b=1234"), [1.0]);
        assert_eq!(cut("x|a=1 b=12;3"), [1.0]);
        assert_eq!(cut("x|a=1 'b c'=2"), [1.0]);
        assert_eq!(cut("x|a=1 'b c=2"), [1.0]);
        assert_eq!(cut("x|a=1 b"), [1.0]);
        assert_eq!(cut("x|a=1 b="), [1.0]);
        assert!(cut("x|a=1 ").is_empty(), "blanks at the end may be what a writer left of more");
        assert!(cut("x|a=1").is_empty());
        assert!(cut("x|a=U").is_empty());
        assert!(cut("x|").is_empty());
        assert!(cut("cut before the figures").is_empty());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            figures in proptest::collection::vec(
                ("[a-zA-Z0-9/' =|;\t]{1,12}", -1e12f64..1e12, "(s|%|MB|c|)", "( |\t|  )"), 0..8
            )
        ) {
            let written: String = figures
                .iter()
                .map(|(label, value, unit, gap)| format!("'{}'={value:?}{unit};1;2{gap}", label.replace('\'', "''")))
                .collect();
            let expected: Vec<_> =
                figures.into_iter().map(|(label, value, unit, _)| (label, value, unit)).collect();
            prop_assert_eq!(read(&format!("OK|{written}")), expected);
        }

        /// However a text is cut, each figure is one of the whole text.
        #[test]
        fn a_cut_text_has_no_figure_of_its_own(
            text in "[a-z|]{0,4}\\|([a-c']{1,3}( [ab])?=[0-9]{1,4}(MB|%|;1;2)?[ \t|]{1,2}){0,6}", at in any::<proptest::sample::Index>()
        ) {
            let all: Vec<_> = figures(&text, false).flatten().collect();
            let end = at.index(text.len() + 1);
            for sample in figures(&text[..end], true).flatten() {
                prop_assert!(all.contains(&sample), "{:?} of {:?}", sample, &text[..end]);
            }
        }

        #[test]
        fn anything_is_read_to_its_end(text in "\\|[a-z'=|;.0-9eE+ \t\u{b5}-]{0,60}", is_cut in any::<bool>()) {
            for sample in figures(&text, is_cut).flatten() {
                prop_assert!(sample.value.is_finite() && !sample.label.is_empty());
            }
        }
    }
}
