//! The thread with a disk that hangs, fails and recovers, and with a real one.

use super::*;
use oco_fleet::journal::{FILE, LogWish, Reader};
use oco_fleet::object::ObjectName;
use oco_fleet::state::Standing;
use oco_fleet::time::Millis;
use oco_fleet::transition::Transition;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};

const PATIENCE: Duration = Duration::from_secs(60);

/// What the disk does with the next write.
enum Disk {
    Takes,
    Fails(&'static str),
    /// Never takes a batch in which this heartbeat is.
    Refuses(i64),
}

/// A journal whose disk does what a test says, write by write, and waits until it says something.
struct Told {
    says: Receiver<Disk>,
    written: Sender<Vec<Entry>>,
}

impl Journal for Told {
    fn write(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        let path = PathBuf::from("fleet.db");
        match self.says.recv().unwrap_or(Disk::Takes) {
            Disk::Takes => {}
            Disk::Fails(why) => return Err(JournalError::Failed(path, why.to_owned())),
            Disk::Refuses(at) if entries.contains(&beat(at)) => {
                return Err(JournalError::Refused(path, "no".to_owned()));
            }
            Disk::Refuses(_) => {}
        }
        self.written.send(entries.to_vec()).unwrap();
        Ok(())
    }

    fn rest(&mut self) {}

