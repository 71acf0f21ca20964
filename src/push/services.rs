//! A host's checks as services of a board.

use oco::logic::board::CheckView;
use oco::logic::cut::without_last_figure;
use oco::logic::push::Service;
use oco::logic::text::printable;
use oco::logic::time::spoken;
use std::time::Duration;

/// The checks as services, in their order. Each is told again within its max-age, but not before the next push.
pub fn of(checks: &[CheckView<'_>], period: Duration) -> Vec<Service> {
    let service = |check: &CheckView<'_>| Service {
        name: check.name.to_owned(),
        code: check.code,
        info: info(check),
        period: Some(check.max_age.max(period)),
    };
    checks.iter().map(service).collect()
}

/// What is told beside the code: of a stale result first that it is one.
fn info(check: &CheckView<'_>) -> String {
    let text = if check.is_cut {
        printable(&without_last_figure(check.text.as_bytes()))
    } else {
        check.text.to_owned()
    };
    match (check.stale, check.age) {
        (false, _) => text,
        (true, None) => format!("stale: {text}"),
        (true, Some(age)) => format!("stale, {} old: {text}", spoken(age)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco::logic::code::Code;

    const PERIOD: Duration = Duration::from_secs(60);

    fn check(text: &str) -> CheckView<'_> {
        CheckView {
            name: "http",
            code: Code::KO,
            text,
            age: Some(Duration::from_secs(303)),
            max_age: Duration::from_secs(300),
            stale: false,
            is_cut: false,
        }
    }

    #[test]
    fn a_check_is_a_service_with_its_text_and_figures() {
        let found = of(&[check("no answer|t=3s")], PERIOD);
        let expected = Service {
            name: "http".to_owned(),
            code: Code::KO,
            info: "no answer|t=3s".to_owned(),
            period: Some(Duration::from_secs(300)),
        };
        assert_eq!(found, [expected]);
        let often = CheckView { max_age: Duration::from_secs(5), ..check("") };
        assert_eq!(of(&[often], PERIOD)[0].period, Some(PERIOD), "it would be silent between two pushes");
    }

    #[test]
    fn a_stale_or_cut_text_says_so() {
        let stale = CheckView { stale: true, ..check("fine") };
        assert_eq!(info(&stale), "stale, 5m 3s old: fine");
        assert_eq!(info(&CheckView { age: None, ..stale }), "stale: fine");
        assert_eq!(info(&CheckView { is_cut: true, ..check("fine|a=1 b=23") }), "fine|a=1 ...");
    }
}
