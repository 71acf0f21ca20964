//! The table: what is demanded, what was measured, and whether that is good enough.

use std::fmt;

/// Whether a figure depends on how fast the machine is. Those that do are printed but not judged in a smoke run.
#[derive(Clone, Copy, PartialEq)]
pub enum Nature {
    Time,
    Fixed,
}

#[derive(Clone, Copy)]
pub enum Unit {
    Ratio,
    Number,
    Bytes,
    Megabytes,
    Millis,
    Micros,
}

impl Unit {
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Ratio if value < 0.05 => format!("1/{:.0}", 1.0 / value),
            Unit::Ratio => format!("{value:.2}"),
            Unit::Number if value.fract() == 0.0 => format!("{value:.0}"),
            Unit::Number => format!("{value:.2}"),
            Unit::Bytes if value < 4096.0 => format!("{value:.0} B"),
            Unit::Bytes => format!("{:.0} KiB", value / 1024.0),
            Unit::Megabytes => format!("{:.2} MB", value / 1e6),
            Unit::Millis => format!("{value:.1} ms"),
            Unit::Micros => format!("{value:.1} us"),
        }
    }
}

#[derive(PartialEq)]
enum Verdict {
    Pass,
    Fail,
    NotJudged,
    Skipped,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "FAIL",
            Verdict::NotJudged => "-",
            Verdict::Skipped => "skipped",
        })
    }
}

struct Row {
    figure: String,
    demanded: String,
    measured: String,
    spread: String,
    detail: String,
    verdict: Verdict,
}

/// What is known about a figure besides its name.
pub struct Figure<'a> {
    pub name: &'a str,
    pub unit: Unit,
    pub nature: Nature,
    /// The demand; without one the figure is for comparison only.
    pub at_most: Option<f64>,
}

pub struct Report {
    rows: Vec<Row>,
    judge_times: bool,
}

impl Report {
    pub fn new(judge_times: bool) -> Report {
        Report { rows: Vec::new(), judge_times }
    }

    /// Judge the median of the samples.
    pub fn add(&mut self, figure: &Figure, samples: &[f64], detail: impl Into<String>) {
        let Figure { unit, nature, .. } = *figure;
        let measured = median(samples);
        let low = samples.iter().copied().fold(f64::INFINITY, f64::min);
        let high = samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let verdict = match figure.at_most {
            None => Verdict::NotJudged,
            Some(_) if nature == Nature::Time && !self.judge_times => Verdict::NotJudged,
            Some(limit) if measured <= limit => Verdict::Pass,
            Some(_) => Verdict::Fail,
        };
        self.push(Row {
            figure: figure.name.into(),
            demanded: figure.at_most.map(|limit| unit.show(limit)).unwrap_or_default(),
            measured: unit.show(measured),
            spread: if samples.len() > 1 {
                format!("{} - {}", unit.show(low), unit.show(high))
            } else {
                String::new()
            },
            detail: detail.into(),
            verdict,
        });
    }

    /// A figure that could not be had, though it should.
    pub fn fail(&mut self, name: &str, why: &str) {
        self.without_value(name, why, Verdict::Fail);
    }

    /// A figure for which this machine lacks something.
    pub fn skip(&mut self, name: &str, why: &str) {
        self.without_value(name, why, Verdict::Skipped);
    }

    fn without_value(&mut self, name: &str, why: &str, verdict: Verdict) {
        let (demanded, measured, spread) = Default::default();
        self.push(Row { figure: name.into(), demanded, measured, spread, detail: why.into(), verdict });
    }

    fn push(&mut self, row: Row) {
        eprintln!("{}: {} {} {}", row.figure, row.measured, row.verdict, row.detail);
        self.rows.push(row);
    }

    pub fn passed(&self) -> bool {
        self.rows.iter().all(|row| row.verdict != Verdict::Fail)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let header = ["figure", "at most", "measured", "min - max", "verdict", "detail"].map(String::from);
        let mut table = vec![header, [const { String::new() }; 6]];
        for row in &self.rows {
            let Row { figure, demanded, measured, spread, detail, verdict } = row;
            let detail: String = detail.lines().next().unwrap_or_default().chars().take(120).collect();
            table.push([figure, demanded, measured, spread, &verdict.to_string(), &detail].map(String::from));
        }
        let width = |column: usize| table.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        for (number, row) in table.iter().enumerate() {
            let fill = if number == 1 { '-' } else { ' ' };
            for (text, width) in row.iter().zip(widths) {
                let rest: String = std::iter::repeat_n(fill, width - text.len()).collect();
                write!(f, "| {text}{rest} ")?;
            }
            writeln!(f, "|")?;
        }
        Ok(())
    }
}

pub fn median(samples: &[f64]) -> f64 {
    quantile(samples, 0.5)
}

/// The sample below which this share of them lies.
pub fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// 12345 as 12,345.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}
