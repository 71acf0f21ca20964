//! The state of this host and the answers of others, for people: aligned, in colour on a terminal.

use super::ask::{NoAnswer, Reply};
use crate::limits::BAR_COLUMNS;
use crate::logic::board::CheckView;
use crate::logic::code::Verdict;
use crate::logic::endpoint::Endpoint;
use crate::system::terminal;
use std::time::Duration;

/// How to show a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal; none: lines are not cut.
    width: Option<usize>,
    is_coloured: bool,
}

impl Style {
    /// As standard output can take it: colour only on a terminal that knows it and where `NO_COLOR` does not forbid
    /// it (<https://no-color.org>).
    pub fn of_stdout() -> Style {
        let width = terminal::width();
        let is_set = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        Style { width, is_coloured: width.is_some() && !is_set && !is_dumb }
    }

    /// The columns that there are; none: lines are not cut.
    pub fn width(self) -> Option<usize> {
        self.width
    }

    /// `text` in the colour of `verdict`.
    fn paint(self, verdict: Verdict, text: &str) -> String {
        let colour = match verdict {
            Verdict::Ok => 32,
            Verdict::But => 33,
            Verdict::Ko => 31,
            Verdict::Incident => 35,
        };
        self.coloured(colour, text)
    }

    /// `text` in a colour, by its number on a terminal.
    pub fn coloured(self, colour: u8, text: &str) -> String {
        if self.is_coloured { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// The beginning of `text` that fits behind `used` columns. A character counts as one column.
    fn cut(self, text: &str, used: usize) -> &str {
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(used));
        let end = text.char_indices().nth(room).map_or(text.len(), |(end, _)| end);
        text.get(..end).unwrap_or(text)
    }
}

/// The checks of this host below a line that names the columns, one a line in the order given: code, name, a bar of age
/// against max-age, both in figures, whether stale, text. What stands behind a `|` is for programs, and is left out
/// unless wanted.
pub fn checks(checks: &[CheckView<'_>], style: Style, has_figures: bool) -> String {
    if checks.is_empty() {
        return String::new();
    }
    let ages: Vec<String> = checks.iter().map(age).collect();
    let widest =
        |least: &str, widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0).max(least.len());
    let name_width = widest("check", &mut checks.iter().map(|check| check.name.len()));
    let age_width = widest("", &mut ages.iter().map(String::len));
    let stale_width = if checks.iter().any(|check| check.stale) { 7 } else { 0 };
    let bar_width = usize::try_from(BAR_COLUMNS).unwrap_or(0) + 2 + age_width;
    let head =
        format!("code  {:name_width$}  {:bar_width$}  {:stale_width$}text", "check", "age/max-age", "");
    let mut table = format!("{}\n", style.cut(&head, 0));
    for (check, age) in checks.iter().zip(&ages) {
        let code = check.code.to_string();
        let stale = if check.stale { "stale" } else { "" };
        let bar = bar(check);
        let middle = format!("   {:name_width$}  {bar}  {age:age_width$}  {stale:stale_width$}", check.name);
        let used = code.len() + middle.chars().count();
        let text = if has_figures { check.text } else { without_figures(check.text) };
        let line = format!("{}{middle}{}", style.paint(check.code.verdict(), &code), style.cut(text, used));
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

/// A plugin's text without its performance data.
fn without_figures(text: &str) -> &str {
    text.split_once('|').map_or(text, |(words, _)| words.trim_end())
}

/// How much of its time a result has had: `##......`.
fn bar(check: &CheckView<'_>) -> String {
    let share = check.age.map_or(0.0, |age| age.as_secs_f64() / check.max_age.as_secs_f64().max(0.001));
    (0..BAR_COLUMNS)
        .map(|column| if f64::from(column) < share * f64::from(BAR_COLUMNS) { '#' } else { '.' })
        .collect()
}

fn age(check: &CheckView<'_>) -> String {
    // Nobody wants to see how many milliseconds ago.
    let age = check.age.map_or("-".to_owned(), |age| short(Duration::from_secs(age.as_secs())));
    format!("{age}/{}", short(check.max_age))
}

/// The answers of other hosts, one a line in the order given.
pub fn hosts(hosts: &[Endpoint], answers: &[Result<Reply, NoAnswer>], style: Style) -> String {
    let width = hosts.iter().map(|host| host.shown.chars().count()).max().unwrap_or(0);
    let mut table = String::new();
    for (host, answer) in hosts.iter().zip(answers) {
        let said = match answer {
            Ok(reply) => {
                let (code, rest) = reply.line.split_at_checked(3).unwrap_or((&reply.line, ""));
                format!("{}{}", style.paint(reply.verdict, code), style.cut(rest, width + 5))
            }
            // Where a code would stand, so that columns stay columns.
            Err(error) => format!("---{}", style.cut(&format!(" {error}"), width + 5)),
        };
        table.push_str(&format!("{:width$}  {said}\n", host.shown));
    }
    table
}

/// The first line of a Nagios plugin about one host. A `|` would begin perfdata.
pub fn summary(host: &Endpoint, answer: &Result<Reply, NoAnswer>) -> String {
    let (state, said) = match answer {
        Ok(reply) => match reply.verdict {
            Verdict::Ok => ("OK", reply.line.clone()),
            Verdict::But => ("WARNING", reply.line.clone()),
            Verdict::Ko | Verdict::Incident => ("CRITICAL", reply.line.clone()),
        },
        Err(error) => ("UNKNOWN", error.to_string()),
    };
    format!("OCO {state} - {}: {said}", host.shown).replace('|', "?") + "\n"
}

/// A duration in a word: its two largest units, `5m3s`, `1d2h`; milliseconds only below a second.
pub fn short(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let seconds = duration.as_secs();
    if seconds == 0 && duration.subsec_millis() > 0 {
        return format!("{}ms", duration.subsec_millis());
    }
    let Some(largest) = UNITS.iter().position(|(unit, _)| seconds >= *unit) else { return "0s".to_owned() };
    let mut rest = seconds;
    let mut text = String::new();
    for (unit, letter) in UNITS.iter().skip(largest).take(2) {
        if rest >= *unit {
            text.push_str(&format!("{}{letter}", rest / unit));
        }
        rest %= unit;
    }
    text
}

#[cfg(test)]
impl Style {
    /// Without colours, for a terminal of this width.
    pub const fn plain(width: Option<usize>) -> Style {
        Style { width, is_coloured: false }
    }

    /// With colours.
    pub const fn in_colour(width: Option<usize>) -> Style {
        Style { width, is_coloured: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::code::Code;

    const PLAIN: Style = Style { width: None, is_coloured: false };

    fn check<'a>(name: &'a str, code: u16, text: &'a str, age: Option<u64>, stale: bool) -> CheckView<'a> {
        let code = Code::new(code).unwrap();
        CheckView {
            name,
            code,
            text,
            age: age.map(Duration::from_secs),
            max_age: Duration::from_secs(300),
            stale,
            is_cut: false,
        }
    }

    #[test]
    fn durations_are_one_short_word() {
        let of = |milliseconds| short(Duration::from_millis(milliseconds));
        assert_eq!([of(0), of(250), of(1999), of(300_000)], ["0s", "250ms", "1s", "5m"]);
        assert_eq!([of(303_999), of(3_600_000), of(5_400_000)], ["5m3s", "1h", "1h30m"]);
        assert_eq!([of(3_601_000), of(90_000_000), of(40_000_000_000)], ["1h", "1d1h", "462d23h"]);
    }

    #[test]
    fn checks_are_aligned() {
        let views = [
            check("http", 300, "", None, false),
            check("backup", 300, "done", Some(400), true),
            check("load", 200, "load 0.5", Some(7), false),
        ];
        let expected = "\
            code  check   age/max-age                text\n\
            300   http    ........  -/5m\n\
            300   backup  ########  6m40s/5m  stale  done\n\
            200   load    #.......  7s/5m            load 0.5\n";
        assert_eq!(checks(&views, PLAIN, false), expected);
        assert_eq!(checks(&[], PLAIN, false), "");
        let expected = "\
            code  check  age/max-age      text\n\
            200   a      #.......  7s/5m\n";
        assert_eq!(checks(&[check("a", 200, "", Some(7), false)], PLAIN, false), expected);
    }

    #[test]
    fn a_bar_knows_the_max_age_of_its_own_check() {
        let day =
            CheckView { max_age: Duration::from_secs(86_400), ..check("a", 200, "", Some(43_200), false) };
        let table = checks(&[day, check("b", 200, "", Some(150), false)], PLAIN, false);
        assert!(table.contains("a      ####....  12h/1d"), "{table}");
        assert!(table.contains("b      ####....  2m30s/5m"), "{table}");
    }

    #[test]
    fn figures_are_left_out_unless_wanted() {
        let views = [check("load", 200, "load 0.5 |load1=0.5;9;99", Some(7), false)];
        assert!(checks(&views, PLAIN, false).ends_with("  load 0.5\n"));
        assert!(checks(&views, PLAIN, true).ends_with("  load 0.5 |load1=0.5;9;99\n"));
    }

    #[test]
    fn text_is_cut_and_codes_painted_on_a_terminal() {
        let style = Style { width: Some(32), is_coloured: true };
        let views = [check("http", 300, "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", Some(1), false)];
        let shown = checks(&views, style, false);
        let expected =
            "code  check  age/max-age      te\n\x1b[31m300\x1b[0m   http   #.......  1s/5m  \u{e9}\u{e9}\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_summary_has_no_perfdata_of_others() {
        let host = crate::logic::endpoint::parse("web1").unwrap();
        let reply = Reply { verdict: Verdict::Ok, line: "200 OK oco-1.0.0".to_owned() };
        assert_eq!(summary(&host, &Ok(reply)), "OCO OK - web1: 200 OK oco-1.0.0\n");
        let strange = NoAnswer::Strange("a|b".to_owned());
        assert_eq!(summary(&host, &Err(strange)), "OCO UNKNOWN - web1: no OCO line: a?b\n");
    }
}
