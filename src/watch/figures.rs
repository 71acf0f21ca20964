//! What is measured of targets, gathered for five minutes at a time. Pure: names, times and values come in as arguments.
//!
//! ```text
//!  answers, plugins --values--> Figures: a row of least, mean, greatest for each series --five minutes--> Changes
//! ```
//!
//! A series that there is stays for a day without a value: when there are as many as may be, who came first goes on, and
//! does so after a restart. Nothing is allocated for a value of a series that there is.

#[cfg(test)]
mod tests;

use crate::decide::changes::{Keep, Note};
use crate::decide::fleet::ids::TargetId;
use crate::limits::{
    FIGURE_LABEL_OCTETS, FIGURE_LABELS, FIGURE_SERIES, FIGURE_UNIT_OCTETS, FIGURES_IDLE, FIGURES_OPEN,
};
use oco::logic::perfdata;
use oco::logic::text::printable;
use oco::logic::time::Nanos;
use oco_fleet::figure::{Figure, Measure};
use oco_fleet::journal::{FIGURE_MS, Measured, slot_of};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::collections::HashSet;
use std::time::Duration;

/// One measure of one target.
#[derive(Debug)]
struct Series {
    target: TargetId,
    measure: Measure,
    /// For so many times five minutes there was no value.
    idle: u16,
    figure: Option<Figure>,
}

/// The gathering.
#[derive(Debug)]
pub struct Figures {
    /// By target and measure.
    series: Vec<Series>,
    /// The number of the five minutes that go on.
    slot: i64,
    /// When what was gathered is handed out at the latest, whatever the wall clock does.
    latest: Nanos,
    /// Who was left out first, since there were as many series as may be, until there is a place again.
    full: Told,
    /// Of whom labels were left out first.
    odd: Told,
}

/// What is told once.
#[derive(Debug, Default, PartialEq, Eq)]
enum Told {
    #[default]
    No,
    Soon(TargetId),
    Yes,
}

impl Told {
    fn note(&mut self, target: TargetId) {
        if *self == Told::No {
            *self = Told::Soon(target);
        }
    }

    fn take(&mut self) -> Option<TargetId> {
        let &mut Told::Soon(target) = self else { return None };
        *self = Told::Yes;
        Some(target)
    }
}

impl Figures {
    /// Nothing yet, but places for what was measured before.
    pub fn new(kept: impl Iterator<Item = (TargetId, Measure)>, at: Millis, boot: Nanos) -> Figures {
        let series = kept.take(FIGURE_SERIES);
        let mut series: Vec<Series> =
            series.map(|(target, measure)| Series { target, measure, idle: 0, figure: None }).collect();
        series.sort_unstable_by(|a, b| (a.target, &a.measure).cmp(&(b.target, &b.measure)));
        Figures { series, slot: slot_of(at), latest: boot.after(FIGURES_OPEN), full: Told::No, odd: Told::No }
    }

    /// A target has answered, after so long.
    pub fn answered(&mut self, target: TargetId, took: Duration) {
        self.add(target, "", Measure::RESPONSE_TIME.unit(), took.as_secs_f64());
    }

    /// Somebody reported this performance data of a target, without the words before it.
    pub fn told(&mut self, target: TargetId, perfdata: &str) {
        self.said(target, &format!("|{perfdata}"));
    }

    /// A plugin said this of a target, with performance data or not.
    pub fn said(&mut self, target: TargetId, text: &str) {
        let mut seen = HashSet::new();
        for sample in perfdata::figures(text, false).flatten() {
            let is_odd = sample.label.len() > FIGURE_LABEL_OCTETS
                || sample.unit.len() > FIGURE_UNIT_OCTETS
                || printable(sample.label.as_bytes()) != sample.label;
            if is_odd || seen.len() >= FIGURE_LABELS {
                self.odd.note(target);
            } else if seen.insert((sample.label.clone(), sample.unit)) {
                self.add(target, &sample.label, sample.unit, sample.value);
            }
        }
    }

    fn add(&mut self, target: TargetId, label: &str, unit: &str, value: f64) {
        let key = (target, label, unit);
        let place = self.series.binary_search_by(|series| {
            (series.target, series.measure.label(), series.measure.unit()).cmp(&key)
        });
        match place {
            Ok(place) => {
                if let Some(series) = self.series.get_mut(place) {
                    let figure = Figure::of(value);
                    series.figure = Some(series.figure.map_or(figure, |there| there.with(figure)));
                }
            }
            Err(_) if self.series.len() >= FIGURE_SERIES => self.full.note(target),
            Err(_) if !label.is_empty() && self.labels(target) >= FIGURE_LABELS => self.odd.note(target),
            Err(place) => {
                let measure = Measure::performance(label, unit);
                let figure = Some(Figure::of(value));
                self.series.insert(place, Series { target, measure, idle: 0, figure });
            }
        }
    }

    /// How many series of performance data there are of a target.
    fn labels(&self, target: TargetId) -> usize {
        let first = self.series.partition_point(|series| series.target < target);
        let of_target = self.series.iter().skip(first).take_while(|series| series.target == target);
        of_target.filter(|series| series.measure != Measure::RESPONSE_TIME).count()
    }

    /// Hands out what was gathered when its five minutes are over. By a clock that stands still they end too, so that
    /// no more than that is lost by a kill.
    pub fn turn<'a>(
        &mut self,
        at: Millis,
        boot: Nanos,
        names: impl Fn(TargetId) -> Option<&'a ObjectName>,
        (keep, notes): (&mut Vec<Keep>, &mut Vec<Note>),
    ) {
        if let Some(name) = self.full.take().and_then(&names) {
            notes.push(Note::FiguresFull(name.clone()));
        }
        if let Some(name) = self.odd.take().and_then(&names) {
            notes.push(Note::FiguresLeftOut(name.clone()));
        }
        if slot_of(at) != self.slot || self.latest <= boot {
            self.hand_out(at, boot, names, keep);
        }
    }

    /// Hands out what was gathered, whether its five minutes are over or not, and forgets who is gone.
    pub fn hand_out<'a>(
        &mut self,
        at: Millis,
        boot: Nanos,
        names: impl Fn(TargetId) -> Option<&'a ObjectName>,
        keep: &mut Vec<Keep>,
    ) {
        let mut measured = Vec::new();
        self.series.retain_mut(|series| {
            let Some(name) = names(series.target) else { return false };
            match series.figure.take() {
                Some(figure) => {
                    series.idle = 0;
                    measured.push(Measured { name: name.clone(), measure: series.measure.clone(), figure });
                }
                None => series.idle = series.idle.saturating_add(1),
            }
            series.idle < FIGURES_IDLE
        });
        self.series.shrink_to_fit();
        // Not where labels come and go: that would be told each five minutes.
        if self.series.len() < FIGURE_SERIES / 10 * 9 {
            self.full = Told::No;
        }
        if !measured.is_empty() {
            // Numbers that are given in the order of names lie together for who looks at a service.
            measured.sort_unstable_by(|a, b| (&a.measure, &a.name).cmp(&(&b.measure, &b.name)));
            let at = Millis(self.slot.saturating_mul(FIGURE_MS));
            keep.push(Keep::Figures { at, measured });
        }
        (self.slot, self.latest) = (slot_of(at), boot.after(FIGURES_OPEN));
    }

    /// Forgets the series of targets that are gone.
    pub fn retain(&mut self, is_there: impl Fn(TargetId) -> bool) {
        self.series.retain(|series| is_there(series.target));
    }
}
