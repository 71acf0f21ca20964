//! Alertmanager is told what was decided for it.

use super::EventLoop;
use crate::alertmanagers::Event;
use log::{error, info};
use oco::system::words::words;

impl EventLoop {
    /// Takes on the members that the settings name.
    pub(super) fn open_alertmanagers(&mut self) {
        let settings = self.watcher.settings();
        let source = settings.base_url.clone();
        let named = settings.alertmanager.as_ref().map(|one| (one.urls.clone(), one.tls.clone()));
        let (urls, tls) = named.unwrap_or_default();
        let tls = self.watcher.pool().tls().for_sessions(tls.as_ref());
        if let Err(error) = self.alertmanagers.set(&urls, source.as_deref(), &tls) {
            error!("alertmanager: {}", words(&error));
        }
    }

    /// Logs how the members fare.
    pub(super) fn hear_alertmanagers(&mut self) {
        for (url, event) in self.alertmanagers.take_events() {
            match event {
                Event::Failing(why) => error!("alertmanager {url}: {why}; it is tried again"),
                Event::Recovered => info!("alertmanager {url}: is told again"),
            }
        }
    }
}
