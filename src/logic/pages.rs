//! The pages of ocod's http face.

use super::http::Site;

/// A page that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// `/` and `/health`: the line, whose status is for pollers.
    Health,
    /// `/checks`: everything there is to know, as JSON.
    Checks,
    /// `/metrics`: the same and more, for Prometheus.
    Metrics,
}

impl Site for Page {
    const EXPECTED: &'static str = "/, /health, /checks or /metrics";

    fn find(path: &str) -> Option<Page> {
        match path {
            "/" | "/health" => Some(Page::Health),
            "/checks" => Some(Page::Checks),
            "/metrics" => Some(Page::Metrics),
            _ => None,
        }
    }

    fn is_for_pollers(self) -> bool {
        self == Page::Health
    }
}
