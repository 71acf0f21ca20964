//! Corrections: they are laid over the journal, which they never change.

use super::EventLoop;
use super::orders::{Asked, Obeyed};
use crate::adjustments::TakenBack;
use crate::control::reply;
use crate::journal_reader::Query;
use crate::limits::TEXT_OCTETS;
use jiff::tz::TimeZone;
use log::info;
use oco::logic::control::{ActReply, AdjustmentStatus, VERSION};
use oco_fleet::journal::{Adjustment, Entry};
use oco_fleet::object::{Kind, ObjectName, Pattern};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use oco_fleet::when::{rfc3339, shown};

/// What somebody says was otherwise.
#[derive(Debug, Clone)]
pub struct Correction {
    /// Of whom, as it was given: a target, service, node, or a whole group.
    pub name: String,
    /// From when until when.
    pub time: (Millis, Millis),
    /// How it was, as it was given.
    pub state: String,
    /// Why.
    pub text: String,
    /// Who says so.
    pub who: String,
    /// Times of the reply are to be of this zone; none: UTC.
    pub zone: Option<TimeZone>,
}

impl EventLoop {
    /// Corrects, if that can be: the order `adjust`.
    pub(super) fn adjust(&mut self, correction: Correction) -> Result<Obeyed, String> {
        let Correction { name, time: (_, to), state, text, .. } = &correction;
        if State::from_word(state).is_none() {
            return Err(format!("state {state:?}: expected ok, but, ko or unknown"));
        }
        if text.trim().is_empty() || text.len() > TEXT_OCTETS {
            return Err(format!("text: expected why, in at most {TEXT_OCTETS} octets"));
        }
        if *to > self.watcher.fleet_mut().journal_time(self.now) {
            return Err(format!("{}: not over yet; expected a time that has passed", rfc3339(*to)));
        }
        let fleet = self.watcher.fleet();
        if !name.contains(['/', ':']) {
            let group = Pattern::parse(name)?;
            let services = fleet.services().map(|service| service.name).filter(|name| group.matches(name));
            let names: Vec<ObjectName> = services.cloned().collect();
            if names.is_empty() {
                return Err(format!("{name}: nothing is known by that name"));
            }
            return Ok(Obeyed::Acted(Box::new(self.correct(&correction, names))));
        }
        let parsed = ObjectName::parse(name)?;
        if parsed.kind() == Kind::Level {
            let of = self.levels.get(&parsed).map(|level| format!(", {}", level.of)).unwrap_or_default();
            return Err(format!("{name}: a level is made of others; expected the name that it is of{of}"));
        }
        if fleet.find(&parsed).is_some() {
            return Ok(Obeyed::Acted(Box::new(self.correct(&correction, vec![parsed]))));
        }
        // It may have been watched once.
        Ok(Obeyed::Ask(Query::Knows(parsed.clone()), Asked::Adjust(Box::new(correction), parsed)))
    }

    /// Corrects what was of `names`, and returns the reply.
    pub(super) fn correct(&mut self, correction: &Correction, names: Vec<ObjectName>) -> ActReply {
        let Correction { name, time: (since, until), state, text, who, zone } = correction;
        let at = self.watcher.fleet_mut().journal_time(self.now);
        let mut reply = ActReply {
            version: VERSION,
            ok: true,
            act: "adjust".to_owned(),
            name: name.clone(),
            who: who.clone(),
            state: Some(state.clone()),
            from: Some(shown(*since, zone.as_ref())),
            until: Some(shown(*until, zone.as_ref())),
            text: text.clone(),
            ..ActReply::default()
        };
        for name in names {
            let added = self.adjustments.add(Adjustment {
                id: 0,
                name: name.clone(),
                since: *since,
                until: *until,
                state: State::from_word(state).unwrap_or_default(),
                who: who.clone(),
                at,
                text: text.clone(),
                undone: None,
                undone_by: None,
            });
            let (from, to) = (rfc3339(*since), rfc3339(*until));
            info!("{name}: was {state} from {from} until {to}: correction {}, by {who}: {text}", added.id);
            reply.id = reply.id.or(Some(added.id));
            reply.ids.push(added.id);
            reply.took.push(name.to_string());
            let sequence = self.journal.push(Entry::Adjustment(added));
            self.levels.touch(&name, sequence);
        }
        reply
    }

    /// Takes a correction back: the order `unadjust`.
    pub(super) fn unadjust(&mut self, id: i64, who: &str) -> Result<Obeyed, String> {
        let mut reply = ActReply {
            version: VERSION,
            ok: true,
            act: "unadjust".to_owned(),
            id: Some(id),
            who: who.to_owned(),
            ..ActReply::default()
        };
        match self.adjustments.take_back(id) {
            TakenBack::Never => return Err(format!("correction {id}: there is none of that number")),
            TakenBack::Before => {}
            TakenBack::Now(adjustment) => {
                let at = self.watcher.fleet_mut().journal_time(self.now);
                info!("{}: correction {id} is taken back, by {who}", adjustment.name);
                let sequence = self.journal.push(Entry::AdjustmentUndone { id, at, by: who.to_owned() });
                self.levels.touch(&adjustment.name, sequence);
                reply.name = adjustment.name.to_string();
                reply.took.push(reply.name.clone());
            }
        }
        Ok(Obeyed::Acted(Box::new(reply)))
    }

    /// The reply to the order `adjustments`, with times of `zone`; none: UTC.
    pub(super) fn list_adjustments(&self, zone: Option<&TimeZone>) -> Vec<u8> {
        let status = |one: &Adjustment| AdjustmentStatus {
            id: one.id,
            name: one.name.to_string(),
            from: shown(one.since, zone),
            to: shown(one.until, zone),
            state: one.state.word().to_owned(),
            who: one.who.clone(),
            at: shown(one.at, zone),
            text: one.text.clone(),
        };
        reply::line(&self.adjustments.all().iter().map(status).collect::<Vec<_>>())
    }
}
