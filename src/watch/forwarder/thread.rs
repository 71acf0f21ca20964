//! The thread's side: one report after the other, each as some requests.

use super::{Event, Shared};
use crate::http_post::Endpoint;
use oco::logic::code::Verdict;
use oco::logic::push::{Pusher, Service, bodies, judge};
use oco::system::key_file;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;

/// What it takes to tell the board.
#[derive(Debug)]
pub(super) struct Teller {
    pub endpoint: Result<Endpoint, String>,
    pub name: String,
    pub key_file: PathBuf,
    pub period: Duration,
}

impl Teller {
    /// Tells it all of this. What it refuses or does not hear is told with the next report.
    fn tell(&self, services: &[Service]) -> Result<(), String> {
        let endpoint = self.endpoint.as_ref().map_err(Clone::clone)?;
        // Read each time: it may be another one, or be there by now.
        let key = key_file::read_or_make(&self.key_file)?;
        let verdict = services.iter().map(|service| service.code.verdict()).max().unwrap_or(Verdict::Ok);
        let pusher = Pusher { name: &self.name, key: &key, period: self.period, verdict };
        for body in bodies(&pusher, services) {
            let response = endpoint.post(&body)?;
            judge(response.status, &response.body)?;
        }
        Ok(())
    }
}

pub(super) fn run(shared: &Shared, teller: &Teller, wake: &(dyn Fn() + Send + Sync)) {
    let mut is_failing = false;
    while let Some(report) = next(shared) {
        let told = teller.tell(&report);
        let event = match &told {
            Ok(()) => is_failing.then_some(Event::Recovered),
            Err(why) => (!is_failing).then(|| Event::Failing(why.clone())),
        };
        is_failing = told.is_err();
        let mut inner = shared.lock();
        let count = if is_failing { &mut inner.counts.failed } else { &mut inner.counts.sent };
        *count = count.saturating_add(1);
        let is_news = event.is_some();
        if is_news {
            inner.event = event;
        }
        drop(inner);
        if is_news {
            wake();
        }
    }
}

/// Waits for a report. None: it is time to end.
fn next(shared: &Shared) -> Option<Vec<Service>> {
    let mut inner = shared.lock();
    loop {
        if inner.is_ending {
            return None;
        }
        if let Some(report) = inner.report.take() {
            return Some(report);
        }
        inner = shared.work.wait(inner).unwrap_or_else(PoisonError::into_inner);
    }
}
