//! Alertmanager is told what was decided for it.

use super::EventLoop;
use crate::alertmanagers::Event;
use crate::config::Tls;
use crate::probe::tls::store::TlsStore;
use log::{error, info};
use oco::system::words::words;
use rustls::ClientConfig;
use rustls::time_provider::DefaultTimeProvider;
use std::sync::Arc;
use std::time::Duration;

impl EventLoop {
    /// Takes on the members that the settings name.
    pub(super) fn open_alertmanagers(&mut self) {
        let settings = self.watcher.settings();
        let urls = settings.alertmanager.as_ref().map(|one| one.urls.clone()).unwrap_or_default();
        let tls = authorities_for(urls.iter().map(String::as_str));
        if let Err(error) = self.alertmanagers.set(&urls, settings.base_url.as_deref(), &tls) {
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

/// What sessions to these need, if any is one of https.
pub(super) fn authorities_for<'a>(
    mut urls: impl Iterator<Item = &'a str>,
) -> Result<Arc<ClientConfig>, String> {
    if urls.any(|url| url.starts_with("https://")) {
        by_the_system()
    } else {
        Err("no authorities were read".to_owned())
    }
}

/// What sessions need that are verified by the system's authorities.
fn by_the_system() -> Result<Arc<ClientConfig>, String> {
    let tls = Tls { verify: true, ca: None, expires_but: Duration::ZERO, expires_ko: Duration::ZERO };
    let store = TlsStore::of(std::iter::once(&tls), Arc::new(DefaultTimeProvider))?;
    store.find(&tls).map(Arc::clone).map_err(str::to_owned)
}