    fn settle(&mut self) {}
}

fn beat(at: i64) -> Entry {
    Entry::Heartbeat(Millis(at))
}

struct Scene {
    writer: JournalWriter,
    disk: Sender<Disk>,
    written: Receiver<Vec<Entry>>,
    wakes: Receiver<()>,
}

fn scene(bounds: WriterBounds) -> Scene {
    let ((disk, says), (written, seen), (woken, wakes)) = (channel(), channel(), channel());
    let wake = Box::new(move || woken.send(()).unwrap_or_default());
    let writer = JournalWriter::start(Told { says, written }, bounds, wake).unwrap();
    Scene { writer, disk, written: seen, wakes }
}

fn bounds() -> WriterBounds {
    WriterBounds { commit: Duration::ZERO, hangs: PATIENCE, ..WriterBounds::default() }
}

impl Scene {
    fn wait_for(&mut self, what: impl Fn(&mut JournalWriter) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !what(&mut self.writer) {
            assert!(Instant::now() < deadline, "it does not come");
            let _ = self.wakes.recv_timeout(Duration::from_millis(5));
        }
    }
}

#[test]
fn all_is_written_in_its_order_and_told() {
    let mut scene = scene(bounds());
    let numbers: Vec<_> = (0..100).map(|at| scene.writer.push(beat(at))).collect();
    assert!(numbers.is_sorted() && numbers[0] == Sequence(1));
    for _ in 0..100 {
        scene.disk.send(Disk::Takes).unwrap();
    }
    scene.wait_for(|writer| writer.written() == Sequence(100));
    let written: Vec<_> = scene.written.try_iter().flatten().collect();
    assert_eq!(written, (0..100).map(beat).collect::<Vec<_>>());
    assert_eq!((scene.writer.waiting(), scene.writer.lost()), (0, 0));
    assert_eq!(scene.writer.take_events(Instant::now()), []);
    assert_eq!(scene.writer.finish(PATIENCE), 0);
}

#[test]
fn a_disk_that_fails_is_told_once_and_nothing_is_lost() {
    let mut scene = scene(bounds());
    scene.writer.push(beat(1));
    for why in ["database or disk is full", "database or disk is full", "disk I/O error"] {
        scene.disk.send(Disk::Fails(why)).unwrap();
    }
    let failing = |why: &str| WriterStatus::Failing(format!("fleet.db: {why}"));
    scene.wait_for(|writer| writer.status(Instant::now()) == failing("disk I/O error"));
    let second = scene.writer.push(beat(2));
    assert_eq!(scene.writer.written(), Sequence(0));
    let told = Event::Failing("fleet.db: database or disk is full".to_owned());
    assert_eq!(scene.writer.take_events(Instant::now()), [told]);
    for _ in 0..2 {
        scene.disk.send(Disk::Takes).unwrap();
    }
    scene.wait_for(|writer| writer.written() == second);
    assert_eq!(scene.writer.take_events(Instant::now()), [Event::Recovered]);
    assert_eq!(scene.writer.status(Instant::now()), WriterStatus::Fine);
    assert_eq!(scene.written.try_iter().flatten().collect::<Vec<_>>(), [beat(1), beat(2)]);
}

#[test]
fn a_disk_that_hangs_delays_nobody_and_is_told_once() {
    let mut scene = scene(WriterBounds { hangs: Duration::from_secs(2), ..bounds() });
    scene.writer.push(beat(1));
    scene.wait_for(|writer| writer.deadline().is_some());
    let late = scene.writer.deadline().unwrap();
    assert_eq!(scene.writer.status(late - Duration::from_millis(1)), WriterStatus::Fine);
    assert_eq!(scene.writer.take_events(late), [Event::Hanging]);
    assert_eq!((scene.writer.take_events(late), scene.writer.deadline()), (Vec::new(), None));
    // Pushing goes on meanwhile.
    let last = (2..1000).map(|at| scene.writer.push(beat(at))).last().unwrap();
    for _ in 0..1000 {
        scene.disk.send(Disk::Takes).unwrap();
    }
    scene.wait_for(|writer| writer.written() == last);
    assert_eq!(scene.writer.take_events(Instant::now()), [Event::Recovered]);
    assert_eq!(scene.written.try_iter().flatten().count(), 999);
}

#[test]
fn beyond_its_bound_the_newest_are_lost_and_counted() {
    let mut scene = scene(WriterBounds { queue: 10, batch: 4, ..bounds() });
    let last = (0..25).map(|at| scene.writer.push(beat(at))).last().unwrap();
    assert_eq!((scene.writer.waiting(), scene.writer.lost()), (10, 15));
    assert_eq!(scene.writer.take_events(Instant::now()), [Event::Lost(15)]);
    for _ in 0..10 {
        scene.disk.send(Disk::Takes).unwrap();
    }
    // Whoever waits for one that was lost waits no longer than for those before it.
    scene.wait_for(|writer| writer.written() == last);
    let written: Vec<_> = scene.written.try_iter().flatten().collect();
    assert_eq!(written, (0..10).map(beat).collect::<Vec<_>>());
    let next = scene.writer.push(beat(99));
    scene.wait_for(|writer| writer.written() == next);
    assert_eq!(scene.writer.take_events(Instant::now()), []);
}

#[test]
fn many_names_are_as_many_entries_to_a_transaction() {
    let mut scene = scene(WriterBounds { batch: 4, ..bounds() });
    scene.writer.push(beat(1));
    // The others wait for this one.
    scene.wait_for(|writer| writer.deadline().is_some());
    let names: Vec<_> = ["a", "b", "c"].map(ObjectName::node).into();
    let watched = Entry::Watched { names, at: Millis(0) };
    for _ in 0..4 {
        scene.writer.push(watched.clone());
    }
    for _ in 0..3 {
        scene.disk.send(Disk::Takes).unwrap();
    }
    scene.wait_for(|writer| writer.written() == Sequence(5));
    let sizes: Vec<_> = scene.written.try_iter().map(|batch| batch.len()).collect();
    assert_eq!(sizes, [1, 2, 2]);
}

#[test]
fn one_entry_that_is_never_taken_holds_up_no_other() {
    let mut scene = scene(WriterBounds { commit: PATIENCE, batch: 9, ..bounds() });
    for at in 1..=9 {
        scene.writer.push(beat(at));
    }
    for _ in 0..20 {
        scene.disk.send(Disk::Refuses(6)).unwrap();
    }
    scene.wait_for(|writer| writer.written() == Sequence(9));
    let written: Vec<_> = scene.written.try_iter().flatten().collect();
    assert_eq!(written, [1, 2, 3, 4, 5, 7, 8, 9].map(beat));
    assert_eq!(scene.writer.take_events(Instant::now()), [Event::Refused("fleet.db: no".to_owned())]);
    assert_eq!(scene.writer.lost(), 1);
}

#[test]
fn the_end_waits_for_what_is_left_but_not_for_ever() {
    let Scene { mut writer, disk, written, .. } = scene(WriterBounds { commit: PATIENCE, ..bounds() });
    for at in 0..5 {
        writer.push(beat(at));
    }
    disk.send(Disk::Takes).unwrap();
    assert_eq!(writer.finish(PATIENCE), 0);
    assert_eq!(written.try_iter().flatten().count(), 5);

    let Scene { mut writer, disk: _disk, written: _written, .. } = scene(bounds());
    for at in 0..5 {
        writer.push(beat(at));
    }
    assert_eq!(writer.finish(Duration::from_millis(20)), 5);
}

#[test]
fn a_real_journal_has_all_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Writer::open(dir.path(), Millis(0), 0).unwrap();
    let mut writer = JournalWriter::start(journal, WriterBounds::default(), Box::new(|| {})).unwrap();
    for n in 0..5000 {
        writer.push(Entry::Transition(Transition {
            name: ObjectName::target("web", "oco", &format!("host{n}")),
            at: Millis(n),
            old: Standing::default(),
            old_since: Millis(0),
            new: Standing::default(),
            probes: None,
            depends_on: None,
        }));
    }
    assert_eq!(writer.finish(PATIENCE), 0);
    let mut reader = Reader::open(&dir.path().join(FILE)).unwrap();
    let page = reader.log(&LogWish { limit: 9999, ..LogWish::default() }).unwrap();
    assert_eq!((page.rows.len(), page.is_whole), (5000, true));
    // The state directory is free again.
    Writer::open(dir.path(), Millis(9999), 0).unwrap();
}
