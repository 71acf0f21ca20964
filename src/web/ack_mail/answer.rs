//! What somebody wrote above what they answer to.

/// Lines by which mail programs begin what is answered to, where they do not mark each of its lines.
const RULES: [&str; 3] =
    ["-----original message-----", "----- original message -----", "________________________________"];

/// The first line of an answer above the quotation; empty: there is none.
pub(super) fn first_line(body: &str) -> String {
    let mut above: Vec<&str> = Vec::new();
    let mut is_quoted = false;
    for line in body.lines().map(str::trim_end) {
        let lower = line.trim_start().to_ascii_lowercase();
        if line.trim_start().starts_with('>') {
            is_quoted = true;
            break;
        }
        // What follows is a signature, or is answered to.
        if line == "--" || RULES.iter().any(|rule| lower.starts_with(rule)) {
            break;
        }
        above.push(line);
    }
    if is_quoted {
        take_off_attribution(&mut above);
    }
    above.into_iter().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// Takes off who wrote what follows, and when: a line before the quotation that ends in a colon, in whatever language, and
/// the one before it where the date stands there.
fn take_off_attribution(lines: &mut Vec<&str>) {
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let is_attribution = |line: &str| line.trim_end().ends_with([':', '\u{ff1a}']);
    let Some(last) = lines.pop_if(|line| is_attribution(line)) else { return };
    let has_date =
        |line: &str| line.chars().any(|c| c.is_ascii_digit()) && line.contains([':', ',', '/', '-', '.']);
    if !has_date(last) {
        lines.pop_if(|line| has_date(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_line_above_the_quotation_is_the_text() {
        for (body, text) in [
            ("on it\n\nOn Tue, 24 Nov 2026 at 10:00, ops wrote:\n> web/oco\n", "on it"),
            ("on it\nOn Tue, 24 Nov 2026 at 10:00, ops wrote:\n> web/oco\n", "on it"),
            (
                "on it\n\nOn Tue, 24 Nov 2026 at 10:00,\nthe monitoring <ops@example.org> wrote:\n> web/oco\n",
                "on it",
            ),
            ("\n\nich sehe nach\n\nAm 24.11.26 um 10:00 schrieb ops:\n\n> web/oco", "ich sehe nach"),
            ("j'y vais\n\nLe mar. 24 nov. 2026, ops a \u{e9}crit\u{a0}:\n> x", "j'y vais"),
            ("disk ordered\n\n-----Original Message-----\nFrom: ops\n", "disk ordered"),
            ("yes\n________________________________\nFrom: ops", "yes"),
            ("> web/oco\n\nbelow\n", ""),
            ("On Tue, 24 Nov 2026 at 10:00, ops wrote:\n> web/oco\nbelow", ""),
            ("--\nEve\n", ""),
            ("", ""),
            ("12:30 is when I come:\n", "12:30 is when I come:"),
            ("\u{6211}\u{53bb}\u{770b}\r\n\r\n> a", "\u{6211}\u{53bb}\u{770b}"),
        ] {
            assert_eq!(first_line(body), text, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn any_body_has_a_first_line_or_none(body in "(\\PC{0,9}|>|\n|:|--){0,30}") {
            let line = first_line(&body);
            prop_assert!(!line.contains('\n') && !line.starts_with('>') && body.contains(&line));
        }
    }
}
