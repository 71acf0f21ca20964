//! The file itself: damage, versions, rights, a full disk, readers beside the writer.

use super::*;
use crate::figure::Measure;
use crate::journal::file::open_to_write;
use crate::journal::migrate::APPLICATION_ID;
use rusqlite::Connection;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

fn some(writer: &mut Writer) {
    let entries: Vec<_> = (0..2000)
        .map(|n| {
            let who = format!("web/oco/host{n}");
            Entry::Transition(transition(&who, n, Standing::default(), standing(300, "refused")))
        })
        .collect();
    writer.write(&entries).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn its_files_have_their_mode_and_stay_when_nobody_writes() {
    let (dir, mut writer) = begun();
    some(&mut writer);
    for is_open in [true, false] {
        for suffix in SUFFIXES {
            let path = dir.path().join(format!("{FILE}{suffix}"));
            assert_eq!(mode(&path), 0o640, "{}, open: {is_open}", path.display());
        }
        if is_open {
            writer.settle().unwrap();
            // Also when a reader is the last to go.
            let reader = reader(&dir);
            drop(std::mem::replace(&mut writer, begun().1));
            drop(reader);
        }
    }
}

#[test]
fn who_may_only_read_reads_also_while_nobody_writes() {
    let (dir, mut writer) = begun();
    some(&mut writer);
    // Root may write whatever the mode says: a child of somebody else looks.
    if let Ok(path) = std::env::var("OCO_TEST_JOURNAL_TO_READ") {
        let mut reader = Reader::open(Path::new(&path)).unwrap();
        assert_eq!(reader.log(&LogWish { limit: 5000, ..LogWish::default() }).unwrap().rows.len(), 2000);
        println!("read as {}", fs::metadata("/proc/self").unwrap().uid());
        return;
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o750)).unwrap();
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let group = 12_345;
    if is_root {
        for path in SUFFIXES.map(|suffix| dir.path().join(format!("{FILE}{suffix}"))) {
            std::os::unix::fs::chown(path, None, Some(group)).unwrap();
        }
        std::os::unix::fs::chown(dir.path(), None, Some(group)).unwrap();
    }
    for is_written in [true, false] {
        if !is_written {
            writer = begun().1;
        }
        let mut child = child("file::who_may_only_read_reads_also_while_nobody_writes");
        child.env("OCO_TEST_JOURNAL_TO_READ", dir.path().join(FILE));
        if is_root {
            std::os::unix::process::CommandExt::uid(&mut child, 54_321);
            std::os::unix::process::CommandExt::gid(&mut child, group);
        }
        match child.output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stdout);
                let has_read = said.contains(if is_root { "read as 54321" } else { "read as " });
                assert!(output.status.success() && has_read, "{said}");
            }
            // Where others can't even reach the test's own program, they show nothing.
            Err(error) => println!("skipped: a journal that another user reads: {error}"),
        }
    }
    drop(writer);
}

/// This test again, in a process of its own.
pub(super) fn child(test: &str) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args([&format!("journal::tests::{test}"), "--exact", "--nocapture"])
        .stdin(std::process::Stdio::null());
    command
}

#[test]
fn a_second_watcher_is_refused() {
    let (dir, writer) = begun();
    let error = Writer::open(dir.path(), at(1), 0).unwrap_err();
    assert!(error.to_string().ends_with("another ocowatch is running on this state-dir"), "{error}");
    drop(writer);
    Writer::open(dir.path(), at(1), 0).unwrap();
}

