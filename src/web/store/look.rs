//! A look at the journal: what is new since the last one.

use super::events::{Event, Places};
use super::snapshot::{Snapshot, Trouble};
use crate::limits::{CHANGED_ONE_BY_ONE, EVENTS_AT_ONCE, JOURNAL_LOOK_AT_ALL, WORK_AHEAD};
use crate::view::fleet::Fleet;
use crate::view::heard::Heard;
use oco_fleet::journal::{Definitions, Edition, JournalError, LogWish, Mark, News, Reader};
use oco_fleet::time::Millis;
use std::sync::Arc;

/// Looks again and again, and knows how far it came.
#[derive(Debug, Default)]
pub(super) struct Looker {
    snapshot: Arc<Snapshot>,
    /// What was read last, whole, and how far that is.
    read: Option<(Edition, Mark)>,
    /// What the file said last.
    definitions: Definitions,
    /// When everybody was read last.
    all_read: Option<Millis>,
    /// Up to where events were told; none: none was yet, they begin with what comes.
    places: Option<Places>,
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Found {
    /// How all stands.
    pub(super) snapshot: Arc<Snapshot>,
    /// What happened.
    pub(super) events: Vec<Event>,
    /// Whether there is something new to show.
    pub(super) is_news: bool,
}

impl Looker {
    /// Looks at `now`, the wall's.
    pub(super) fn look(&mut self, reader: &mut Reader, now: Millis) -> Found {
        let (snapshot, events) = match self.read(reader, now) {
            Ok(found) => found,
            Err(error) => {
                self.read = None;
                let since = self.snapshot.trouble.as_ref().map_or(now, |trouble| trouble.since);
                let trouble = Some(Trouble { since, why: error.to_string() });
                (Snapshot { trouble, ..(*self.snapshot).clone() }, Vec::new())
            }
        };
        let is_news =
            !events.is_empty() || !is_same(&snapshot, &self.snapshot) || has_begun(&self.snapshot, &snapshot);
        self.snapshot = Arc::new(snapshot);
        Found { snapshot: Arc::clone(&self.snapshot), events, is_news }
    }

    fn read(&mut self, reader: &mut Reader, now: Millis) -> Result<(Snapshot, Vec<Event>), JournalError> {
        let edition = reader.edition()?;
        let next = Millis(now.0.saturating_add(1));
        let ahead = i64::try_from(WORK_AHEAD.as_millis()).unwrap_or(0);
        // What begins and ends by itself, be nothing written meanwhile.
        let acts = Arc::new(reader.acts(now, Millis(now.0.saturating_add(ahead)))?);
        let windows = Arc::new(reader.windows(now, next)?);
        let is_due = self.all_read.is_none_or(|read| {
            i64::try_from(JOURNAL_LOOK_AT_ALL.as_millis()).is_ok_and(|length| now.since(read).abs() >= length)
        });
        if is_due {
            self.read = None;
        }
        if self.read.is_some_and(|(read, _)| read == edition) {
            let same = (*self.snapshot).clone();
            return Ok((Snapshot { acts, windows, read: Some(now), ..same }, Vec::new()));
        }
        let (began, alive) = reader.known()?;
        let (news, mark) = reader.standings(self.read.map(|(_, mark)| mark), CHANGED_ONE_BY_ONE)?;
        let fleet = match news {
            News::Some(some) => self.changed(some),
            News::All(all) => Some(self.all(all, now)),
        };
        // Who changed is not known here: read everybody.
        let (fleet, mark) = match fleet {
            Some(fleet) => (fleet, mark),
            None => match reader.standings(None, 0)? {
                (News::All(all) | News::Some(all), mark) => (self.all(all, now), mark),
            },
        };
        let heard = self.heard(reader.definitions()?, &fleet);
        let snapshot = Snapshot {
            fleet,
            heard,
            acts,
            windows,
            incidents: Arc::new(reader.incidents(0)?),
            began,
            alive,
            read: Some(now),
            trouble: None,
        };
        let events = self.events(reader, alive.max(now))?;
        self.read = Some((edition, mark));
        Ok((snapshot, events))
    }

