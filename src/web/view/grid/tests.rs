use super::*;
use proptest::prelude::*;

/// 2026-11-25T10:07:00Z.
const NOW: i64 = 1_795_601_220_000;

fn clock(zone: &str) -> Clock {
    Clock::new(Millis(NOW), Zone::parse(Some(zone)).unwrap())
}

#[test]
fn cells_begin_with_the_clock_on_the_wall() {
    let clock = clock("Asia/Kolkata");
    let edges = |span, to| {
        let window = Window::new(span, to, &clock);
        let text = |at| clock.moment(at).text;
        (text(window.from), text(window.to))
    };
    // 15:37 there.
    assert_eq!(edges(Span::Day, None), ("24 Nov 15:45".to_owned(), "25 Nov 15:45".to_owned()));
    assert_eq!(edges(Span::Week, None), ("18 Nov 16:00".to_owned(), "25 Nov 16:00".to_owned()));
    assert_eq!(edges(Span::Quarter, None), ("28 Aug 00:00".to_owned(), "26 Nov 00:00".to_owned()));
    let window = Window::new(Span::Day, None, &clock);
    assert_eq!(window.after(&clock), None);
    let before = Window::new(Span::Day, Some(window.before()), &clock);
    assert_eq!((before.to, before.after(&clock)), (window.from, Some(clock.now())));
    assert_eq!(Window::new(Span::Day, Some(Millis(i64::MAX)), &clock), window);
    let marks = window.marks(&clock);
    assert_eq!((marks.len(), marks[0].0, marks[0].1.as_str()), (8, 12, "15:45"));
    for span in Span::ALL {
        let window = Window::new(span, None, &clock);
        let cells: usize = window.marks(&clock).iter().map(|(cells, _)| cells).sum();
        assert_eq!(u32::try_from(cells), Ok(window.cells));
        assert_eq!(Span::from_word(span.word()), Some(span));
    }
}

#[test]
fn a_cell_of_a_day_is_a_day_of_the_zone_also_when_clocks_are_changed() {
    // In spring a day of 23 hours, in autumn one of 25.
    for (now, short, hours) in
        [("2026-04-20T10:07:00Z", "29 Mar", 23), ("2026-11-25T10:07:00Z", "25 Oct", 25)]
    {
        let now: Timestamp = now.parse().unwrap();
        let zone = Zone::parse(Some("Europe/Paris")).unwrap();
        let clock = Clock::new(Millis(now.as_millisecond()), zone);
        let days = [Window::new(Span::Quarter, None, &clock), Window::days(90, &clock)];
        for window in days {
            let edges = window.edges(&clock);
            assert_eq!((edges.len(), edges[0], edges[90]), (91, window.from, window.to));
            let names: Vec<String> = edges.iter().map(|edge| clock.day(*edge)).collect();
            let place = names.iter().position(|name| name == short).unwrap();
            assert_eq!(edges[place + 1].since(edges[place]), hours * HOUR, "{short}");
            for edge in &edges {
                assert_eq!(clock.hour(*edge), "00:00", "{}", clock.moment(*edge).text);
            }
            let cells = vec![Cell { ok: 1, ..Cell::default() }; 90];
            let labels = Grid::new(window, &clock).each(&cells);
            assert!(labels.iter().filter(|run| run.label == format!("{short}: ok")).count() == 1);
        }
        for span in [Span::Week, Span::Month, Span::Quarter, Span::Year] {
            let mut window = Window::new(span, None, &clock);
            for _ in 0..8 {
                let before = Window::new(span, Some(window.before()), &clock);
                assert_eq!(
                    (before.to, before.after(&clock)),
                    (window.from, Some(window.to.min(clock.now())))
                );
                let edges = window.edges(&clock);
                assert!(edges.is_sorted_by(|one, next| one < next));
                let midnights = edges.iter().filter(|edge| clock.hour(**edge) == "00:00").count();
                let of_each = usize::try_from(DAY / window.span.cells().1.min(DAY)).unwrap();
                assert!(midnights >= (edges.len() - 1) / of_each, "each day begins at midnight");
                window = before;
            }
        }
    }
}

#[test]
fn what_is_to_come_is_not_missing() {
    let clock = clock("UTC");
    let grid = Grid::new(Window::new(Span::Day, None, &clock), &clock);
    // 10:00 to 10:15, of which 7 minutes were.
    let last = Cell { ok: 7 * MINUTE, no_data: 8 * MINUTE, ..Cell::default() };
    let cells = grid.settled(vec![last]);
    assert_eq!((cells[0].no_data, class(&cells[0])), (0, 'o'));
}

#[test]
fn what_is_the_same_is_one_run() {
    let clock = clock("UTC");
    let grid = Grid::new(Window::new(Span::Day, None, &clock), &clock);
    let ok = Cell { ok: 15 * MINUTE, ..Cell::default() };
    let ko = Cell { ok: 12 * MINUTE, ko: 3 * MINUTE, ..Cell::default() };
    let planned = Cell { planned: 15 * MINUTE, ..Cell::default() };
    let runs = grid.runs(&[ok, ok, ko, ko, planned, Cell::default()]);
    let found: Vec<(usize, char)> = runs.iter().map(|run| (run.cells, run.class)).collect();
    assert_eq!(found, [(2, 'o'), (1, 'k'), (1, 'k'), (1, 'p'), (1, 'n')]);
    assert_eq!(runs[0].label, "10:15 \u{2013} 10:45: ok");
    assert_eq!(runs[1].label, "10:45 \u{2013} 11:00: ko 3m, ok 12m");
    assert_eq!(measured(&sum(&[ok, ko])).unwrap().to_string(), "90.000");
}

proptest! {
    #[test]
    fn runs_are_as_many_cells(parts in prop::collection::vec([0..3_i64, 0..3_i64, 0..2_i64, 0..3_i64], 0..96)) {
        let clock = clock("UTC");
        let grid = Grid::new(Window::new(Span::Day, None, &clock), &clock);
        let cells: Vec<Cell> = parts
            .iter()
            .map(|[ok, ko, but, no_data]| Cell { ok: *ok, ko: *ko, but: *but, no_data: *no_data, ..Cell::default() })
            .collect();
        let runs = grid.runs(&cells);
        prop_assert_eq!(runs.iter().map(|run| run.cells).sum::<usize>(), cells.len());
        let drawn: String = runs.iter().map(|run| run.class.to_string().repeat(run.cells)).collect();
        prop_assert_eq!(drawn, cells.iter().map(class).collect::<String>());
    }
}
