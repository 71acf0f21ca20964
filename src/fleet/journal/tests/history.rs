//! What was written is read back, and how it was over a time is what a naive model says, which looks at each
//! millisecond.

use super::*;
use crate::availability::{Durations, Ground, availability};
use crate::object::Pattern;
use proptest::prelude::*;

/// What may happen to three objects within some hundred milliseconds, and in which order.
#[derive(Debug, Clone)]
enum Step {
    Change { who: usize, code: u16, planned: bool },
    Watch { who: usize },
    Forget { who: usize },
    Gap { length: i64 },
    Restart,
    Prune,
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let code = prop::sample::select(vec![0_u16, 200, 210, 300, 301, 500]);
    let step = prop_oneof![
        8 => (0..3_usize, code, any::<bool>())
            .prop_map(|(who, code, planned)| Step::Change { who, code, planned }),
        1 => (0..3_usize).prop_map(|who| Step::Watch { who }),
        1 => (0..3_usize).prop_map(|who| Step::Forget { who }),
        1 => (1..9_i64).prop_map(|length| Step::Gap { length }),
        1 => Just(Step::Restart),
        1 => Just(Step::Prune),
    ];
    prop::collection::vec((0..20_i64, step), 1..40)
}

const NAMES: [&str; 3] = ["web/oco/a", "web/oco", "node:shop"];
/// Offsets that the model knows, in pieces of this many real milliseconds, so that the steps lie in several chunks.
const SPAN: i64 = 900;
const PIECE: i64 = CHUNK_MS / 200;

/// How one object stood in each piece of time, and what happened to it.
#[derive(Debug, Clone)]
struct Model {
    cells: Vec<Option<(State, bool)>>,
    is_absent: Vec<bool>,
    now: Standing,
    is_watched: bool,
    has_begun: bool,
    gone: i64,
    rows: Vec<(i64, Standing)>,
}

impl Model {
    fn new() -> Model {
        let cells = vec![None; usize::try_from(SPAN).unwrap()];
        let is_absent = vec![false; cells.len()];
        let (now, rows) = (Standing::default(), Vec::new());
        Model { cells, is_absent, now, is_watched: false, has_begun: false, gone: 0, rows }
    }

    fn stand(&mut self, from: i64, standing: Option<(State, bool)>) {
        self.cells.iter_mut().skip(usize::try_from(from).unwrap()).for_each(|cell| *cell = standing);
    }
}

fn run(steps: Vec<(i64, Step)>) {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = Writer::open(dir.path(), at(0), 0).unwrap();
    let mut models = [Model::new(), Model::new(), Model::new()];
    let mut gaps = Vec::new();
    let mut batch = Vec::new();
    let mut now = 1;
    let mut pruned = 0;
    for (wait, step) in steps {
        now = (now + wait).min(SPAN - 20);
        let when = at(now * PIECE);
        match step {
            Step::Change { who, code, planned } => {
                let model = &mut models[who];
                // Whoever came back within the millisecond of its going is a case for a test of its own.
                now += i64::from(!model.is_watched && model.has_begun);
                let mut new = standing(code, if code >= 300 { "refused" } else { "" });
                new.planned = planned;
                batch.push(Entry::Transition(transition(
                    NAMES[who],
                    now * PIECE,
                    model.now.clone(),
                    new.clone(),
                )));
                if model.has_begun && !model.is_watched {
                    // Between its going and its coming it is unknown, or there is no data.
                    let (gone, back) = (usize::try_from(model.gone).unwrap(), usize::try_from(now).unwrap());
                    model.is_absent[gone..back].fill(true);
                }
                model.stand(now, Some((new.state, planned)));
                model.rows.push((now, new.clone()));
                (model.now, model.is_watched, model.has_begun) = (new, true, true);
            }
            Step::Watch { who } => {
                let model = &mut models[who];
                if !model.has_begun {
                    batch.push(Entry::Watched { names: vec![name(NAMES[who])], at: when });
                    model.stand(now, Some((State::Unknown, false)));
                    (model.is_watched, model.has_begun) = (true, true);
                }
            }
            Step::Forget { who } => {
                let model = &mut models[who];
                batch.push(Entry::Forget { name: name(NAMES[who]), at: when });
                if model.is_watched {
                    if model.now.state != State::Unknown || model.now.planned {
                        model.rows.push((now, Standing::unknown("no longer watched")));
                    }
                    model.stand(now, None);
                    (model.now, model.is_watched, model.gone) = (Standing::default(), false, now);
                }
            }
            Step::Gap { length } => {
                gaps.push((now, (now + length).min(SPAN)));
                batch.push(Entry::Gap { since: when, until: at((now + length).min(SPAN) * PIECE) });
            }
            Step::Restart => {
                writer.write(&batch).unwrap();
                batch.clear();
                drop(writer);
                // Nothing tells of the time since the last sign of life.
                let alive = reader(&dir).known().unwrap().1;
                writer = Writer::open(dir.path(), when, 0).unwrap().0;
                if alive < when {
                    gaps.push(((alive.0 - START).div_euclid(PIECE), now));
                }
            }
            Step::Prune => {
                writer.write(&batch).unwrap();
                batch.clear();
                let before = now / 2;
                if writer.prune(at(before * PIECE), 1000).unwrap() > 0 {
                    pruned = pruned.max(before);
                }
                let before = at(before * PIECE);
                models.iter_mut().for_each(|model| model.rows.retain(|(row, _)| at(row * PIECE) >= before));
            }
        }
    }
    writer.write(&batch).unwrap();
    for model in &mut models {
        for (since, until) in gaps.iter().copied().chain([(0, pruned)]) {
            (since..until).for_each(|cell| model.cells[usize::try_from(cell).unwrap()] = None);
        }
    }
    let mut reader = reader(&dir);
    // From anywhere to anywhere, as far as it can have been pruned not at all.
    for (from, to) in [(0, SPAN), (now / 2, now), (now / 3, now / 3 + 7), (now, SPAN), (5, 5)] {
        for (who, model) in models.iter().enumerate() {
            check_spans(&mut reader, NAMES[who], model, from, to);
        }
    }
    check_log(&mut reader, &models);
}

