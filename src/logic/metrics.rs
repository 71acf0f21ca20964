//! `/metrics`: checks, figures and counts in the text format of Prometheus.

use super::board::CheckView;
use super::code::Verdict;
use super::exposition::Exposition;
use super::perfdata::{self, Sample};
use super::tally::Tally;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A figure of a check, where it has one.
type Figure = fn(&CheckView<'_>) -> Option<f64>;

/// The page. Figures of a stale check are left out: they would look as if they were of now.
pub fn page(verdict: Verdict, checks: &[CheckView<'_>], tally: &Tally) -> String {
    let mut page = Exposition::default();
    page.family("oco_verdict_code", "gauge", "What the host answers: 200, 250, 350 or 550.");
    page.sample("oco_verdict_code", &[], verdict.number());
    let gauges: [(&str, &str, Figure); 4] = [
        ("oco_check_code", "The check's rating: its code, or 300.", |check| Some(check.code.number().into())),
        ("oco_check_age_seconds", "How long ago the check's result was written.", |check| {
            check.age.map(|age| age.as_secs_f64())
        }),
        ("oco_check_max_age_seconds", "How old the check's result may be.", |check| {
            Some(check.max_age.as_secs_f64())
        }),
        ("oco_check_stale", "Whether the check's result is older than that.", |check| {
            Some(f64::from(u8::from(check.stale)))
        }),
    ];
    for (name, help, value) in gauges {
        page.family(name, "gauge", help);
        for check in checks {
            if let Some(value) = value(check) {
                page.sample(name, &[("check", check.name)], value);
            }
        }
    }
    let incomplete = figures(&mut page, checks.iter().filter(|check| !check.stale));
    page.family(
        "oco_perfdata_incomplete",
        "gauge",
        "Whether figures of the check are missing in oco_perfdata.",
    );
    for (name, is_incomplete) in incomplete {
        page.sample("oco_perfdata_incomplete", &[("check", name)], u8::from(is_incomplete));
    }
    page.family("oco_answers_total", "counter", "Answers given, by verdict or, if refused, by HTTP status.");
    for (speak, code, count) in tally.counts() {
        let code = code.to_string();
        page.sample("oco_answers_total", &[("speak", speak.word()), ("code", &code)], count);
    }
    page.family("oco_build_info", "gauge", "The version that runs, as a label; always 1.");
    page.sample("oco_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.into_string()
}

/// The figures of `checks`. Returns those that gave some or should have, with whether any are missing.
fn figures<'a>(
    page: &mut Exposition,
    checks: impl Iterator<Item = &'a CheckView<'a>>,
) -> Vec<(&'a str, bool)> {
    let mut found = Vec::new();
    page.family("oco_perfdata", "gauge", "The figures that the check's plugin gave.");
    for check in checks {
        // A page with one series twice is refused as a whole.
        let mut written: BTreeSet<(Cow<'_, str>, &str)> = BTreeSet::new();
        let mut is_incomplete = false;
        for figure in perfdata::figures(check.text, check.is_cut) {
            let Ok(Sample { label, value, unit }) = figure else {
                is_incomplete = true;
                continue;
            };
            if written.contains(&(label.clone(), unit)) {
                is_incomplete = true;
                continue;
            }
            page.sample("oco_perfdata", &[("check", check.name), ("label", &*label), ("unit", unit)], value);
            written.insert((label, unit));
        }
        if is_incomplete || !written.is_empty() {
            found.push((check.name, is_incomplete));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::code::Code;
    use std::time::Duration;

    fn check<'a>(name: &'a str, text: &'a str) -> CheckView<'a> {
        CheckView {
            name,
            code: Code::OK,
            text,
            age: Some(Duration::from_millis(1500)),
            max_age: Duration::from_secs(300),
            stale: false,
            is_cut: false,
        }
    }

    #[test]
    fn a_page_has_every_family() {
        let missing = CheckView { code: Code::KO, age: None, ..check("backup", "") };
        let page =
            page(Verdict::Ko, &[missing, check("load", "fine|load1=0.5;4;8 x=1MB")], &Tally::default());
        for line in [
            "# TYPE oco_verdict_code gauge",
            "oco_verdict_code 350",
            "oco_check_code{check=\"backup\"} 300",
            "oco_check_code{check=\"load\"} 200",
            "oco_check_age_seconds{check=\"load\"} 1.5",
            "oco_check_max_age_seconds{check=\"load\"} 300",
            "oco_check_stale{check=\"load\"} 0",
            "oco_perfdata{check=\"load\",label=\"load1\",unit=\"\"} 0.5",
            "oco_perfdata{check=\"load\",label=\"x\",unit=\"MB\"} 1",
            "oco_perfdata_incomplete{check=\"load\"} 0",
            "oco_answers_total{speak=\"agent\",code=\"250\"} 0",
            "oco_answers_total{speak=\"http\",code=\"404\"} 0",
            concat!("oco_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
        assert!(!page.contains("oco_check_age_seconds{check=\"backup\"}"));
    }

    #[test]
    fn a_stale_check_has_no_figures() {
        let stale = CheckView { stale: true, ..check("load", "x|a=1") };
        assert!(!page(Verdict::Ko, &[stale], &Tally::default()).contains("oco_perfdata{"));
    }

    #[test]
    fn that_figures_are_missing_is_told() {
        let missing = |text, is_cut| {
            let page = page(Verdict::Ok, &[CheckView { is_cut, ..check("a", text) }], &Tally::default());
            let prefix = "oco_perfdata_incomplete{check=\"a\"} ";
            page.lines().find_map(|line| line.strip_prefix(prefix)).map(|value| value == "1")
        };
        assert_eq!(missing("fine", false), None, "there are none to miss");
        assert_eq!(missing("fine|a=1 b=U", false), Some(false));
        assert_eq!(missing("fine|a=1 b=0,5", false), Some(true));
        assert_eq!(missing("fine|a=1 a=2", false), Some(true));
        assert_eq!(missing("fine|a=1 b=2", true), Some(true));
        assert_eq!(missing("long", true), Some(true));
    }

    #[test]
    fn no_series_comes_twice_and_labels_are_escaped() {
        let page = page(Verdict::Ok, &[check("a", "x|a=1 a=2 a=3s 'q\"\\'=4")], &Tally::default());
        let figures: Vec<&str> = page.lines().filter(|line| line.starts_with("oco_perfdata{")).collect();
        let expected = [
            r#"oco_perfdata{check="a",label="a",unit=""} 1"#,
            r#"oco_perfdata{check="a",label="a",unit="s"} 3"#,
            r#"oco_perfdata{check="a",label="q\"\\",unit=""} 4"#,
        ];
        assert_eq!(figures, expected);
    }
}
