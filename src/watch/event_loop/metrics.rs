//! Pages for Prometheus, and for a watcher of the watcher.

use super::EventLoop;
use crate::journal_writer::WriterStatus;
use crate::limits::METRICS_OBJECTS_PER_TURN;
use crate::metrics::page::{Facts, MetricsPage};
use crate::metrics::server::MetricsServer;
use crate::metrics::{Counts, Page};
use log::error;
use oco::logic::exposition::CONTENT_TYPE;
use oco::logic::http::{PLAIN, Request, refuse, response};
use oco::logic::time::Nanos;
use oco::net::token::ConnectionId;
use oco::system::words::words;
use std::time::Instant;

/// The pages, and who waits for them.
#[derive(Debug)]
pub(super) struct Metrics {
    server: MetricsServer,
    pub counts: Counts,
    /// Who waits for the page that is being made.
    waiting: Vec<(ConnectionId, Request<Page>)>,
    page: Option<MetricsPage>,
}

impl Metrics {
    pub fn new(server: MetricsServer) -> Metrics {
        Metrics { server, counts: Counts::default(), waiting: Vec::new(), page: None }
    }

    /// When the next turn is due without an event.
    pub fn deadline(&self) -> Option<Nanos> {
        if self.page.is_some() { Some(Nanos::PAST) } else { self.server.deadline() }
    }
}

impl EventLoop {
    /// Answers what was asked, and goes on with the page that is being made.
    pub(super) fn serve_metrics(&mut self) {
        let now = self.now.boot;
        if let Err(error) = self.metrics.server.turn(now) {
            error!("metrics: {}", words(&error));
        }
        for (id, asked) in self.metrics.server.take_asked() {
            match asked {
                Err(refused) => self.metrics.server.respond(id, refuse(refused), now),
                Ok(request) => match request.page {
                    Page::Health => {
                        let ailment = self.ailment();
                        let line = ailment.as_ref().map_or("ok\n", |why| why);
                        let octets = response(ailment.is_none(), PLAIN, line, request);
                        self.metrics.server.respond(id, octets, now);
                    }
                    Page::Metrics => {
                        self.metrics.waiting.push((id, request));
                        let fleet = self.watcher.fleet();
                        self.metrics.page.get_or_insert_with(|| MetricsPage::new(fleet));
                    }
                },
            }
        }
        self.go_on_with_page();
    }

    fn go_on_with_page(&mut self) {
        let Some(mut page) = self.metrics.page.take() else { return };
        self.metrics.counts.forwards = self.forwarding.forwarder().counts();
        let (fleet, counts) = (self.watcher.fleet(), &self.metrics.counts);
        let facts = Facts { fleet, levels: &self.levels, counts, now: self.now };
        if !page.write(facts, METRICS_OBJECTS_PER_TURN) {
            self.metrics.page = Some(page);
            return;
        }
        for (id, request) in std::mem::take(&mut self.metrics.waiting) {
            let octets = response(true, CONTENT_TYPE, page.as_str(), request);
            self.metrics.server.respond(id, octets, self.now.boot);
        }
    }

    /// Takes on the port of other settings. Services have other numbers now: a page that is being made begins anew.
    pub(super) fn reload_metrics(&mut self) {
        if let Err(error) = self.metrics.server.listen(self.watcher.settings().metrics) {
            error!("metrics: {error}; the port stays as it was");
        }
        let fleet = self.watcher.fleet();
        self.metrics.page = self.metrics.page.take().map(|_| MetricsPage::new(fleet));
    }

    /// Why the watcher does not do its work as it should; none: it does.
    fn ailment(&self) -> Option<String> {
        match self.journal.status(Instant::now()) {
            WriterStatus::Fine => {}
            WriterStatus::Hanging(_) => return Some("the journal's disk does not answer\n".to_owned()),
            WriterStatus::Failing(why) => return Some(format!("the journal can't be written: {why}\n")),
        }
        let late = self.metrics.counts.late(self.now.boot);
        let is_late = self.metrics.counts.is_late(self.now.boot);
        is_late.then(|| format!("probes began {:.1} s late\n", late.as_secs_f64()))
    }
}