#[test]
fn damaged_files_are_put_aside_whole_and_a_new_one_begun() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 6] = [
        ("text", |path| {
            fs::write(path, "This is no database, but as long as a header of one is.\n".repeat(9)).unwrap()
        }),
        ("half", |path| {
            let length = fs::metadata(path).unwrap().len();
            fs::File::options().write(true).open(path).unwrap().set_len(length / 2).unwrap();
        }),
        ("header", |path| overwrite(path, 0, 50)),
        ("schema", |path| overwrite(path, 100, 3000)),
        ("pages", |path| overwrite(path, 8192, 65_536)),
        ("tables", |path| {
            Connection::open(path).unwrap().execute_batch("DROP TABLE standing").unwrap();
        }),
    ];
    for (what, damage) in damages {
        let (dir, mut writer) = begun();
        some(&mut writer);
        writer.settle().unwrap();
        drop(writer);
        let path = dir.path().join(FILE);
        for suffix in ["-wal", "-shm"] {
            fs::remove_file(dir.path().join(format!("{FILE}{suffix}"))).unwrap();
        }
        damage(&path);
        let damaged = fs::read(&path).unwrap();
        let (mut writer, opened) =
            Writer::open(dir.path(), at(5000), 0).unwrap_or_else(|error| panic!("{what}: {error}"));
        let aside = opened.set_aside.unwrap_or_else(|| panic!("{what}: not noticed"));
        assert!(aside.path.to_string_lossy().contains("/fleet.db.corrupt-"), "{aside:?}");
        assert!(!aside.why.is_empty());
        assert!(fs::read(&aside.path).unwrap() == damaged || what == "tables", "{what}: changed");
        assert!(opened.kept.objects.is_empty() && opened.gap.is_none());
        some(&mut writer);
        drop(writer);
        // Said once.
        let (_writer, opened) = Writer::open(dir.path(), at(6000), 0).unwrap();
        assert_eq!((opened.set_aside, opened.kept.objects.len()), (None, 2000), "{what}");
    }
}

#[test]
fn damage_that_a_write_meets_has_the_file_put_aside_too() {
    let (dir, mut writer) = begun();
    some(&mut writer);
    writer.settle().unwrap();
    let path = dir.path().join(FILE);
    overwrite(&path, 8192, 200_000);
    writer.connection().execute_batch("PRAGMA shrink_memory").unwrap();
    let entry = [Entry::Transition(transition("web/oco/new", 7, Standing::default(), standing(200, "")))];
    let error = writer.write(&entry).unwrap_err();
    assert!(matches!(error, JournalError::Replaced(..)) && error.may_pass(), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("fleet.db: corrupt (") && said.ends_with("; a new one is begun"), "{said}");
    writer.write(&entry).unwrap();
    assert_eq!(reader(&dir).names().unwrap(), [name("web/oco/new")]);
}

fn overwrite(path: &Path, from: u64, octets: usize) {
    use std::io::{Seek, SeekFrom};
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&b"\xa5\x5a\xff\x01".repeat(octets / 4)).unwrap();
}

#[test]
fn a_damaged_log_of_writes_costs_its_own_writes_alone() {
    let (dir, mut writer) = begun();
    some(&mut writer);
    writer.settle().unwrap();
    drop(writer);
    fs::write(dir.path().join("fleet.db-wal"), b"garbage".repeat(9999)).unwrap();
    fs::write(dir.path().join("fleet.db-shm"), b"garbage".repeat(9999)).unwrap();
    let (_writer, opened) = Writer::open(dir.path(), at(5000), 0).unwrap();
    assert_eq!((opened.set_aside, opened.kept.objects.len()), (None, 2000));
}

#[test]
fn newer_and_foreign_files_are_errors_and_stay_as_they_are() {
    let (dir, writer) = begun();
    writer.connection().pragma_update(None, "user_version", 99).unwrap();
    drop(writer);
    let error = Writer::open(dir.path(), at(1), 0).unwrap_err();
    assert!(
        error.to_string().contains("written by a later version (schema 99; this one knows 3)"),
        "{error}"
    );
    assert!(matches!(Reader::open(&dir.path().join(FILE)), Err(JournalError::Newer { found: 99, .. })));

    let dir = tempfile::tempdir().unwrap();
    let connection = Connection::open(dir.path().join(FILE)).unwrap();
    connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(connection);
    let before = fs::read(dir.path().join(FILE)).unwrap();
    assert!(matches!(Writer::open(dir.path(), at(1), 0), Err(JournalError::Foreign(_))));
    assert_eq!(fs::read(dir.path().join(FILE)).unwrap(), before);
}

#[test]
fn an_older_schema_is_migrated_with_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 7"];
    let old = open_to_write(&path, &steps[..1]).unwrap();
    old.execute_batch("INSERT INTO a VALUES (1)").unwrap();
    drop(old);
    let new = open_to_write(&path, &steps).unwrap();
    let sum: i64 = new.query_row("SELECT x + y FROM a", [], |row| row.get(0)).unwrap();
    assert_eq!(sum, 8);
    drop(new);
    assert!(matches!(open_to_write(&path, &steps[..1]), Err(JournalError::Newer { found: 2, known: 1, .. })));
}

