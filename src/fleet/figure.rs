//! What is measured of an object, and what many values of it come to. Pure.

use std::sync::Arc;

/// What is measured: a response time, or a label of performance data.
///
/// Copies share their words, and a response time has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measure(Option<Arc<(Box<str>, Box<str>)>>);

/// The unit of response times.
const SECONDS: &str = "s";

impl Measure {
    /// How long an answer took, in seconds.
    pub const RESPONSE_TIME: Measure = Measure(None);

    /// A label of performance data with the unit behind its values. Without a label it is the response time.
    pub fn performance(label: &str, unit: &str) -> Measure {
        if label.is_empty() {
            return Measure::RESPONSE_TIME;
        }
        Measure(Some(Arc::new((label.into(), unit.into()))))
    }

    /// The label; empty of a response time.
    pub fn label(&self) -> &str {
        self.0.as_ref().map_or("", |words| &words.0)
    }

    /// The unit, as the plugin has it; may be empty.
    pub fn unit(&self) -> &str {
        self.0.as_ref().map_or(SECONDS, |words| &words.1)
    }
}

/// What values come to: their least, mean and greatest, and how many they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The least.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
    /// How many.
    pub count: u32,
}

impl Figure {
    /// Of one value.
    pub fn of(value: f64) -> Figure {
        Figure { min: value, mean: value, max: value, count: 1 }
    }

    /// Of these values and those.
    #[must_use]
    pub fn with(self, other: Figure) -> Figure {
        let count = self.count.saturating_add(other.count);
        let share = f64::from(other.count) / f64::from(count.max(1));
        let (min, max) = (self.min.min(other.min), self.max.max(other.max));
        // Each is weighed before they are added, which no two values overflow; rounding may step over the edge.
        let mean = (self.mean * (1.0 - share) + other.mean * share).clamp(min, max);
        Figure { min, mean, max, count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn measures_are_told_apart_by_label_and_unit() {
        let time = Measure::performance("", "ms");
        assert_eq!((time.label(), time.unit()), ("", "s"));
        assert_eq!(time, Measure::RESPONSE_TIME);
        let (size, percent) = (Measure::performance("/", "MB"), Measure::performance("/", "%"));
        assert_eq!((size.label(), size.unit()), ("/", "MB"));
        assert!(size != percent && time < percent && percent < size);
        assert_eq!(size.clone(), Measure::performance("/", "MB"));
    }

    proptest! {
        #[test]
        fn many_come_to_what_all_of_them_come_to(
            values in prop::collection::vec(-1e9f64..1e9, 1..60), at in any::<prop::sample::Index>()
        ) {
            let sum = |values: &[f64]| values.iter().map(|value| Figure::of(*value)).reduce(Figure::with);
            let whole = sum(&values).unwrap();
            let count = u32::try_from(values.len()).unwrap();
            let mean = values.iter().sum::<f64>() / f64::from(count);
            prop_assert_eq!(whole.count, count);
            prop_assert_eq!(whole.min, values.iter().copied().fold(f64::INFINITY, f64::min));
            prop_assert_eq!(whole.max, values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            prop_assert!((whole.mean - mean).abs() <= 1e-3, "{} {}", whole.mean, mean);
            // However they were put together.
            let (first, second) = values.split_at(at.index(values.len()));
            let parts = sum(first).into_iter().chain(sum(second)).reduce(Figure::with).unwrap();
            prop_assert_eq!((parts.min, parts.max, parts.count), (whole.min, whole.max, whole.count));
            prop_assert!((parts.mean - whole.mean).abs() <= 1e-3);
        }

        #[test]
        fn the_mean_lies_between_the_least_and_the_greatest(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(a.is_finite() && b.is_finite());
            let both = Figure::of(a).with(Figure::of(b));
            prop_assert!(both.min <= both.mean && both.mean <= both.max, "{both:?}");
        }
    }
}