fn check_spans(reader: &mut Reader, who: &str, model: &Model, from: i64, to: i64) {
    let (begin, end) = (at(from * PIECE), at(to * PIECE));
    let spans = reader.spans(&[name(who)], begin, end, Millis(i64::MAX)).unwrap().remove(0);
    let mut next = begin;
    for span in &spans {
        assert_eq!(span.from, next, "a hole in {spans:?}");
        assert!(span.to > span.from);
        next = span.to;
        let shown = span.state.map(|state| (state, span.planned));
        for cell in (span.from.0 - START) / PIECE..(span.to.0 - START) / PIECE {
            let cell_at = usize::try_from(cell).unwrap();
            let is_nothing = matches!(shown, None | Some((State::Unknown, false)));
            if model.is_absent[cell_at] && is_nothing {
                continue;
            }
            assert_eq!(shown, model.cells[cell_at], "{who} at {cell}: {spans:?}");
        }
    }
    assert_eq!(next, end.max(begin));
    if to <= from {
        return;
    }
    let cells = u32::try_from(to - from).unwrap();
    for cells in [cells, cells.div_ceil(7)] {
        let bars = reader.bars(&[name(who)], begin, end, cells, Millis(i64::MAX)).unwrap();
        let letters = bars[0].letters();
        assert_eq!(letters.len(), usize::try_from(cells).unwrap());
        let sum: i64 = bars[0].cells.iter().map(Cell::length).sum();
        assert_eq!(sum, end.since(begin));
        if cells == u32::try_from(to - from).unwrap() {
            for (cell, shown) in (from..to).zip(letters.chars()) {
                let is_absent = model.is_absent[usize::try_from(cell).unwrap()];
                assert!(is_absent || shown == letter(model, cell), "{who} at {cell}: {letters}");
            }
        }
    }
}

fn letter(model: &Model, cell: i64) -> char {
    match model.cells[usize::try_from(cell).unwrap()] {
        None => '.',
        Some((State::Unknown, _)) => 'u',
        Some((State::Ok, _)) => 'o',
        Some((State::But, _)) => 'b',
        Some((State::Ko, _)) => 'k',
    }
}

