//! What was measured, as pictures: response times and performance data.

use super::parts::Link;
use crate::limits::{CHART_OBJECTS, CHART_POINTS, CHARTS};
use crate::view::chart::{Chart, Dot};
use crate::view::grid::Window;
use crate::view::name::{Name, plain};
use askama::Template;
use askama::filters::HtmlSafe;
use oco_fleet::figure::Measure;
use oco_fleet::journal::{JournalError, Point, Reader};
use oco_fleet::object::ObjectName;

/// What was measured of somebody over a time.
#[derive(Debug)]
pub(super) struct Series {
    name: ObjectName,
    measure: Measure,
    points: Vec<Point>,
}

/// Pictures of it.
#[derive(Template)]
#[template(path = "charts.html")]
pub(super) struct Charts {
    charts: Vec<(Link, Chart)>,
}

impl HtmlSafe for Charts {}

/// What was measured of these, response times first, at most so much as a page shows.
pub(super) fn read(
    reader: &mut Reader,
    names: &[ObjectName],
    window: Window,
) -> Result<Vec<Series>, JournalError> {
    let names: Vec<ObjectName> = names.iter().take(CHART_OBJECTS).cloned().collect();
    let mut all = Vec::new();
    for measure in reader.measures(&names)? {
        let left = CHARTS.saturating_sub(all.len());
        if left == 0 {
            break;
        }
        let figures = reader.figures(&names, &measure, window.from, window.to, CHART_POINTS)?;
        let some = names.iter().zip(figures).filter(|(_, points)| !points.is_empty()).take(left);
        all.extend(some.map(|(name, points)| Series {
            name: name.clone(),
            measure: measure.clone(),
            points,
        }));
    }
    Ok(all)
}

impl Charts {
    /// Pictures of these over a time, each with the name that `named` gives.
    pub(super) fn of(series: &[Series], window: Window, named: impl Fn(&ObjectName) -> Name) -> Charts {
        let chart = |series: &Series| {
            let dot = |point: &Point| {
                let Point { from, to, figure } = *point;
                Dot { from, to, min: figure.min, mean: figure.mean, max: figure.max }
            };
            let dots: Vec<Dot> = series.points.iter().map(dot).collect();
            let label = match series.measure.label() {
                "" => "response time".to_owned(),
                label => plain(label),
            };
            let unit = plain(series.measure.unit());
            let chart = Chart::new(&label, &unit, &dots, (window.from, window.to))?;
            Some((Link::to(named(&series.name)), chart))
        };
        Charts { charts: series.iter().filter_map(chart).collect() }
    }
}
