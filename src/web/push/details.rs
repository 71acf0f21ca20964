//! What services told beyond their reason, and hosts of their ocod: kept in memory for the pages. The next report brings it
//! back after a restart.

use super::body::Oco;
use crate::limits::DETAILS_OCTETS;
use std::collections::HashMap;

/// All of it.
#[derive(Debug, Default)]
pub struct Details {
    /// By `SERVICE/SERVER`.
    texts: HashMap<Box<str>, Box<str>>,
    octets: usize,
    hosts: HashMap<Box<str>, Oco>,
}

impl Details {
    /// Keeps what a service told, or that there is no more than its reason. Where all are too many, that of a service
    /// of which nothing was kept is not kept.
    pub fn keep(&mut self, service: &str, server: &str, text: Option<String>) {
        let name = format!("{service}/{server}");
        if let Some(before) = self.texts.remove(name.as_str()) {
            self.octets = self.octets.saturating_sub(before.len() + name.len());
        }
        let Some(text) = text else { return };
        let octets = text.len() + name.len();
        if self.octets + octets <= DETAILS_OCTETS {
            self.octets += octets;
            self.texts.insert(name.into(), text.into());
        }
    }

    /// Keeps what a host told of its ocod.
    pub fn keep_host(&mut self, server: &str, oco: Oco) {
        self.hosts.insert(server.into(), oco);
    }

    /// All that a service told, as it was sent, where that is more than its reason.
    pub fn text(&self, service: &str, server: &str) -> Option<&str> {
        self.texts.get(format!("{service}/{server}").as_str()).map(|text| &**text)
    }

    /// The same of all services of a host, by their names.
    pub fn texts_of<'a>(&'a self, server: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts.iter().filter_map(move |(name, text)| {
            let (service, of) = name.split_once('/')?;
            (of == server).then_some((service, &**text))
        })
    }

    /// What a host told of its ocod.
    pub fn host(&self, server: &str) -> Option<&Oco> {
        self.hosts.get(server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_text_is_kept_and_all_of_them_are_bounded() {
        let mut details = Details::default();
        details.keep("a", "h1", Some("one".to_owned()));
        details.keep("a", "h1", Some("two".to_owned()));
        assert_eq!((details.text("a", "h1"), details.text("a", "h2")), (Some("two"), None));
        details.keep("a", "h1", None);
        assert_eq!((details.text("a", "h1"), details.octets), (None, 0));
        let long = "x".repeat(4096);
        for host in 0..10_000 {
            details.keep("a", &host.to_string(), Some(long.clone()));
        }
        assert!(details.octets <= DETAILS_OCTETS && details.text("a", "0").is_some());
        assert!(details.text("a", "9999").is_none());
    }
}
