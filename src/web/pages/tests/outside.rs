//! Pages around who somebody is: the login, and the link of an alert; what they tell to who may not look at the board.

use super::*;
use oco::logic::control::{ActStatus, TokenReply};

fn body(page: &Page) -> String {
    String::from_utf8(page.body.clone()).unwrap()
}

fn outsider() -> Visitor {
    Visitor { is_outside: true, ..Visitor::default() }
}

fn failing() -> TokenReply {
    TokenReply {
        version: 1,
        ok: true,
        name: "web/page".to_owned(),
        since: "2026-11-25T09:49:00Z".to_owned(),
        reason: "<refused>".to_owned(),
        acked: None,
    }
}

#[test]
fn a_failure_is_told_by_the_name_that_was_sent() {
    let facts = facts_of(fleets::burning().into_iter().take(5).collect());
    let name = fleets::pushed("\u{670d}\u{52a1}", "\u{5907} <b>");
    let of = TokenReply { name: name.clone(), ..failing() };
    for visitor in [Visitor::default(), outsider()] {
        for page in [failure(&facts, &visitor, &of), acknowledged(&facts, &visitor, &name)] {
            let shown = body(&page);
            let words =
                "<bdi>push</bdi><wbr>/<bdi>\u{670d}\u{52a1}</bdi><wbr>/<bdi>\u{5907} &#60;b&#62;</bdi>";
            assert!(shown.contains(words), "{shown}");
            // It stands in addresses alone, where it is written twice.
            assert!(!shown.replace("%25", "").contains("%E6"), "{shown}");
        }
    }
    let title = body(&failure(&facts, &outsider(), &of));
    assert!(title.contains("<title>push/\u{670d}\u{52a1}/\u{5907} &#60;b&#62; fails"), "{title}");
}

#[test]
fn a_failure_is_told_as_it_is() {
    let facts = facts_of(fleets::burning());
    let mut of = failing();
    let page = failure(&facts, &Visitor::default(), &of);
    assert_eq!((page.status, page.etag.as_deref()), (200, None));
    let shown = body(&page);
    for part in [
        "<form method=\"post\">",
        "web/page",
        "href=\"/g/web/page\"",
        "&#60;refused&#62;",
        "2026-11-25T10:49:00+01:00",
        "25 Nov 10:49",
        "aria-label=\"Board\"",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    assert!(!shown.contains("Acknowledged by") && !shown.contains("live.js"));
    let (at, text) = ("2026-11-25T09:55:00Z".to_owned(), "known".to_owned());
    of.acked = Some(ActStatus { who: "a<b".to_owned(), at, until: None, text });
    let shown = body(&failure(&facts, &Visitor::default(), &of));
    assert!(
        shown.contains("Acknowledged by <bdi>a&#60;b</bdi>") && shown.contains("25 Nov 10:55"),
        "{shown}"
    );
    assert!(shown.contains("known") && !shown.contains("<form"), "{shown}");
    assert!(body(&acknowledged(&facts, &Visitor::default(), "web/page")).contains("role=\"status\""));
}

#[test]
fn who_may_not_look_at_the_board_learns_of_one_failure_alone() {
    let (_dir, path) = fleets::usual();
    let mut facts = facts(&path);
    facts.watcher = Some("no such file".to_owned());
    let mut of = failing();
    let text = "the key is under the mat".to_owned();
    let pages = |of: &TokenReply| {
        [
            failure(&facts, &outsider(), of),
            acknowledged(&facts, &outsider(), "web/page"),
            login(&facts, &outsider(), false, "/", None),
            error(&facts, &outsider(), 410, "This failure is over."),
        ]
    };
    let mut all = pages(&of).to_vec();
    of.acked = Some(ActStatus { who: "anna".to_owned(), at: of.since.clone(), until: None, text });
    all.extend(pages(&of));
    for page in all {
        let shown = body(&page);
        for hidden in ["<nav", "href=\"/g/", "as of", "no such file", "icon-ko", "live.js", "under the mat"] {
            assert!(!shown.contains(hidden), "{hidden} is in\n{shown}");
        }
    }
}

#[test]
fn who_is_not_known_can_log_in_and_who_is_can_log_out() {
    let facts = facts_of(Vec::new());
    let asked = login(&facts, &Visitor::default(), false, "/g/web?a=\"b", None);
    let shown = body(&asked);
    assert!(shown.contains("action=\"/login\"") && shown.contains("value=\"/g/web?a=&quot;b\""), "{shown}");
    assert!(!shown.contains("/logout") && !shown.contains("role=\"alert\""));
    assert_eq!(asked.etag, None);
    let wrong = login(&facts, &Visitor::default(), true, "https://example.org", None);
    assert_eq!(wrong.status, 403);
    assert!(body(&wrong).contains("role=\"alert\"") && body(&wrong).contains("value=\"/\""), "{wrong:?}");
    let known = body(&login(&facts, &anna(), false, "/", Some("proof")));
    assert!(known.contains("action=\"/logout\"") && known.contains("value=\"proof\""), "{known}");
}
