//! Acknowledging from afar: orders that have a token of an alert, and nothing else, for a proof.

use super::EventLoop;
use super::orders::{Obeyed, OrderTime};
use crate::ack_tokens::AckTokens;
use crate::control::reply;
use crate::control::status::Facts;
use crate::decide::known::Known;
use log::error;
use oco::logic::control::{Act, FAILURE_OVER, TokenReply, VERSION};
use oco_fleet::journal::ActKind;
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;

/// Nobody was given such a token. It is not repeated: it may be one of another watcher.
const UNKNOWN_TOKEN: &str = "no such token";

impl EventLoop {
    /// Has tokens, where alerts are to have a link.
    pub(super) fn open_tokens(&mut self) {
        let settings = self.watcher.settings();
        if settings.base_url.is_none() || self.tokens.is_some() {
            return;
        }
        match AckTokens::open(&settings.state_dir) {
            Ok(mut tokens) => {
                // Who was told before still has its token.
                let known = Known { fleet: self.watcher.fleet(), levels: &self.levels };
                for name in self.telling.remembered() {
                    if let Some(failing) = known.failing_since(&name) {
                        tokens.give(&name, failing);
                    }
                }
                self.tokens = Some(tokens);
            }
            Err(error) => {
                let why = oco::system::words::words(&error);
                error!("tokens of acknowledgements: {why}; alerts have no link");
            }
        }
    }

    /// The token for an alert of somebody's failure that began then.
    pub(super) fn token_for(&mut self, name: &ObjectName, failing: Option<Millis>) -> Option<String> {
        Some(self.tokens.as_mut()?.give(name, failing?))
    }

    /// Tells whose failure a token is of.
    pub(super) fn show_token(&self, token: &str, time: &OrderTime) -> Result<Obeyed, String> {
        let (name, since) = self.failure_of(token)?;
        let (acked, reason) = self.with_facts(|facts: &Facts<'_>| {
            let [acked, _, _] = facts.acts(&name);
            (
                acked,
                facts
                    .fleet
                    .find(&name)
                    .and_then(|member| facts.fleet.standing(member))
                    .map(|one| one.reason.clone()),
            )
        });
        Ok(Obeyed::Reply(reply::line(&TokenReply {
            version: VERSION,
            ok: true,
            name: name.to_string(),
            since: time.show(since),
            reason: reason.unwrap_or_default().into(),
            acked: acked.map(|act| act.shown(&|at| time.show(at))),
        })))
    }

    /// Acknowledges the failure that a token is of.
    pub(super) fn acknowledge_by_token(
        &mut self,
        token: &str,
        text: String,
        who: String,
        time: &OrderTime,
    ) -> Result<Obeyed, String> {
        let (name, _) = self.failure_of(token)?;
        let act = Act { name: name.to_string(), text, ..Act::default() };
        self.act(ActKind::Ack, act, who, time)
    }

    fn failure_of(&self, token: &str) -> Result<(ObjectName, Millis), String> {
        let found = self.tokens.as_ref().and_then(|tokens| tokens.failure(token));
        let (name, since) = found.ok_or(UNKNOWN_TOKEN)?;
        let known = Known { fleet: self.watcher.fleet(), levels: &self.levels };
        if known.failing_since(name) != Some(since) {
            return Err(FAILURE_OVER.to_owned());
        }
        Ok((name.clone(), since))
    }
}
