//! Pages for Prometheus, and for a watcher of the watcher.

use super::EventLoop;
use crate::journal_writer::WriterStatus;
use crate::limits::METRICS_OBJECTS_PER_TURN;
use crate::metrics::page::{Facts, MetricsPage};
use crate::metrics::server::MetricsServer;
use crate::metrics::{Counts, Page};
use log::error;
use oco::logic::exposition::CONTENT_TYPE;
use oco::logic::http::{Method, PLAIN, Request, first_part, further_part, refuse, response};
use oco::logic::time::Nanos;
use oco::net::token::ConnectionId;
use oco::system::words::words;
use std::time::Instant;

/// The pages, and who waits for them.
#[derive(Debug)]
pub(super) struct Metrics {
    server: MetricsServer,
    pub counts: Counts,
    /// Who is sent `/metrics`: the next one to get a part first.
    scrapes: Vec<Scrape>,
}

/// Somebody who is sent `/metrics`, part by part.
#[derive(Debug)]
struct Scrape {
    id: ConnectionId,
    request: Request<Page>,
    page: MetricsPage,
    /// Whether it has all that was made so far, and wants the next part.
    wants: bool,
    /// Whether a part was made before.
    has_begun: bool,
}

impl Metrics {
    pub fn new(server: MetricsServer) -> Metrics {
        Metrics { server, counts: Counts::default(), scrapes: Vec::new() }
    }

    /// When the next turn is due without an event.
    pub fn deadline(&self) -> Option<Nanos> {
        if self.scrapes.iter().any(|scrape| scrape.wants) {
            Some(Nanos::PAST)
        } else {
            self.server.deadline()
        }
    }

    /// Sees who wants the next part of its page, and who is gone.
    fn look_around(&mut self) {
        let wanting = self.server.take_wanting();
        let server = &mut self.server;
        self.scrapes.retain_mut(|scrape| {
            scrape.wants |= wanting.contains(&scrape.id);
            server.is_there(scrape.id)
        });
    }
}

impl EventLoop {
    /// Answers what was asked, and goes on with the pages that are being sent.
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
                    // It asks again when it is woken while its page is made.
                    Page::Metrics if self.metrics.scrapes.iter().any(|scrape| scrape.id == id) => {}
                    Page::Metrics => {
                        let page = MetricsPage::new(self.watcher.fleet());
                        self.metrics.scrapes.push(Scrape {
                            id,
                            request,
                            page,
                            wants: true,
                            has_begun: false,
                        });
                    }
                },
            }
        }
        self.metrics.look_around();
        self.go_on_with_a_page();
        self.metrics.look_around();
    }

    /// Makes a part for one of those who want one, and hands it in: one a turn delays no probe.
    fn go_on_with_a_page(&mut self) {
        let Some(place) = self.metrics.scrapes.iter().position(|scrape| scrape.wants) else { return };
        let mut scrape = self.metrics.scrapes.remove(place);
        self.metrics.counts.forwards = self.forwarding.forwarder().counts();
        let (fleet, counts) = (self.watcher.fleet(), &self.metrics.counts);
        let facts = Facts { fleet, levels: &self.levels, counts, now: self.now };
        let is_last = scrape.page.write(facts, METRICS_OBJECTS_PER_TURN);
        let part = scrape.page.take_part();
        let Scrape { id, request, has_begun, .. } = scrape;
        let octets = match (has_begun, is_last) {
            // The usual fleet's.
            (false, true) => response(true, CONTENT_TYPE, &part, request),
            (false, false) => first_part(CONTENT_TYPE, &part, request),
            (true, _) => further_part(&part, is_last, request),
        };
        let is_all = is_last || request.method == Method::Head;
        if !is_all {
            // Where there was nothing to tell it still waits.
            let wants = octets.is_empty();
            self.metrics.scrapes.push(Scrape { wants, has_begun: true, ..scrape });
            if wants {
                return;
            }
        }
        self.metrics.server.respond_part(id, octets, is_all, self.now.boot);
    }

    /// Takes on the port of other settings. Services have other numbers now, so that no page can be gone on with: who was
    /// sent a part of one sees that its end is missing.
    pub(super) fn reload_metrics(&mut self) {
        if let Err(error) = self.metrics.server.listen(self.watcher.settings().metrics) {
            error!("metrics: {error}; the port stays as it was");
        }
        let (fleet, server) = (self.watcher.fleet(), &mut self.metrics.server);
        self.metrics.scrapes.retain_mut(|scrape| {
            if scrape.has_begun {
                server.close(scrape.id);
            } else {
                scrape.page = MetricsPage::new(fleet);
            }
            !scrape.has_begun
        });
    }

    /// Why the watcher does not do its work as it should; none: it does.
    fn ailment(&self) -> Option<String> {
        match self.journal.status(Instant::now()) {
            WriterStatus::Fine => {}
            WriterStatus::Hanging(_) => return Some("the journal's disk does not answer\n".to_owned()),
            WriterStatus::Failing(why) => return Some(format!("the journal can't be written: {why}\n")),
        }
        if self.watcher.fleet().is_canary_hampered() {
            return Some(
                "the canary can't be asked, by our own fault, and until it can no ko is judged\n".to_owned(),
            );
        }
        let late = self.metrics.counts.late(self.now.boot);
        let is_late = self.metrics.counts.is_late(self.now.boot);
        is_late.then(|| format!("probes began {:.1} s late\n", late.as_secs_f64()))
    }
}
