//! A query: what stands behind the `?`, read as browsers write it.

use crate::limits::QUERY_VALUE_OCTETS;
use std::borrow::Cow;

/// Keys and values, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads one. Whatever it is, it is one; keys that no page knows are nothing. A page that shows what was asked for shows
    /// U+FFFD for control characters, which no name has.
    pub fn parse(text: &str) -> Query {
        let shown = |text: Cow<'_, str>| text.replace(char::is_control, "\u{fffd}");
        Query(
            form_urlencoded::parse(text.as_bytes()).map(|(key, value)| (shown(key), shown(value))).collect(),
        )
    }

    /// The first value of a key that has one.
    ///
    /// # Errors
    /// It is too long.
    pub fn get(&self, key: &str) -> Result<Option<&str>, String> {
        let value = self.0.iter().find(|(found, value)| found == key && !value.is_empty());
        match value {
            Some((_, value)) if value.len() > QUERY_VALUE_OCTETS => {
                Err(format!("{key}: too long; expected at most {QUERY_VALUE_OCTETS} octets"))
            }
            Some((_, value)) => Ok(Some(value)),
            None => Ok(None),
        }
    }

    /// The first key that is none of these.
    pub fn stranger(&self, keys: &[&str]) -> Option<&str> {
        self.0.iter().map(|(key, _)| key.as_str()).find(|key| !keys.contains(key))
    }

    /// Which page of a long list, from 0 on.
    ///
    /// # Errors
    /// It is no number of a page.
    pub fn page(&self) -> Result<usize, String> {
        let Some(text) = self.get("page")? else { return Ok(0) };
        let page = text.parse::<usize>().ok().and_then(|page| page.checked_sub(1));
        page.ok_or_else(|| format!("page {text:?}: expected a number from 1 on"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_browsers_write_it() {
        let query = Query::parse("span=7d&q=a+b%2Fc&empty=&page=3");
        assert_eq!(query.get("q"), Ok(Some("a b/c")));
        assert_eq!((query.get("empty"), query.get("no"), query.page()), (Ok(None), Ok(None), Ok(2)));
        assert_eq!(Query::parse("q=a%0Bb%00").get("q"), Ok(Some("a\u{fffd}b\u{fffd}")));
        for bad in ["page=0", "page=-1", "page=x"] {
            assert!(Query::parse(bad).page().unwrap_err().contains("expected"), "{bad}");
        }
        assert!(Query::parse(&format!("q={}", "x".repeat(5_000))).get("q").is_err());
    }
}
