//! Performance data: the figures behind the `|` in a plugin's line
//! (Monitoring Plugins Development Guidelines, "Performance data").
//!
//! `'label'=value[unit];[warn];[crit];[min];[max]`, separated by blanks. Values that are no numbers, `U` among them,
//! are left out, as is what has no form at all.

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

/// The figures in a check's text, in their order.
pub fn samples(text: &str) -> impl Iterator<Item = Sample<'_>> {
    let mut rest = text.split_once('|').map_or("", |(_, perfdata)| perfdata);
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches([' ', '|']);
            if rest.is_empty() {
                return None;
            }
            let after_label = label(rest);
            let behind = after_label.as_ref().map_or(rest, |(_, behind)| behind);
            let (figure, left) = behind.split_once(' ').unwrap_or((behind, ""));
            rest = left;
            if let Some((label, _)) = after_label
                && let Some((value, unit)) = number(figure.split(';').next().unwrap_or_default())
            {
                return Some(Sample { label, value, unit });
            }
        }
    })
}

/// The label at the beginning of `text`, and what follows its `=`.
fn label(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let (label, behind) = text.split_once('=')?;
        let is_label = !label.is_empty() && !label.contains([' ', '\'']);
        return is_label.then_some((Cow::Borrowed(label), behind));
    };
    // Two quotes stand for one.
    let mut end = 0;
    loop {
        end += quoted.get(end..)?.find('\'')?;
        let behind = quoted.get(end + 1..)?;
        if behind.starts_with('\'') {
            end += 2;
            continue;
        }
        let label = quoted.get(..end)?;
        let label =
            if label.contains('\'') { Cow::Owned(label.replace("''", "'")) } else { Cow::Borrowed(label) };
        return (!label.is_empty()).then_some((label, behind.strip_prefix('=')?));
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
        samples(text).map(|s| (s.label.into_owned(), s.value, s.unit.to_owned())).collect()
    }

    #[test]
    fn figures_of_real_plugins() {
        type Figure<'a> = (&'a str, f64, &'a str);
        let cases: [(&str, &[Figure<'_>]); 12] = [
            ("OK", &[]),
            (
                "OK - load average: 0.50, 0.4|load1=0.500;4.000;8.000;0; load5=0.400;;;0;",
                &[("load1", 0.5, ""), ("load5", 0.4, "")],
            ),
            ("DISK OK| /=2643MB;5948;5958;0;5968", &[("/", 2643.0, "MB")]),
            ("PING OK |rta=0.1ms;;;0 pl=0%", &[("rta", 0.1, "ms"), ("pl", 0.0, "%")]),
            ("x|'C:\\ used %'=12%;80", &[("C:\\ used %", 12.0, "%")]),
            ("x|'it''s'=1c", &[("it's", 1.0, "c")]),
            ("x|a=U b=2", &[("b", 2.0, "")]),
            ("x|a=-1.5e-3s b=1e c=.5", &[("a", -0.0015, "s"), ("b", 1.0, "e"), ("c", 0.5, "")]),
            ("x|a=0,5 b=1;", &[("b", 1.0, "")]),
            ("x|rubbish b=1", &[("b", 1.0, "")]),
            ("x|a=1|b=2", &[]),
            ("x|a=1 |b=2", &[("a", 1.0, ""), ("b", 2.0, "")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected
                .iter()
                .map(|(label, value, unit)| (label.to_string(), *value, unit.to_string()))
                .collect();
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_has_no_form_is_left_out() {
        for text in
            ["x|", "x|=1", "x|''=1", "x|'a=1", "x|'a'1", "x|a=", "x|a=inf", "x|a=NaN", "x|a=1e999", "x|a b"]
        {
            assert_eq!(read(text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            figures in proptest::collection::vec(("[a-zA-Z0-9/' =]{1,12}", -1e12f64..1e12, "(s|%|MB|c|)"), 0..8)
        ) {
            let written: Vec<String> = figures
                .iter()
                .map(|(label, value, unit)| format!("'{}'={value:?}{unit};1;2", label.replace('\'', "''")))
                .collect();
            prop_assert_eq!(read(&format!("OK|{}", written.join(" "))), figures);
        }

        #[test]
        fn anything_is_read_to_its_end(text in "\\|[a-z'=|;.0-9eE+ \u{b5}-]{0,60}") {
            for sample in samples(&text) {
                prop_assert!(sample.value.is_finite() && !sample.label.is_empty());
            }
        }
    }
}
