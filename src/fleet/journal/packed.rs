//! Figures in few octets: as the journal keeps them.
//!
//! A list of figures, each with a number, which ascend. Of each:
//!
//! - four times the count, and 1 more where its values are all the same, and 2 more where its number is not the one
//!   behind the last (the first one's: where it is not 0);
//! - only then how many numbers are passed over;
//! - the mean, and unless all values are the same the least and the greatest: each the first four octets of a double
//!   (IEEE 754, big-endian), rounded, which is six digits.
//!
//! Whole numbers are written in groups of seven bits, the lowest first, all but the last one with 128 more (LEB128).

use crate::figure::Figure;

const ARE_SAME: u64 = 1;
const IS_BEHIND_A_GAP: u64 = 2;
const COUNT_SHIFT: u32 = 2;
/// What a value does not keep.
const CUT_BITS: u64 = 0xffff_ffff;

/// The figures as octets. Their numbers have to ascend.
pub(super) fn pack(figures: impl IntoIterator<Item = (u32, Figure)>) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut next = 0;
    for (number, figure) in figures {
        let [min, mean, max] = [figure.min, figure.mean, figure.max].map(short);
        let (are_same, gap) = (min == max, number.saturating_sub(next));
        let mut head = u64::from(figure.count) << COUNT_SHIFT;
        head |= if are_same { ARE_SAME } else { 0 } | if gap > 0 { IS_BEHIND_A_GAP } else { 0 };
        push(&mut octets, head);
        if gap > 0 {
            push(&mut octets, gap.into());
        }
        octets.extend_from_slice(&mean);
        if !are_same {
            octets.extend_from_slice(&min);
            octets.extend_from_slice(&max);
        }
        next = number.saturating_add(1);
    }
    octets
}

/// The figures in such octets. What others have damaged ends them.
pub(super) fn unpack(mut octets: &[u8]) -> impl Iterator<Item = (u32, Figure)> + '_ {
    let mut next = 0_u32;
    std::iter::from_fn(move || {
        let head = take(&mut octets)?;
        let gap = if head & IS_BEHIND_A_GAP == 0 { 0 } else { u32::try_from(take(&mut octets)?).ok()? };
        let number = next.checked_add(gap)?;
        next = number.saturating_add(1);
        let count = u32::try_from(head >> COUNT_SHIFT).ok()?;
        let mean = long(&mut octets)?;
        let (min, max) = match head & ARE_SAME {
            0 => (long(&mut octets)?, long(&mut octets)?),
            _ => (mean, mean),
        };
        Some((number, Figure { min, mean, max, count }))
    })
}

fn short(value: f64) -> [u8; 4] {
    let rounded = f64::from_bits(value.to_bits().saturating_add(CUT_BITS / 2 + 1));
    let value = if rounded.is_finite() { rounded } else { value };
    let [a, b, c, d, ..] = value.to_be_bytes();
    [a, b, c, d]
}

fn long(octets: &mut &[u8]) -> Option<f64> {
    let (first, rest) = octets.split_first_chunk::<4>()?;
    *octets = rest;
    let [a, b, c, d] = *first;
    Some(f64::from_be_bytes([a, b, c, d, 0, 0, 0, 0])).filter(|value| value.is_finite())
}

fn push(octets: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = (number & 0x7f).to_le_bytes();
        number >>= 7;
        if number == 0 {
            return octets.push(low);
        }
        octets.push(low | 0x80);
    }
}

fn take(octets: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (octet, rest) = octets.split_first()?;
        *octets = rest;
        number |= u64::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn figure() -> impl Strategy<Value = Figure> {
        let value = || prop_oneof![-1e12f64..1e12, 0.0..1.0, any::<f64>(), Just(f64::MAX), Just(0.0)];
        let value = || value().prop_filter("finite", |value| value.is_finite());
        (value(), value(), any::<u32>())
            .prop_map(|(a, b, count)| Figure { count, ..Figure::of(a).with(Figure::of(b)) })
    }

    /// Six digits are kept.
    fn is_like(found: f64, put: f64) -> bool {
        (found - put).abs() <= put.abs() * 5e-7 + f64::MIN_POSITIVE
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(figures in prop::collection::btree_map(any::<u32>(), figure(), 0..40)) {
            let octets = pack(figures.clone());
            let found: BTreeMap<u32, Figure> = unpack(&octets).collect();
            prop_assert_eq!(found.len(), figures.len());
            for ((number, found), (put_number, put)) in found.iter().zip(&figures) {
                prop_assert_eq!((number, found.count), (put_number, put.count));
                prop_assert!(is_like(found.min, put.min) && is_like(found.max, put.max), "{found:?} {put:?}");
                prop_assert!(is_like(found.mean, put.mean) && found.min <= found.mean && found.mean <= found.max);
            }
            // What was rounded once stays as it is.
            prop_assert_eq!(pack(found), octets);
        }

        #[test]
        fn any_octets_come_to_an_end(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let found: Vec<_> = unpack(&octets).collect();
            prop_assert!(found.is_sorted_by_key(|(number, _)| *number));
            prop_assert!(found.iter().all(|(_, figure)| figure.mean.is_finite()));
        }
    }

    #[test]
    fn it_takes_few_octets() {
        let time = Figure { min: 0.001, mean: 0.0012, max: 0.1, count: 30 };
        assert_eq!(pack([(0, time), (1, time)]).len(), 2 * 13);
        assert_eq!(pack([(7, time)]).len(), 14);
        assert_eq!(pack([(0, Figure::of(5968.0)), (1, Figure::of(-0.5))]).len(), 2 * 5);
    }

    #[test]
    fn whole_numbers_up_to_two_million_are_kept_exactly() {
        for value in [0.0, 1.0, -3.0, 65_535.0, 2_097_151.0] {
            let octets = pack([(0, Figure::of(value))]);
            assert_eq!(unpack(&octets).next(), Some((0, Figure::of(value))));
        }
    }

    #[test]
    fn this_is_the_form_that_the_man_page_tells() {
        let figures = [(3, Figure { min: 1.0, mean: 1.5, max: 2.0, count: 40 }), (4, Figure::of(1.0))];
        let expected = [
            [0xa2, 0x01, 3].as_slice(),
            &[0x3f, 0xf8, 0, 0, 0x3f, 0xf0, 0, 0, 0x40, 0, 0, 0],
            &[0x05, 0x3f, 0xf0, 0, 0],
        ];
        assert_eq!(pack(figures), expected.concat());
    }
}
