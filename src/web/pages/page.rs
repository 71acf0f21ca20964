//! What goes to a browser, and what is the same for all: the style sheet, the script, icons.

use askama::Template;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// HTTP's number.
    pub status: u16,
    /// What the body is.
    pub content_type: &'static str,
    /// The body, not compressed.
    pub body: Vec<u8>,
    /// Changes with what is shown, compressed or not; none: it may not be kept.
    pub etag: Option<String>,
}

impl Page {
    /// HTML of a template.
    pub fn html(status: u16, template: &impl Template) -> Page {
        // Writing to memory does not fail, and our templates call nothing that does.
        let body = template.render().unwrap_or_default();
        let page = Page::new("text/html; charset=utf-8", body.into_bytes());
        Page { status, etag: page.etag.filter(|_| status == 200), ..page }
    }

    /// Something else that is found.
    pub fn new(content_type: &'static str, body: Vec<u8>) -> Page {
        let hash = blake3::hash(&body).to_hex();
        let etag = hash.get(..16).map(|hash| format!("W/\"{hash}\""));
        Page { status: 200, content_type, body, etag }
    }
}

impl Page {
    /// Whether somebody who has one of these tags has this page already: what `If-None-Match` says.
    pub fn is_one_of(&self, tags: &str) -> bool {
        let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let tag = self.etag.as_deref().map(strong);
        tag.is_some_and(|tag| tags.split(',').any(|other| other.trim() == "*" || strong(other) == tag))
    }

    /// The body, compressed with gzip.
    pub fn gzip(&self) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::with_capacity(self.body.len() / 4), Compression::fast());
        // Writing to memory does not fail.
        let _ = encoder.write_all(&self.body);
        encoder.finish().unwrap_or_default()
    }
}

/// What is the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    content_type: &'static str,
    body: &'static str,
}

/// An icon for each state.
const ICON_OK: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#1a7f37"/><path d="M4.5 8.2 7 10.7l4.5-5" fill="none" stroke="#fff" stroke-width="2"/></svg>"##;
const ICON_BUT: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M8 1 15.5 14.5H.5z" fill="#bf8700"/><path d="M8 5.5v4m0 1.2v1.6" stroke="#fff" stroke-width="1.8"/></svg>"##;
const ICON_KO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect x="1" y="1" width="14" height="14" rx="2" fill="#cf222e"/><path d="m5 5 6 6m0-6-6 6" stroke="#fff" stroke-width="2"/></svg>"##;
const ICON_UNKNOWN: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.2" fill="none" stroke="#6e7781" stroke-width="1.6" stroke-dasharray="3 2"/><path d="M6.2 6.4c0-2.4 3.7-2.3 3.7 0 0 1.4-1.9 1.4-1.9 3.1m0 1.2v1.5" fill="none" stroke="#6e7781" stroke-width="1.5"/></svg>"##;

const ICON_TAKEN: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.6" fill="none" stroke="#0a4ea3" stroke-width="1.8"/><path d="M8 1.4a6.6 6.6 0 0 0 0 13.2z" fill="#0a4ea3"/></svg>"##;

impl Asset {
    /// The file of this name.
    pub fn new(file: &str) -> Option<Asset> {
        let (content_type, body) = match file {
            "style.css" => ("text/css; charset=utf-8", include_str!("../style.css")),
            "live.js" => ("text/javascript; charset=utf-8", include_str!("../live.js")),
            "icon-ok.svg" => ("image/svg+xml", ICON_OK),
            "icon-but.svg" => ("image/svg+xml", ICON_BUT),
            "icon-ko.svg" => ("image/svg+xml", ICON_KO),
            "icon-taken.svg" => ("image/svg+xml", ICON_TAKEN),
            "icon-unknown.svg" => ("image/svg+xml", ICON_UNKNOWN),
            _ => return None,
        };
        Some(Asset { content_type, body })
    }

    pub(super) fn render(self) -> Page {
        Page::new(self.content_type, self.body.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_page_is_known_by_its_tag_and_is_the_same_compressed() {
        let page = Page::new("text/plain", b"words ".repeat(1_000));
        let tag = page.etag.clone().unwrap();
        for (tags, is_known) in [
            (tag.as_str(), true),
            (tag.trim_start_matches("W/"), true),
            ("*", true),
            ("\"a\", W/\"b\"", false),
            ("", false),
            (&format!("\"a\", {tag}"), true),
        ] {
            assert_eq!(page.is_one_of(tags), is_known, "{tags}");
        }
        let mut body = Vec::new();
        flate2::read::GzDecoder::new(page.gzip().as_slice()).read_to_end(&mut body).unwrap();
        assert!(body == page.body && page.gzip().len() < 200);
    }
}