#[test]
fn a_journal_of_version_1_goes_on_whole() {
    let dir = tempfile::tempdir().unwrap();
    let connection = Connection::open(dir.path().join(FILE)).unwrap();
    connection.execute_batch(include_str!("version-1.sql")).unwrap();
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let rows_of = |connection: &Connection| -> Vec<(String, i64)> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('watch', 'gap') ORDER BY name";
        let mut tables = connection.prepare(sql).unwrap();
        let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
        let count = |table: &str| format!("SELECT count(*) FROM \"{table}\"");
        tables
            .map(|table| {
                let rows = connection.query_row(&count(&table), [], |row| row.get(0)).unwrap();
                (table, rows)
            })
            .collect()
    };
    let before = rows_of(&connection);
    assert_eq!(before.iter().map(|(_, rows)| rows).sum::<i64>(), 48);
    drop(connection);
    // Whoever only reads it waits for the watcher.
    let error = Reader::open(&dir.path().join(FILE)).unwrap_err();
    assert!(error.to_string().ends_with("schema 1, which ocowatch makes 3 when it starts"), "{error}");
    let now = Millis(1_795_854_400_000);
    let (mut writer, opened) = Writer::open(dir.path(), now, 0).unwrap();
    let after = rows_of(writer.connection());
    assert!(before.iter().all(|row| after.contains(row)), "{after:?}");
    let kept = opened.kept;
    assert_eq!((opened.set_aside, opened.gap), (None, Some((Millis(1_795_854_386_033), now))));
    assert_eq!((kept.objects.len(), kept.acts.len(), kept.incidents.len()), (8, 3, 1));
    assert_eq!((kept.windows.len(), kept.adjustments.len(), kept.measured.len()), (1, 1, 0));
    let shop = &kept.objects[&name("node:shop")];
    assert_eq!((shop.standing.state, shop.standing.planned), (State::Ko, true));
    assert_eq!(
        reader(&dir).log(&LogWish { limit: 100, ..LogWish::default() }).unwrap().rows.len(),
        13 + 4 + 1 + 2
    );
    let figure = crate::figure::Figure::of(1.0);
    let measured = vec![Measured { name: name("web/open/a"), measure: Measure::RESPONSE_TIME, figure }];
    writer.write(&[Entry::Figures { at: now, measured }]).unwrap();
    assert_eq!(reader(&dir).measures(&[name("web/open/a")]).unwrap(), [Measure::RESPONSE_TIME]);
    let version: i64 =
        writer.connection().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 3);
}

#[test]
fn what_is_no_directory_or_no_file_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let error = Writer::open(&dir.path().join("no"), at(0), 0).unwrap_err();
    assert!(error.to_string().ends_with(".fleet.lock: no such file or directory"), "{error}");
    fs::create_dir(dir.path().join(FILE)).unwrap();
    let error = Writer::open(dir.path(), at(0), 0).unwrap_err();
    assert!(error.to_string().contains("fleet.db: "), "{error}");
    assert!(Reader::open(&dir.path().join("nothing")).is_err());
}

#[test]
fn on_a_full_disk_nothing_is_half_written_and_later_all_is() {
    let (dir, mut writer) = begun();
    let pages: i64 = writer.connection().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    writer.connection().pragma_update_and_check(None, "max_page_count", pages + 3, |_| Ok(())).unwrap();
    let entries: Vec<_> = (0..2000)
        .map(|n| {
            let who = format!("web/oco/host{n}");
            Entry::Transition(transition(&who, n, Standing::default(), standing(300, "refused")))
        })
        .collect();
    let error = writer.write(&entries).unwrap_err();
    assert!(error.may_pass(), "{error:?}");
    assert!(error.to_string().ends_with("fleet.db: database or disk is full"), "{error}");
    let mut reader = reader(&dir);
    assert!(reader.names().unwrap().is_empty());
    writer.connection().pragma_update_and_check(None, "max_page_count", 1_000_000, |_| Ok(())).unwrap();
    writer.write(&entries).unwrap();
    assert_eq!(reader.names().unwrap().len(), 2000);
}

#[test]
fn what_can_never_be_written_is_told_apart() {
    let (_dir, mut writer) = begun();
    writer
        .connection()
        .execute_batch("CREATE TRIGGER t BEFORE INSERT ON gap BEGIN SELECT raise(ABORT, 'no'); END")
        .unwrap();
    let error = writer.write(&[Entry::Gap { since: at(1), until: at(2) }]).unwrap_err();
    assert!(matches!(error, JournalError::Refused(..)) && !error.may_pass());
}

