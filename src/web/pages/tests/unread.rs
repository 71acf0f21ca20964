//! Pages of what is not known, because the journal cannot be read or never could.

use super::*;
use crate::store::Trouble;
use crate::view::fleet::tests::stands;

/// What is known where no journal was ever read.
pub(super) fn never_read(why: Option<&str>) -> Facts {
    let trouble = why.map(|why| Trouble { since: Millis(NOW - 1_000), why: why.to_owned() });
    let mut facts = facts_of(Vec::new());
    facts.snapshot = Arc::new(Snapshot { trouble, ..Snapshot::default() });
    facts
}

#[test]
fn where_no_journal_was_ever_read_nobody_is_told_that_a_name_is_not_there() {
    for (why, warning) in [(Some("of a later version"), "of a later version"), (None, "for the first time")] {
        let facts = never_read(why);
        for (address, heading) in [
            ("/g/web", "<h1><bdi>web</bdi></h1>"),
            ("/g/web/page", "<h1><bdi>web/page</bdi></h1>"),
            ("/h/web1", "<h1><bdi>web1</bdi></h1>"),
            ("/n/shop", "<h1><bdi>shop</bdi></h1>"),
            ("/incidents/4", "<h1><bdi>Incident 4</bdi></h1>"),
        ] {
            assert_eq!(page(address, &facts, &anna(), None).status, 200, "{address}");
            let text = text(address, &facts, None);
            for words in [heading, "role=\"alert\"", warning, "Nothing is known of it yet"] {
                assert!(text.contains(words), "{words} is not in {address}\n{text}");
            }
        }
        assert!(text("/badge/node:shop.svg", &facts, None).contains("shop: unknown"));
        // What nobody can be called is not there, whatever is known.
        for address in ["/h/a%20b", "/g/a%20b", "/n/-", "/h/%2e%2e", "/badge/web/page/web1.svg"] {
            assert_eq!(page(address, &facts, &anna(), None).status, 404, "{address}");
        }
    }
    for address in ["/g/no", "/h/no", "/n/no", "/badge/no.svg"] {
        assert_eq!(page(address, &facts_of(Vec::new()), &anna(), None).status, 404, "{address}");
    }
}

#[test]
fn an_incident_that_could_not_be_looked_up_is_not_said_to_be_none() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    assert_eq!(page("/incidents/1", &facts, &anna(), None).status, 200);
    assert!(text("/incidents/1", &facts, None).contains("The past cannot be shown"));
    assert_eq!(page("/incidents/99", &facts, &anna(), Some(&path)).status, 404);
}

#[test]
fn all_is_not_well_while_the_watcher_is_away() {
    let of = |code: u16| facts_of(vec![stands("web/page", code)]);
    let hero = |facts: &Facts| {
        let seen = text("/", facts, None);
        let (_, rest) = seen.split_once("<div class=\"hero ").unwrap();
        rest.split_once("</h1>").unwrap().0.replace("\">\n<h1>", ": ")
    };
    assert_eq!(hero(&of(200)), "ok: All is well");
    let away = |code: u16| Facts { watcher: Some("connection refused".to_owned()), ..of(code) };
    assert_eq!(hero(&away(200)), "unknown: It is not known how all is now");
    // What failed when it was heard last is told still.
    assert_eq!(hero(&away(300)), "ko: 1 problem");
    let mut late = of(200);
    Arc::make_mut(&mut late.snapshot).alive = Millis(NOW - 3_600_000);
    assert_eq!(hero(&late), "unknown: It is not known how all is now");
}