fn check_log(reader: &mut Reader, models: &[Model; 3]) {
    let all: usize = models.iter().map(|model| model.rows.len()).sum();
    let page = reader.log(&LogWish { limit: 1000, ..LogWish::default() }).unwrap();
    assert_eq!((page.rows.len(), page.is_whole), (all, true));
    assert!(page.rows.is_sorted_by_key(|row| row.at));
    for (who, model) in models.iter().enumerate() {
        let pattern = Pattern::parse(NAMES[who]).unwrap();
        let wish = LogWish { patterns: vec![pattern], limit: 1000, ..LogWish::default() };
        let rows = reader.log(&wish).unwrap().rows;
        let of_all: Vec<_> = page.rows.iter().filter(|row| row.name == NAMES[who]).cloned().collect();
        // A service brings its targets along.
        let own: Vec<_> = rows.into_iter().filter(|row| row.name == NAMES[who]).collect();
        assert_eq!(own, of_all);
        let read: Vec<_> = own
            .into_iter()
            .map(|row| match row.what {
                Happened::Transition { new, .. } => ((row.at.0 - START) / PIECE, new),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(read, model.rows, "{}", NAMES[who]);
    }
    // The last ones are as many as are asked for, also where they part a millisecond.
    let last = reader.log(&LogWish { limit: 5, is_last_page: true, ..LogWish::default() }).unwrap().rows;
    let times = |rows: &[LogRow]| rows.iter().map(|row| row.at).collect::<Vec<_>>();
    assert_eq!(times(&last), times(&page.rows[all.saturating_sub(5)..]));
    // Page by page it is the same.
    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let page = reader.log(&LogWish { limit: 5, before, ..LogWish::default() }).unwrap();
        pages.splice(0..0, page.rows.iter().cloned());
        match page.rows.first() {
            Some(first) if !page.is_whole => before = Some(first.at),
            _ => break,
        }
    }
    if page.rows.chunk_by(|a, b| a.at == b.at).all(|rows| rows.len() <= 5) {
        assert_eq!(pages, page.rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]
    #[test]
    fn any_history_is_read_back_as_it_was(steps in steps()) {
        run(steps);
    }
}

#[test]
fn who_comes_back_in_the_millisecond_of_its_going_is_noted_behind_it() {
    let (dir, mut writer) = begun();
    let (ok, ko) = (standing(200, ""), standing(300, "refused"));
    let entries = [
        Entry::Transition(transition("web/oco/a", 0, Standing::default(), ok)),
        Entry::Forget { name: name("web/oco/a"), at: at(10) },
        Entry::Transition(transition("web/oco/a", 10, Standing::default(), ko)),
    ];
    writer.write(&entries).unwrap();
    let spans = reader(&dir).spans(&[name("web/oco/a")], at(0), at(20), at(20)).unwrap().remove(0);
    let read: Vec<_> = spans.iter().map(|span| (span.from.since(at(0)), span.state)).collect();
    assert_eq!(read, [(0, Some(State::Ok)), (10, Some(State::Unknown)), (11, Some(State::Ko))]);
}

#[test]
fn time_never_runs_backwards() {
    let (dir, mut writer) = begun();
    let (ok, ko) = (standing(200, ""), standing(300, "refused"));
    let mut change = transition("web/oco/a", 50, ok.clone(), ko.clone());
    change.depends_on = Some(name("gateway/ping"));
    let entries = [
        Entry::Transition(transition("web/oco/a", 100, Standing::default(), ok.clone())),
        Entry::Transition(change),
        Entry::Transition(transition("web/oco/a", 100, ko, ok)),
    ];
    writer.write(&entries).unwrap();
    let rows = reader(&dir).log(&LogWish { limit: 9, ..LogWish::default() }).unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.at).collect::<Vec<_>>(), [at(100); 3]);
    let states: Vec<_> = rows
        .iter()
        .map(|row| match &row.what {
            Happened::Transition { new, depends_on, .. } => (new.state, depends_on.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    let while_down = Some("gateway/ping".to_owned());
    assert_eq!(states, [(State::Ok, None), (State::Ko, while_down), (State::Ok, None)]);
}

#[test]
fn nobody_knows_what_lies_behind_the_last_sign_of_life() {
    let (dir, mut writer) = begun();
    writer
        .write(&[Entry::Transition(transition("web/oco", 5, Standing::default(), standing(200, "")))])
        .unwrap();
    writer.write(&[Entry::Heartbeat(at(60_000))]).unwrap();
    let mut reader = reader(&dir);
    let (began, known) = reader.known().unwrap();
    assert_eq!((began, known), (at(0), at(60_000)));
    let bars = reader.bars(&[name("web/oco"), name("web/no")], at(-60_000), at(120_000), 3, known).unwrap();
    assert_eq!([bars[0].letters(), bars[1].letters()], [".o.", "..."]);
}

fn act(id: i64, who: &str, (since, until): (i64, Option<i64>), ended: Option<i64>) -> Entry {
    Entry::Act(Act {
        id,
        kind: ActKind::Maint,
        name: who.to_owned(),
        who: "root".to_owned(),
        at: at(90),
        since: at(since),
        until: until.map(at),
        text: String::new(),
        ended: ended.map(at),
        ended_by: None,
    })
}

#[test]
fn availability_is_reckoned_from_states_gaps_maintenance_and_corrections() {
    let (dir, mut writer) = begun();
    let (ok, ko) = (standing(200, ""), standing(300, "refused"));
    let planned = Standing { planned: true, ..ko.clone() };
    let window = |who: &str, since, until| {
        Entry::Window(Window { name: name(who), since: at(since), until: at(until), text: String::new() })
    };
    let correction = |id, who: &str, undone: Option<i64>| {
        Entry::Adjustment(Adjustment {
            id,
            name: name(who),
            since: at(id),
            until: at(id + 1),
            state: State::But,
            who: "root".to_owned(),
            at: at(90),
            text: "probe was wrong".to_owned(),
            undone: undone.map(at),
            undone_by: None,
        })
    };
    writer
        .write(&[
            Entry::Transition(transition("web/oco/a", 10, Standing::default(), ok.clone())),
            Entry::Transition(transition("web/oco/a", 30, ok, planned.clone())),
            Entry::Transition(transition("web/oco/a", 40, planned, ko)),
            Entry::Gap { since: at(60), until: at(65) },
            window("web/oco", 42, 45),
            window("web/oco/a", 41, 43),
            window("web/page", 0, 100),
            window("node:shop", 0, 100),
            // Entered for a whole group, after what it is about; undone before its end; for ever.
            act(1, "web", (35, Some(50)), None),
            act(2, "web/oco", (44, Some(99)), Some(48)),
            act(3, "web/oco/a", (70, None), None),
            act(4, "web/page", (0, None), None),
            Entry::Act(match act(5, "web/oco/a", (0, None), None) {
                Entry::Act(act) => Act { kind: ActKind::Mute, ..act },
                other => panic!("{other:?}"),
            }),
            correction(52, "web/oco/a", None),
            correction(51, "web/oco/a", None),
            correction(53, "web/oco", None),
            correction(54, "web/oco/a", Some(95)),
        ])
        .unwrap();
    let mut reader = reader(&dir);
    assert!(reader.knows(&name("web/oco/a")).unwrap() && !reader.knows(&name("web/oco/b")).unwrap());
    assert_eq!(reader.history(&name("web/oco/b"), at(0), at(100), at(100)).unwrap(), None);
    let history = reader.history(&name("web/oco/a"), at(0), at(100), at(90)).unwrap().unwrap();
    let times = |list: &[(Millis, Millis)]| -> Vec<(i64, i64)> {
        list.iter().map(|(from, to)| (from.since(at(0)), to.since(at(0)))).collect()
    };
    assert_eq!(times(&history.gaps), [(0, 10), (60, 65), (90, 100)]);
    assert_eq!(times(&history.planned[..4]), [(35, 50), (41, 43), (42, 45), (44, 48)]);
    assert_eq!(history.planned[4..], [(at(70), Millis(i64::MAX))]);
    let spans: Vec<_> =
        history.spans.iter().map(|span| (span.from.since(at(0)), span.state, span.planned)).collect();
    let (ok, ko) = (State::Ok, State::Ko);
    assert_eq!(spans, [(10, ok, false), (30, ko, true), (40, ko, false), (65, ko, false)]);
    let adjusted: Vec<i64> = history.adjustments.iter().map(|one| one.from.since(at(0))).collect();
    assert_eq!(adjusted, [51, 52], "in the order of their numbers");
    let ground = Ground { over: history.over(), ..Ground::of(at(0), at(100)) };
    let durations = availability(&ground, history.spans.iter().copied());
    assert_eq!(durations, Durations { ok: 20, but: 2, ko: 13, unknown: 0, planned: 40, no_data: 25 });
}
