//! Availabilities that somebody asks for, and levels: the journal is asked, and what comes of its answer.

use super::EventLoop;
use super::orders::{Asked, Obeyed};
use crate::control::reply;
use crate::journal_reader::{Answer, AvailabilityWish, Busy, Common, LevelWish, Query, Reply};
use jiff::tz::TimeZone;
use log::{info, warn};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::reckoning::{Reckoning, times};
use oco_fleet::shown;
use oco_fleet::when::{parse_past, rfc3339};

impl EventLoop {
    /// Asks the journal about the level that is due.
    pub(super) fn judge_levels(&mut self) {
        let written = self.journal.written();
        if self.levels.deadline(written).is_none_or(|due| due > self.now.boot) {
            return;
        }
        let ticket = self.replies.ticket();
        let Some(level) = self.levels.ask(ticket, written, self.now.boot) else { return };
        let common = self.common(&level.of);
        if let Err(Busy) = self.reader.ask(ticket, Query::Level(Box::new(LevelWish { level, common }))) {
            self.levels.failed(ticket, self.now.boot);
        }
    }

    /// Takes in what the journal says of a level.
    pub(super) fn hear_level(&mut self, reply: Reply) {
        let at = self.watcher.fleet_mut().journal_time(self.now);
        match reply.result {
            Ok(Answer::Level(judgement)) => {
                let transition = self.levels.judged(reply.ticket, &judgement, at, self.now.boot);
                self.changes.transitions.extend(transition);
                if std::mem::take(&mut self.levels_wait) {
                    info!("levels: are judged again");
                }
            }
            Ok(
                Answer::Log(_)
                | Answer::Bars(_)
                | Answer::Knows(_)
                | Answer::Availability(_)
                | Answer::Incidents(_),
            ) => {}
            Err(error) => {
                self.levels.failed(reply.ticket, self.now.boot);
                if !std::mem::replace(&mut self.levels_wait, true) {
                    warn!("levels: stay as they are while the journal can't be read: {error}");
                }
            }
        }
    }

    /// What the journal is not asked for.
    fn common(&mut self, of: &ObjectName) -> Common {
        let now = self.watcher.fleet_mut().journal_time(self.now);
        Common { adjustments: self.adjustments.of(of), zone: self.levels.zone().clone(), now }
    }

    /// Reckons an availability: the order `availability`, with times of the reply in `shown`.
    pub(super) fn availability(
        &mut self,
        name: &str,
        from: Option<&str>,
        to: Option<&str>,
        (zone, shown): (&TimeZone, Option<TimeZone>),
    ) -> Result<Obeyed, String> {
        let name = ObjectName::parse(name)?;
        let level = self.levels.get(&name).map(|level| (level.of.clone(), level.promise.clone()));
        if name.kind() == Kind::Level && level.is_none() {
            return Err(format!("{name}: nothing is known by that name"));
        }
        let (of, promise) = level.map_or((name.clone(), None), |(of, promise)| (of, Some(promise)));
        let common = self.common(&of);
        let now = common.now;
        let (from, to) = parse_past((from, to), now, zone)?;
        if from.is_some_and(|from| from >= to.unwrap_or(now).min(now)) {
            return Err(format!("{name}: expected a time that has begun, and ends after its beginning"));
        }
        let (from, to) = times(promise.as_ref(), (from, to), now, &common.zone);
        let wish = AvailabilityWish { of, from, to, promise, common };
        Ok(Obeyed::Ask(Query::Availability(Box::new(wish)), Asked::Availability { name, zone: shown }))
    }
}

/// The reply to the order `availability`.
pub(super) fn availability_reply(
    name: &ObjectName,
    found: Option<Reckoning>,
    zone: Option<&TimeZone>,
) -> Vec<u8> {
    let Some(found) = found else {
        return reply::error(&format!("{name}: nothing is known by that name"));
    };
    if found.from > found.to {
        return reply::error(&format!("{name}: the journal began after that, at {}", rfc3339(found.from)));
    }
    reply::line(&shown::availability(name, &found, zone))
}
