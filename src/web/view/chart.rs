//! Response times and performance data as a picture: the mean as a line, and behind it a band from the least to the
//! greatest. A time without values is a gap.

use oco_fleet::time::Millis;
use std::fmt::Write as _;

/// The picture is so wide and so high, in its own units; a page stretches it.
const WIDTH: i64 = 1_000;
const HEIGHT: f64 = 100.0;

/// What was measured in a piece of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dot {
    /// From then on,
    pub from: Millis,
    /// until then.
    pub to: Millis,
    /// The least.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Of what.
    pub label: String,
    /// The band, as the data of a path.
    pub band: String,
    /// The line.
    pub line: String,
    /// What stands at the upper edge.
    pub top: String,
    /// In words: the least, the mean, the greatest.
    pub words: String,
}

impl Chart {
    /// A picture of [from, to). None: nothing was measured. Dots are in the order of time.
    pub fn new(label: &str, unit: &str, dots: &[Dot], (from, to): (Millis, Millis)) -> Option<Chart> {
        let is_good = |dot: &&Dot| dot.min.is_finite() && dot.mean.is_finite() && dot.max.is_finite();
        let dots: Vec<Dot> = dots.iter().filter(is_good).copied().collect();
        let least = dots.iter().map(|dot| dot.min).reduce(f64::min)?;
        let greatest = dots.iter().map(|dot| dot.max).reduce(f64::max)?;
        let count = dots.iter().fold(0.0, |count, _| count + 1.0);
        let mean = dots.iter().fold(0.0, |sum, dot| sum + dot.mean / count);
        let bottom = least.min(0.0);
        let span = if greatest > bottom { greatest - bottom } else { 1.0 };
        let y = |value: f64| (HEIGHT - (value - bottom) / span * HEIGHT).clamp(0.0, HEIGHT);
        let length = to.since(from).max(1);
        let x = |at: Millis| (at.since(from).clamp(0, length) * WIDTH).div_euclid(length);
        let mut chart = Chart {
            label: label.to_owned(),
            band: String::new(),
            line: String::new(),
            top: number(greatest, unit),
            words: format!(
                "{} on average, {} to {}",
                number(mean, unit),
                number(least, unit),
                number(greatest, unit)
            ),
        };
        for piece in dots.chunk_by(|one, next| one.to == next.from) {
            let mut back = String::new();
            for (index, dot) in piece.iter().enumerate() {
                let (begin, end) = (x(dot.from), x(dot.to));
                let command = if index == 0 { 'M' } else { 'L' };
                // Writing to a string does not fail.
                let _ = write!(chart.line, "{command}{begin} {0:.1}L{end} {0:.1}", y(dot.mean));
                let _ = write!(chart.band, "{command}{begin} {0:.1}L{end} {0:.1}", y(dot.max));
                back.insert_str(0, &format!("L{end} {0:.1}L{begin} {0:.1}", y(dot.min)));
            }
            chart.band.push_str(&back);
            chart.band.push('Z');
        }
        Some(chart)
    }
}

/// A value for people: three digits that count, and its unit; of seconds the one that fits.
pub fn number(value: f64, unit: &str) -> String {
    let (value, unit) = match unit {
        "s" if value.abs() < 0.001 => (value * 1e6, "\u{b5}s"),
        "s" if value.abs() < 1.0 => (value * 1e3, "ms"),
        other => (value, other),
    };
    let text = match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    match unit {
        "" => text.to_owned(),
        "%" => format!("{text}%"),
        unit => format!("{text} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dot(from: i64, to: i64, values: [f64; 3]) -> Dot {
        let [min, mean, max] = values;
        Dot { from: Millis(from), to: Millis(to), min, mean, max }
    }

    #[test]
    fn a_time_without_values_is_a_gap() {
        let dots = [dot(0, 10, [1.0, 2.0, 4.0]), dot(10, 20, [0.0, 1.0, 2.0]), dot(50, 60, [4.0; 3])];
        let chart = Chart::new("time", "s", &dots, (Millis(0), Millis(100))).unwrap();
        assert_eq!(chart.line, "M0 50.0L100 50.0L100 75.0L200 75.0M500 0.0L600 0.0");
        assert_eq!(chart.band.matches('Z').count(), 2);
        assert!(
            chart.band.starts_with("M0 0.0L100 0.0L100 50.0L200 50.0L200 100.0L100 100.0L100 75.0L0 75.0Z")
        );
        assert_eq!(
            (chart.top.as_str(), chart.words.as_str()),
            ("4 s", "2.33 s on average, 0 \u{b5}s to 4 s")
        );
        assert_eq!(Chart::new("time", "s", &[], (Millis(0), Millis(100))), None);
    }

    #[test]
    fn values_have_three_digits_that_count() {
        for (value, unit, text) in [
            (0.000_25, "s", "250 \u{b5}s"),
            (0.0123, "s", "12.3 ms"),
            (1.5, "s", "1.5 s"),
            (1_234.6, "", "1235"),
            (99.95, "%", "100%"),
            (42.0, "MB", "42 MB"),
            (-3.25, "", "-3.25"),
        ] {
            assert_eq!(number(value, unit), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_picture(values in prop::collection::vec((0..90_i64, any::<f64>()), 0..20)) {
            let mut dots: Vec<Dot> = values.iter().map(|(at, value)| dot(*at, at + 5, [*value; 3])).collect();
            dots.sort_by_key(|dot| dot.from);
            let Some(chart) = Chart::new("x", "", &dots, (Millis(0), Millis(100))) else { return Ok(()) };
            let texts = [chart.line, chart.band].join("");
            for point in texts.split(['M', 'L', 'Z']).filter(|point| !point.is_empty()) {
                let (x, y) = point.split_once(' ').unwrap();
                prop_assert!((0..=1_000).contains(&x.parse::<i64>().unwrap()), "{}", point);
                prop_assert!((0.0..=100.0).contains(&y.parse::<f64>().unwrap()), "{}", point);
            }
        }
    }
}