    fn changed(&self, some: Vec<oco_fleet::journal::Stands>) -> Option<Arc<Fleet>> {
        let is_known = |one: &oco_fleet::journal::Stands| {
            let object = self.snapshot.fleet.get(&one.name);
            object.is_some_and(|object| object.standing == one.standing && object.since == one.since)
        };
        if some.iter().all(is_known) {
            return Some(Arc::clone(&self.snapshot.fleet));
        }
        let mut fleet = (*self.snapshot.fleet).clone();
        fleet.change(some).then(|| Arc::new(fleet))
    }

    fn all(&mut self, all: Vec<oco_fleet::journal::Stands>, now: Millis) -> Arc<Fleet> {
        self.all_read = Some(now);
        let fleet = Fleet::new(all);
        // Who holds the same fleet already needs no second one.
        if fleet == *self.snapshot.fleet { Arc::clone(&self.snapshot.fleet) } else { Arc::new(fleet) }
    }

    /// What the file says. Who its members are can change only with those who are watched.
    fn heard(&mut self, definitions: Definitions, fleet: &Arc<Fleet>) -> Arc<Heard> {
        if definitions == self.definitions && Arc::ptr_eq(fleet, &self.snapshot.fleet) {
            return Arc::clone(&self.snapshot.heard);
        }
        let heard = Heard::new(&definitions, fleet);
        self.definitions = definitions;
        if heard == *self.snapshot.heard { Arc::clone(&self.snapshot.heard) } else { Arc::new(heard) }
    }