#[test]
fn a_reader_sees_what_is_committed_and_follows_the_file() {
    let (dir, mut writer) = begun();
    let mut reader = reader(&dir);
    let path = dir.path().join(FILE);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut reader = Reader::at(&path);
            let mut most = 0;
            while most < 50 * 20 {
                let rows = reader.log(&LogWish { limit: 5000, ..LogWish::default() }).unwrap().rows.len();
                assert!(rows >= most && rows.is_multiple_of(20), "{rows} after {most}");
                most = rows;
            }
        });
        for batch in 0..50 {
            let entries: Vec<_> = (0..20)
                .map(|n| {
                    let who = format!("web/oco/host{n}");
                    Entry::Transition(transition(&who, batch, Standing::default(), standing(300, "")))
                })
                .collect();
            writer.write(&entries).unwrap();
        }
        reading.join().unwrap();
    });
    assert_eq!(reader.names().unwrap().len(), 20);
    // Another file in its place.
    drop(writer);
    for suffix in SUFFIXES {
        fs::rename(dir.path().join(format!("{FILE}{suffix}")), dir.path().join(format!("old{suffix}")))
            .unwrap();
    }
    assert!(reader.names().is_err());
    let (_writer, _) = Writer::open(dir.path(), at(9), 0).unwrap();
    assert!(reader.names().unwrap().is_empty());
}

#[test]
fn an_edition_is_the_same_until_somebody_writes() {
    let (dir, mut writer) = begun();
    let mut reader = reader(&dir);
    let first = reader.edition().unwrap();
    reader.names().unwrap();
    assert_eq!(reader.edition().unwrap(), first);
    let ko = || Entry::Transition(transition("web/oco/a", 5, Standing::default(), standing(300, "")));
    writer.write(&[ko()]).unwrap();
    let second = reader.edition().unwrap();
    assert_ne!(second, first);
    assert_eq!(reader.edition().unwrap(), second);
    // Another file in its place, with as much written to it.
    drop(writer);
    for suffix in SUFFIXES {
        fs::rename(dir.path().join(format!("{FILE}{suffix}")), dir.path().join(format!("old{suffix}")))
            .unwrap();
    }
    let (mut writer, _) = Writer::open(dir.path(), at(9), 0).unwrap();
    let third = reader.edition().unwrap();
    writer.write(&[ko()]).unwrap();
    let fourth = reader.edition().unwrap();
    let all = [first, second, third, fourth];
    assert!((1..all.len()).all(|n| !all[..n].contains(&all[n])), "{all:?}");
}

#[test]
fn old_rows_go_a_few_at_a_time_and_the_rest_is_as_it_was() {
    let (dir, mut writer) = begun();
    some(&mut writer);
    writer.write(&[Entry::Forget { name: name("web/oco/host3"), at: at(3) }]).unwrap();
    let mut gone = 0;
    while let 1.. = writer.prune(at(1000), 300).unwrap() {
        gone += 1;
    }
    assert_eq!(gone, 4);
    let mut reader = reader(&dir);
    assert_eq!(reader.log(&LogWish { limit: 5000, ..LogWish::default() }).unwrap().rows.len(), 1000);
    assert_eq!((reader.names().unwrap().len(), reader.known().unwrap().0), (1999, at(1000)));
    let spans = reader.spans(&[name("web/oco/host5")], at(0), at(2000), at(2000)).unwrap().remove(0);
    let read: Vec<_> = spans.iter().map(|span| (span.to.since(at(0)), span.state)).collect();
    assert_eq!(read, [(1000, None), (2000, Some(State::Ko))]);
}

#[test]
fn a_journal_that_was_put_back_is_not_for_all_to_read() {
    let (dir, writer) = begun();
    drop(writer);
    let files = SUFFIXES.map(|suffix| dir.path().join(format!("{FILE}{suffix}")));
    fs::set_permissions(&files[0], fs::Permissions::from_mode(0o644)).unwrap();
    for file in &files[1..] {
        // What is not there gets the mode of the journal.
        let _ = fs::set_permissions(file, fs::Permissions::from_mode(0o644));
    }
    let (_writer, _) = Writer::open(dir.path(), at(1), 0).unwrap();
    for file in &files {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o640, "{file:?}");
    }
}
