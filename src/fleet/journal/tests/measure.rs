//! How long it takes: figures to look at, printed with `--nocapture`. The large one is run by hand, in a release build:
//! `cargo test --release -p oco-fleet -- --ignored --nocapture measure`.

use super::*;
use std::time::{Duration, Instant};

/// Numbers that look like chance, and are the same each time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn host(service: u64, host: u64) -> String {
    format!("group{}/service/host{host:03}", service + 100)
}

/// How long this thread was on a processor: what counts on a machine that others use too.
pub(super) fn processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0))
}

pub(super) fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let (begin, processor_begin) = (Instant::now(), processor());
    let result = run();
    println!("{what}: {:.1?}, {:.1?} of them on a processor", begin.elapsed(), processor() - processor_begin);
    result
}

/// One change of a host, from what it was.
fn change(who: &str, when: i64, is_ok: bool) -> Entry {
    let (old, new) = if is_ok { (300, 200) } else { (200, 300) };
    let reason = |code| if code == 300 { "refused" } else { "" };
    Entry::Transition(transition(who, when, standing(old, reason(old)), standing(new, reason(new))))
}

#[test]
fn a_hundred_thousand_transitions_in_one_batch() {
    let (dir, mut writer) = begun();
    let names: Vec<_> = (0..200).flat_map(|service| (0..500).map(move |n| host(service, n))).collect();
    let batch: Vec<_> = names.iter().map(|name| change(name, 0, false)).collect();
    timed("100,000 in one batch", || writer.write(&batch).unwrap());
    drop(writer);
    let (_writer, opened) =
        timed("a start with 100,000 transitions", || Writer::open(dir.path(), at(40_000), 60_000).unwrap());
    assert_eq!(opened.kept.objects.len(), names.len());
}

#[test]
#[ignore = "writes a gigabyte"]
fn eighteen_million_transitions_over_a_year() {
    let count: i64 = std::env::var("OCO_TEST_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(18_000_000);
    let (dir, mut writer) = begun();
    let names: Vec<Vec<String>> =
        (0..200).map(|service| (0..500).map(|n| host(service, n)).collect()).collect();
    let mut states = vec![true; 100_000];
    let mut dice = Dice(88_172_645_463_325_252);
    let year = 365 * 86_400_000_i64;
    let mut batch = Vec::new();
    let mut slowest = Duration::ZERO;
    timed(&format!("{count} rows"), || {
        for n in 0..count {
            let index = dice.below(100_000);
            let is_ok = &mut states[usize::try_from(index).unwrap()];
            *is_ok = !*is_ok;
            let (service, host) =
                (usize::try_from(index / 500).unwrap(), usize::try_from(index % 500).unwrap());
            batch.push(change(&names[service][host], year / count * n, *is_ok));
            if batch.len() == 20_000 {
                let one = Instant::now();
                writer.write(&batch).unwrap();
                slowest = slowest.max(one.elapsed());
                batch.clear();
            }
        }
        writer.write(&batch).unwrap();
    });
    println!("  the slowest batch of 20,000: {slowest:.1?}");
    let storm: Vec<_> = names.iter().flatten().map(|name| change(name, year, false)).collect();
    timed("then 100,000 in one batch", || writer.write(&storm).unwrap());
    timed("settle", || writer.settle().unwrap());
    for pieces in [500, 4000] {
        timed(&format!("then 100,000 in batches of {pieces}"), || {
            storm.chunks(pieces).for_each(|piece| writer.write(piece).unwrap());
        });
    }
    writer.settle().unwrap();
    let octets = std::fs::metadata(dir.path().join(FILE)).unwrap().len();
    println!("{octets} octets, {} a row", octets / u64::try_from(count + 300_000).unwrap());
    for table in ["transition", "transition_by_time", "object", "standing"] {
        let sql =
            "SELECT sum(pgsize), sum(payload), sum(ncell) FROM dbstat WHERE name = ?1 AND aggregate = TRUE";
        let row: (i64, i64, i64) = writer
            .connection()
            .query_row(sql, [table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        println!("  {table}: {} octets in pages, {} of payload, {} cells", row.0, row.1, row.2);
    }
    timed("prune 1,000", || writer.prune(at(year / 2), 1000).unwrap());
    drop(writer);
    let (writer, opened) = timed("start", || Writer::open(dir.path(), at(year + 1), 600_000).unwrap());
    println!("  {} objects kept", opened.kept.objects.len());
    drop(opened);
    read(&dir, year, &names);
    drop(writer);
}

fn read(dir: &TempDir, year: i64, names: &[Vec<String>]) {
    let mut reader = reader(dir);
    let (from, to) = (at(0), at(year));
    let day = 86_400_000;
    for _ in 0..2 {
        let service: Vec<_> = names[77].iter().map(|text| name(text)).collect();
        let bars = timed("500 hosts over a year", || reader.bars(&service, from, to, 365, to).unwrap());
        println!("  {}", bars[3].letters());
        timed("500 hosts over a day", || reader.bars(&service, at(year - day), to, 96, to).unwrap());
        let month = (at(year - 60 * day), at(year - 30 * day));
        let spans = timed("the spans of 500 hosts over a month", || {
            reader.spans(&service, month.0, month.1, to).unwrap().iter().map(Vec::len).sum::<usize>()
        });
        println!("  {spans} spans");
        let all: Vec<_> = names.iter().flatten().map(|text| name(text)).collect();
        let some: Vec<_> = all.iter().step_by(10).cloned().collect();
        timed("the spans of 10,000 hosts over a month", || {
            reader.spans(&some, month.0, month.1, to).unwrap().len()
        });
        timed("the log's last 1,000", || reader.log(&LogWish { limit: 1000, ..LogWish::default() }).unwrap());
        for pattern in ["group177", "*/*", "group1*/service/host007", "group177/service/host007"] {
            let patterns = vec![crate::object::Pattern::parse(pattern).unwrap()];
            let wish = LogWish { patterns, limit: 1000, before: Some(at(year)), ..LogWish::default() };
            let page = timed(&format!("the log's last 1,000 of {pattern}"), || reader.log(&wish).unwrap());
            println!("  {} rows", page.rows.len());
        }
        timed("all names", || reader.names().unwrap());
    }
}
