//! `/api/v1/events`: what happens, as server-sent events. One who was away says the last event that it had, and goes on
//! there; what it missed comes out of the journal.
//!
//! Events without a name are entries of the log, with a number. An event `look` says that something else is new, or that
//! more was missed than is told: whoever shows the fleet looks anew.

use crate::limits::{EVENTS_AT_ONCE, EVENTS_KEEP_ALIVE, EVENTS_RETRY};
use crate::store::{Event, EventId, Missed, Places, Store};
use oco_fleet::journal::LogWish;
use tokio::sync::watch;

/// Somebody who listens. It takes its pieces as fast as it can, and holds up nobody.
#[derive(Debug)]
pub struct Listener {
    store: Store,
    news: watch::Receiver<u64>,
    last: Option<EventId>,
    has_begun: bool,
}

/// Something else is new.
const LOOK: &str = "event: look\ndata: {}\n\n";
/// A comment: the connection is alive.
const ALIVE: &str = ":\n\n";

impl Listener {
    /// One who had `last` last, as `Last-Event-ID` has it; what is no number of ours is as if it had none.
    pub fn new(store: &Store, last: Option<&str>) -> Listener {
        let news = store.news();
        Listener { store: store.clone(), news, last: last.and_then(|id| id.parse().ok()), has_begun: false }
    }

    /// The next piece of the stream. Waits until there is one.
    pub async fn next(&mut self) -> String {
        if !self.has_begun {
            self.has_begun = true;
            let begin = format!("retry: {}\n\n", EVENTS_RETRY.as_millis());
            self.news.mark_unchanged();
            return match self.last {
                Some(_) => begin + &self.missed().await,
                None => {
                    self.last = self.store.with_events(|events| events.last());
                    begin
                }
            };
        }
        match tokio::time::timeout(EVENTS_KEEP_ALIVE, self.news.changed()).await {
            Ok(Ok(())) => {
                let events = self.missed().await;
                if events.is_empty() { LOOK.to_owned() } else { events }
            }
            // Its thread has ended: so does the program.
            Ok(Err(_)) => {
                tokio::time::sleep(EVENTS_KEEP_ALIVE).await;
                ALIVE.to_owned()
            }
            Err(_) => ALIVE.to_owned(),
        }
    }

    /// What came since the last event.
    async fn missed(&mut self) -> String {
        let missed = self.store.with_events(|events| match self.last {
            Some(last) => events.after(last),
            // It came before the first event of all: now that there are some, they are all new.
            None => Missed::Events(events.all()),
        });
        let (events, is_whole) = match (missed, self.last) {
            (Missed::Events(events), _) => (events, true),
            (Missed::More(_), None) => (Vec::new(), false),
            (Missed::More(since), Some(last)) => {
                let wish = LogWish { since: Some(since), limit: EVENTS_AT_ONCE, ..LogWish::default() };
                match self.store.ask(move |reader| reader.log(&wish)).await {
                    Ok(page) => {
                        let is_whole = page.is_whole;
                        (Places::behind(last).number(page), is_whole)
                    }
                    Err(_) => (Vec::new(), false),
                }
            }
        };
        if let Some(last) = events.last() {
            self.last = Some(last.id);
        }
        let text: String = events.iter().map(Event::text).collect();
        if is_whole { text } else { LOOK.to_owned() + &text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco::logic::code::Code;
    use oco_fleet::journal::{Entry, FILE, Writer};
    use oco_fleet::object::ObjectName;
    use oco_fleet::state::Standing;
    use oco_fleet::time::Millis;
    use oco_fleet::transition::Transition;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    fn now() -> i64 {
        i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
    }

    fn change(at: i64, code: u16) -> Entry {
        let new = Standing::of_code(Code::new(code).unwrap(), "why");
        let (name, at) = (ObjectName::parse("web/oco").unwrap(), Millis(at));
        let old = Standing::default();
        Entry::Transition(Transition { name, at, old, old_since: at, new, probes: None, depends_on: None })
    }

    /// Pieces until one of them has these words.
    async fn until(listener: &mut Listener, words: &str) -> String {
        let mut text = String::new();
        while !text.contains(words) {
            let piece = tokio::time::timeout(Duration::from_secs(20), listener.next());
            text.push_str(&piece.await.unwrap_or_else(|_| panic!("{words} did not come: {text}")));
        }
        text
    }

    #[test]
    fn who_listens_hears_what_happens_and_who_comes_back_what_he_missed() {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, _) = Writer::open(dir.path(), Millis(now() - 60_000), 0).unwrap();
        writer.write(&[change(now() - 50_000, 200)]).unwrap();
        let store = Store::start(&dir.path().join(FILE)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut listener = Listener::new(&store, None);
            assert!(listener.next().await.starts_with("retry: "));
            // The first look is over: what comes now is new.
            while store.snapshot().read.is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            let at = now();
            writer.write(&[change(at, 300)]).unwrap();
            let heard = until(&mut listener, "\"ko\"").await;
            assert!(heard.contains(&format!("id: {at}-0\n")), "{heard}");
            // One who was away, also for longer than this board is there.
            let mut again = Listener::new(&store, Some(&format!("{}-0", at - 55_000)));
            let missed = again.next().await;
            assert_eq!(
                missed.matches("\nid: ").count() + usize::from(missed.starts_with("id: ")),
                2,
                "{missed}"
            );
            let mut again = Listener::new(&store, Some(&format!("{at}-0")));
            assert!(!again.next().await.contains("id: "));
        });
    }
}
