//! The thread that reads the journal for the control socket, so that the loop never waits for a disk: questions go in
//! with a ticket, answers come out with it.

mod availability;

use crate::limits::JOURNAL_QUERIES;
pub use availability::{AvailabilityWish, Common, LevelWish};
use oco_fleet::journal::{Bar, Incident, JournalError, LogPage, LogWish, Reader};
use oco_fleet::level::Judgement;
use oco_fleet::object::ObjectName;
use oco_fleet::reckoning::Reckoning;
use oco_fleet::time::Millis;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// What ties an answer to its question; the asker's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A question. Times without data behind `known`: what is known until now, by whoever watches.
#[derive(Debug, Clone)]
pub enum Query {
    /// What happened.
    Log(LogWish),
    /// How these were over a time, in so many pieces.
    Bars {
        /// Who.
        names: Vec<ObjectName>,
        /// From then on
        from: Millis,
        /// until then.
        to: Millis,
        /// In so many pieces.
        cells: u32,
        /// Until when it is known.
        known: Millis,
    },
    /// Whether it was ever watched.
    Knows(ObjectName),
    /// How long somebody was how.
    Availability(Box<AvailabilityWish>),
    /// How a level stands.
    Level(Box<LevelWish>),
    /// The last so many incidents, and all that are not closed.
    Incidents(u32),
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Query::Log`].
    Log(LogPage),
    /// To [`Query::Bars`].
    Bars(Vec<Bar>),
    /// To [`Query::Knows`].
    Knows(bool),
    /// To [`Query::Availability`]; none: it was never watched.
    Availability(Option<Reckoning>),
    /// To [`Query::Level`].
    Level(Box<Judgement>),
    /// To [`Query::Incidents`].
    Incidents(Vec<Incident>),
}

/// The answer to the question with this ticket, or why there is none.
#[derive(Debug)]
pub struct Reply {
    /// The asker's.
    pub ticket: Ticket,
    /// What was read.
    pub result: Result<Answer, JournalError>,
}

/// Too many questions wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// The loop's end.
#[derive(Debug)]
pub struct JournalReader {
    questions: SyncSender<(Ticket, Query)>,
    replies: Receiver<Reply>,
}

impl JournalReader {
    /// Starts the thread, for the journal at `path`. `wake` is called by it when there is a reply; it must not wait.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn start(path: PathBuf, wake: Box<dyn Fn() + Send>) -> io::Result<JournalReader> {
        let (questions, asked) = sync_channel(JOURNAL_QUERIES);
        let (answers, replies) = sync_channel(JOURNAL_QUERIES);
        std::thread::Builder::new()
            .name("journal-reader".to_owned())
            .spawn(move || run(Reader::at(&path), &asked, &answers, &*wake))?;
        Ok(JournalReader { questions, replies })
    }

    /// Asks. The answer comes as a [`Reply`] with this ticket.
    ///
    /// # Errors
    /// Too many questions wait already.
    pub fn ask(&self, ticket: Ticket, query: Query) -> Result<(), Busy> {
        self.questions.try_send((ticket, query)).map_err(|_| Busy)
    }

    /// The next reply, if there is one.
    pub fn take_reply(&self) -> Option<Reply> {
        self.replies.try_recv().ok()
    }
}

/// Answers until nobody asks any more.
fn run(
    mut reader: Reader,
    asked: &Receiver<(Ticket, Query)>,
    answers: &SyncSender<Reply>,
    wake: &(dyn Fn() + Send),
) {
    while let Ok((ticket, query)) = asked.recv() {
        let result = answer(&mut reader, query);
        if answers.send(Reply { ticket, result }).is_err() {
            return;
        }
        wake();
    }
}

fn answer(reader: &mut Reader, query: Query) -> Result<Answer, JournalError> {
    match query {
        Query::Log(wish) => reader.log(&wish).map(Answer::Log),
        Query::Bars { names, from, to, cells, known } => {
            reader.bars(&names, from, to, cells, known).map(Answer::Bars)
        }
        Query::Knows(name) => reader.knows(&name).map(Answer::Knows),
        Query::Availability(wish) => availability::reckon(reader, *wish).map(Answer::Availability),
        Query::Level(wish) => {
            availability::judge(reader, *wish).map(|judgement| Answer::Level(Box::new(judgement)))
        }
        Query::Incidents(limit) => reader.incidents(limit).map(Answer::Incidents),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::journal::{Entry, FILE, Writer};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn questions_are_answered_by_their_tickets() {
        let dir = tempfile::tempdir().unwrap();
        let (woken, wakes) = std::sync::mpsc::channel();
        let wake = Box::new(move || woken.send(()).unwrap());
        let reader = JournalReader::start(dir.path().join(FILE), wake).unwrap();
        let reply = || {
            wakes.recv_timeout(PATIENCE).unwrap();
            reader.take_reply().unwrap()
        };
        reader.ask(Ticket(1), Query::Incidents(1)).unwrap();
        let first = reply();
        assert_eq!(first.ticket, Ticket(1));
        assert!(first.result.is_err(), "there is no journal yet");

        let (mut writer, _) = Writer::open(dir.path(), Millis(1000), 0).unwrap();
        let name = ObjectName::parse("web/oco").unwrap();
        writer.write(&[Entry::Watched { names: vec![name.clone()], at: Millis(1000) }]).unwrap();
        let names = vec![name];
        let known = Millis(3000);
        reader.ask(Ticket(7), Query::Log(LogWish { limit: 9, ..LogWish::default() })).unwrap();
        let (from, to) = (Millis(0), known);
        reader.ask(Ticket(3), Query::Bars { names: names.clone(), from, to, cells: 3, known }).unwrap();
        reader.ask(Ticket(4), Query::Knows(names[0].clone())).unwrap();
        reader.ask(Ticket(5), Query::Incidents(9)).unwrap();
        let log = reply();
        assert_eq!(
            (log.ticket, log.result.unwrap()),
            (Ticket(7), Answer::Log(LogPage { rows: Vec::new(), is_whole: true }))
        );
        let bars = reply();
        match bars.result.unwrap() {
            Answer::Bars(bars) => assert_eq!(bars[0].letters(), ".uu"),
            other => panic!("{other:?}"),
        }
        assert_eq!(reply().result.unwrap(), Answer::Knows(true));
        assert_eq!((reply().ticket, reader.take_reply().is_none()), (Ticket(5), true));
    }
}