    /// What happened since the last look.
    fn events(&mut self, reader: &mut Reader, now: Millis) -> Result<Vec<Event>, JournalError> {
        let Some(places) = self.places.as_mut() else {
            self.places = Some(Places::after(now));
            return Ok(Vec::new());
        };
        let wish = LogWish { since: Some(places.since()), limit: EVENTS_AT_ONCE, ..LogWish::default() };
        let page = reader.log(&wish)?;
        Ok(places.number(page))
    }
}

/// Whether both look the same, but for when they were read.
fn is_same(one: &Snapshot, other: &Snapshot) -> bool {
    Arc::ptr_eq(&one.fleet, &other.fleet)
        && Arc::ptr_eq(&one.heard, &other.heard)
        && one.acts == other.acts
        && one.windows == other.windows
        && one.incidents == other.incidents
        && one.trouble == other.trouble
        && one.alive == other.alive
}

/// Whether something that was planned has begun between both.
fn has_begun(before: &Snapshot, after: &Snapshot) -> bool {
    let is_between = |at: Millis| before.read.is_some_and(|read| read < at) && Some(at) <= after.read;
    after.acts.iter().any(|act| is_between(act.since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco::logic::code::Code;
    use oco_fleet::journal::{Act, ActKind, Entry, FILE, Writer};
    use oco_fleet::object::ObjectName;
    use oco_fleet::state::{Standing, State};
    use oco_fleet::transition::Transition;

    fn change(who: &str, at: i64, code: u16) -> Entry {
        let new = Code::new(code).map_or_else(Standing::default, |code| Standing::of_code(code, "why"));
        let (name, at) = (ObjectName::parse(who).unwrap(), Millis(at));
        let old = Standing::default();
        Entry::Transition(Transition { name, at, old, old_since: at, new, probes: None, depends_on: None })
    }

    #[test]
    fn each_look_tells_what_is_new() {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, _) = Writer::open(dir.path(), Millis(1_000), 0).unwrap();
        writer.write(&[change("web/oco", 1_100, 200), change("web/oco/a", 1_100, 200)]).unwrap();
        let mut reader = Reader::at(&dir.path().join(FILE));
        let mut looker = Looker::default();
        let first = looker.look(&mut reader, Millis(1_200));
        assert!(first.is_news && first.events.is_empty());
        assert!(!looker.look(&mut reader, Millis(2_200)).is_news);
        writer.write(&[change("web/oco/a", 2_500, 300)]).unwrap();
        let found = looker.look(&mut reader, Millis(3_200));
        assert_eq!((found.is_news, found.events.len()), (true, 1));
        let name = ObjectName::parse("web/oco/a").unwrap();
        assert_eq!(found.snapshot.fleet.get(&name).map(|object| object.state()), Some(State::Ko));
        assert!(!looker.look(&mut reader, Millis(4_200)).is_news);
        // Somebody new.
        writer.write(&[change("web/oco/b", 4_500, 200)]).unwrap();
        let found = looker.look(&mut reader, Millis(5_200));
        assert_eq!((found.snapshot.fleet.of_host("b").count(), found.events.len()), (1, 1));
    }

    #[test]
    fn what_is_known_stays_when_the_journal_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let (mut writer, _) = Writer::open(dir.path(), Millis(1_000), 0).unwrap();
        writer.write(&[change("web/oco", 1_100, 200)]).unwrap();
        drop(writer);
        let mut reader = Reader::at(&path);
        let mut looker = Looker::default();
        looker.look(&mut reader, Millis(1_200));
        std::fs::rename(&path, dir.path().join("elsewhere")).unwrap();
        let found = looker.look(&mut reader, Millis(2_200));
        assert!(found.snapshot.trouble.is_some() && !found.snapshot.fleet.is_empty());
        let again = looker.look(&mut reader, Millis(3_200));
        assert_eq!(again.snapshot.trouble.as_ref().unwrap().since, Millis(2_200));
        std::fs::rename(dir.path().join("elsewhere"), &path).unwrap();
        let back = looker.look(&mut reader, Millis(4_200));
        assert!(back.is_news && back.snapshot.trouble.is_none());
    }

    #[test]
    fn a_journal_of_a_later_version_is_told_and_one_in_its_place_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let (mut writer, _) = Writer::open(dir.path(), Millis(1_000), 0).unwrap();
        writer.write(&[change("web/oco", 1_100, 200)]).unwrap();
        let mut reader = Reader::at(&path);
        let mut looker = Looker::default();
        looker.look(&mut reader, Millis(1_200));
        drop(writer);
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        let found = looker.look(&mut reader, Millis(2_200));
        let why = found.snapshot.trouble.as_ref().unwrap().why.clone();
        assert!(why.contains("later version") && found.snapshot.fleet.services().count() == 1, "{why}");
        // Another file: nothing of the old one is left.
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(dir.path().join(format!("{FILE}{end}")));
        }
        let (mut writer, _) = Writer::open(dir.path(), Millis(3_000), 0).unwrap();
        writer.write(&[change("db/mysql", 3_100, 300)]).unwrap();
        let found = looker.look(&mut reader, Millis(3_200));
        let names: Vec<&str> = found.snapshot.fleet.services().map(|one| one.object.name.as_str()).collect();
        assert_eq!((names, found.snapshot.trouble.clone()), (vec!["db/mysql"], None));
    }

    #[test]
    fn planned_work_is_known_before_and_is_news_when_it_begins() {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, _) = Writer::open(dir.path(), Millis(1_000), 0).unwrap();
        let work = |id: i64, since: i64| {
            Entry::Act(Act {
                id,
                kind: ActKind::Maint,
                name: "node:shop".to_owned(),
                who: "anna".to_owned(),
                at: Millis(1_000),
                since: Millis(since),
                until: Some(Millis(since + 3_600_000)),
                text: String::new(),
                ended: None,
                ended_by: None,
            })
        };
        writer.write(&[change("node:shop", 1_100, 200), work(1, 5_000), work(2, 40 * 86_400_000)]).unwrap();
        let mut reader = Reader::at(&dir.path().join(FILE));
        let mut looker = Looker::default();
        let found = looker.look(&mut reader, Millis(2_000));
        let ids: Vec<i64> = found.snapshot.acts.iter().map(|act| act.id).collect();
        assert_eq!(ids, [1], "what is weeks away is told later");
        assert!(!looker.look(&mut reader, Millis(4_900)).is_news);
        assert!(looker.look(&mut reader, Millis(5_100)).is_news);
        assert!(!looker.look(&mut reader, Millis(5_200)).is_news);
    }

    #[test]
    fn who_reads_long_is_cut_short_and_what_was_known_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, _) = Writer::open(dir.path(), Millis(1_000), 0).unwrap();
        writer.write(&[change("web/oco", 1_100, 200)]).unwrap();
        drop(writer);
        let path = dir.path().join(FILE);
        let mut reader = Reader::at(&path);
        let mut looker = Looker::default();
        looker.look(&mut reader, Millis(1_200));
        drop(reader);
        // Somebody locks all others out.
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE")
            .unwrap();
        let begin = std::time::Instant::now();
        let found = looker.look(&mut Reader::at(&path), Millis(2_200));
        assert!(begin.elapsed() < crate::limits::JOURNAL_DEADLINE * 3);
        assert!(found.snapshot.trouble.is_some() && found.snapshot.fleet.services().count() == 1);
    }
}
