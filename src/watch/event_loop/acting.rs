//! Orders by which people act: acknowledge, mute, plan work, and undo it; and speak to those whom alerts tell.

use super::EventLoop;
use super::orders::{Obeyed, OrderTime};
use crate::decide::acts::Wish;
use crate::decide::known::{Known, Named};
use log::info;
use oco::logic::control::{Act, ActReply, VERSION};
use oco::logic::text::printable;
use oco::system::log_lines::TRANSITION;
use oco_fleet::journal::ActKind;
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use oco_fleet::transition::rough_millis;
use oco_fleet::when::Toward;

impl EventLoop {
    /// Somebody acts.
    pub(super) fn act(
        &mut self,
        kind: ActKind,
        act: Act,
        who: String,
        time: &OrderTime,
    ) -> Result<Obeyed, String> {
        let at = self.watcher.fleet_mut().journal_time(self.now);
        let (since, until) = span(&act, at, time)?;
        let wish = Wish {
            kind,
            name: act.name.clone(),
            who: who.clone(),
            since: since.unwrap_or(at),
            until,
            text: act.text.clone(),
        };
        let known = Known { fleet: self.watcher.fleet(), levels: &self.levels };
        let took = self.telling.act(wish, known, at)?;
        let reply = ActReply {
            version: VERSION,
            ok: true,
            act: kind.word().to_owned(),
            name: act.name,
            took,
            who,
            from: since.map(|since| time.show(since)),
            until: until.map(|until| time.show(until)),
            text: printable(act.text.as_bytes()),
            ..ActReply::default()
        };
        let until = until.map_or_else(String::new, |until| {
            format!(" for {}", rough_millis(until.since(since.unwrap_or(at))))
        });
        let from = since.filter(|since| *since > at);
        let from = from.map_or_else(String::new, |since| format!(" in {}", rough_millis(since.since(at))));
        let text = if reply.text.is_empty() { String::new() } else { format!(": {}", reply.text) };
        info!(target: TRANSITION, "{}: {} by {}{from}{until}{text}", printable(reply.name.as_bytes()), kind.word(), reply.who);
        Ok(Obeyed::Acted(Box::new(reply)))
    }

    /// Somebody undoes that.
    pub(super) fn undo(
        &mut self,
        kind: ActKind,
        name: String,
        who: String,
        time: &OrderTime,
    ) -> Result<Obeyed, String> {
        let at = self.watcher.fleet_mut().journal_time(self.now);
        let known = Known { fleet: self.watcher.fleet(), levels: &self.levels };
        let took = self.telling.undo(kind, &name, &who, known, at)?;
        if !took.is_empty() {
            info!(target: TRANSITION, "{}: {} by {who}", printable(name.as_bytes()), kind.undoing());
        }
        let held = if kind == ActKind::Maint { self.windows_of(&name, time) } else { Vec::new() };
        let act = kind.undoing().to_owned();
        Ok(Obeyed::Acted(Box::new(ActReply {
            version: VERSION,
            ok: true,
            act,
            name,
            took,
            held,
            who,
            ..ActReply::default()
        })))
    }

    /// The windows of the file that a name is under, in words: nobody ends them by an order.
    fn windows_of(&mut self, name: &str, time: &OrderTime) -> Vec<String> {
        let moment = self.watcher.fleet_mut().moment(self.now);
        let known = Known { fleet: self.watcher.fleet(), levels: &self.levels };
        let names: Vec<ObjectName> = match known.find(name) {
            Some(Named::Object(object)) => vec![object],
            Some(Named::Group) => known.services(name).map(|service| service.name.clone()).collect(),
            None => Vec::new(),
        };
        let words = |name: &ObjectName| {
            let (window, _, until) = self.telling.window_on(name, moment)?;
            let until = until.map_or_else(String::new, |until| format!(" until {}", time.show(until)));
            Some(format!("{name}, by {}{until}", window.who))
        };
        names.iter().filter_map(words).collect()
    }

    /// Somebody speaks to those whom the alerts of a name tell.
    pub(super) fn speak(&mut self, name: String, text: &str, who: String) -> Result<Obeyed, String> {
        let text = printable(text.trim().as_bytes());
        if text.is_empty() {
            return Err(format!("{}: expected words to tell", printable(name.as_bytes())));
        }
        if let Ok(name) = ObjectName::parse(&name) {
            self.watcher.fleet_mut().meet(&name, self.now, &mut self.changes);
        }
        let moment = self.watcher.fleet_mut().moment(self.now);
        let known = Known { fleet: self.watcher.fleet(), levels: &self.levels };
        let direct = self.telling.direct(&name, &format!("{text} ({who})"), known, moment)?;
        info!(target: TRANSITION, "{}: alert by {who}: {text}", printable(name.as_bytes()));
        Ok(Obeyed::Acted(Box::new(ActReply {
            version: VERSION,
            ok: true,
            act: "alert".to_owned(),
            name,
            took: direct.took,
            held: direct.held,
            who,
            text,
            ..ActReply::default()
        })))
    }
}

/// From when until when an act is, as far as somebody says so.
fn span(act: &Act, now: Millis, time: &OrderTime) -> Result<(Option<Millis>, Option<Millis>), String> {
    let since = act.from.as_deref().map(|text| time.read(text, Toward::Future)).transpose()?;
    let until = match (&act.until, act.length) {
        (None, None) => None,
        (Some(text), None) => Some(time.read_end(text, since.unwrap_or(now))?),
        (None, Some(length)) if length > 0 => Some(Millis(since.unwrap_or(now).0.saturating_add(length))),
        (None, Some(length)) => return Err(format!("for {length}: expected more than 0 milliseconds")),
        (Some(_), Some(_)) => return Err("both an end and a length; expected one of them".to_owned()),
    };
    Ok((since, until))
}
