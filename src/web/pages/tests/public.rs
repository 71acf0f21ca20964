//! Public pages and badges: what is planned is not down, and nobody who fails is left out.

use super::*;
use crate::view::fleet::tests::stands;
use oco_fleet::journal::{Act, ActKind};

const MINUTE: i64 = 60_000;

/// Work on somebody, from and until so many minutes from now.
pub(super) fn work(name: &str, from: i64, until: i64) -> Act {
    Act {
        id: 1,
        kind: ActKind::Maint,
        name: name.to_owned(),
        who: "anna".to_owned(),
        at: Millis(NOW - 60 * MINUTE),
        since: Millis(NOW + from * MINUTE),
        until: Some(Millis(NOW + until * MINUTE)),
        text: "new disks for web1".to_owned(),
        ended: None,
        ended_by: None,
    }
}

/// A page of the nodes and of `web/page`.
fn facts_with(codes: [(&str, u16); 3], acts: Vec<Act>) -> Facts {
    let mut facts = facts_of(codes.map(|(name, code)| stands(name, code)).into());
    Arc::make_mut(&mut facts.snapshot).acts = Arc::new(acts);
    facts
}

fn hero(text: &str) -> &str {
    text.split_once("</h1><p>").unwrap().1.split_once("</p>").unwrap().0
}

/// The chips of a row.
fn chips(text: &str, title: &str) -> String {
    let row = text.split_once(&format!("<bdi>{title}</bdi></b> ")).unwrap().1;
    row.split_once(" <span class=\"share").unwrap().0.to_owned()
}

#[test]
fn what_is_planned_is_not_down() {
    let maintenance = "<span class=\"s taken\">maintenance</span>";
    let down = facts_with(
        [("node:shop", 300), ("node:mail", 200), ("web/page", 200)],
        vec![work("node:shop", -10, 60)],
    );
    let seen = text("/p/shop", &down, None);
    assert_eq!(hero(&seen), "Planned work is going on");
    assert_eq!(chips(&seen, "shop"), maintenance);
    assert!(chips(&seen, "mail").contains("s ok") && seen.contains("icon-taken.svg"), "{seen}");
    assert_eq!(page("/icon-taken.svg", &down, &anna(), None).status, 200);
    assert!(!seen.contains("new disks") && !seen.contains("anna"), "{seen}");
    for badge in ["/badge/shop.svg", "/badge/node:shop.svg"] {
        assert!(text(badge, &down, None).contains("shop: maintenance"), "{badge}");
    }
    assert!(text("/badge/mail.svg", &down, None).contains("mail: ok"));
    // Also where it is up.
    let codes = [("node:shop", 200), ("node:mail", 200), ("web/page", 210)];
    let up = facts_with(codes, vec![work("node:shop", -10, 60), work("web", -5, 60)]);
    let seen = text("/p/shop", &up, None);
    assert_eq!(hero(&seen), "Planned work is going on");
    assert_eq!(chips(&seen, "shop"), format!("<span class=\"s ok\">ok</span> {maintenance}"));
    assert!(chips(&seen, "page").ends_with(maintenance), "of its group");
    assert!(text("/badge/shop.svg", &up, None).contains("shop: maintenance"));
    assert!(text("/badge/web/page.svg", &up, None).contains("page: maintenance"));
    // By the watcher's word, too.
    let mut all = vec![stands("node:shop", 350)];
    all[0].standing.planned = true;
    let mut judged = facts_of(all);
    Arc::make_mut(&mut judged.settings).pages[0].of.truncate(1);
    assert_eq!(hero(&text("/p/shop", &judged, None)), "Planned work is going on");
}

#[test]
fn what_fails_beside_the_planned_is_down() {
    let codes = [("node:shop", 300), ("node:mail", 300), ("web/page", 200)];
    let facts = facts_with(codes, vec![work("node:shop", -10, 60)]);
    let seen = text("/p/shop", &facts, None);
    assert_eq!(hero(&seen), "Something is down, and planned work is going on");
    assert!(chips(&seen, "mail").contains("s ko") && !chips(&seen, "shop").contains("s ko"), "{seen}");
    assert!(text("/badge/shop.svg", &facts, None).contains("shop: ko"));
    // What is over, or was ended, is none.
    let mut over = work("node:mail", -30, -10);
    let codes = [("node:shop", 200), ("node:mail", 300), ("web/page", 200)];
    assert_eq!(hero(&text("/p/shop", &facts_with(codes, vec![over.clone()]), None)), "Something is down");
    over.until = None;
    over.ended = Some(Millis(NOW - MINUTE));
    assert_eq!(hero(&text("/p/shop", &facts_with(codes, vec![over]), None)), "Something is down");
}

#[test]
fn what_is_planned_is_told_before() {
    let codes = [("node:shop", 200), ("node:mail", 200), ("web/page", 200)];
    let facts = facts_with(codes, vec![work("node:shop", 120, 180), work("web/tls", 60, 90)]);
    let seen = text("/p/shop", &facts, None);
    assert_eq!(hero(&seen), "All works as it should");
    let planned = "Planned work on <bdi>shop</bdi> from <time datetime=\"2026-11-25T13:00:30+01:00\">\
        25 Nov 13:00</time> to <time datetime=\"2026-11-25T14:00:30+01:00\">25 Nov 14:00</time>.";
    assert!(seen.contains(planned), "{seen}");
    assert_eq!(seen.matches("Planned work").count(), 1, "of what the page lists");
    // It is none yet on pages for us.
    assert!(!text("/n/shop", &facts, None).contains("maintenance</b>"));
}

#[test]
fn of_more_than_a_page_has_room_for_who_fails_is_shown() {
    let codes = |n: usize| if n == 149 { 300 } else { 200 };
    let facts = facts_of((0..150).map(|n| stands(&format!("node:n{n:03}"), codes(n))).collect());
    let seen = text("/p/shop", &facts, None);
    assert!(chips(&seen, "n149").contains("s ko"), "{seen:.2000}");
    assert_eq!(seen.matches("<table class=\"days\"").count(), 100);
    assert!(
        seen.contains("<p class=\"more\">and 50 more: <span class=\"counts\"><span class=\"n ok\">50 ok")
    );
    let few = facts_of((0..100).map(|n| stands(&format!("node:n{n:03}"), codes(n))).collect());
    assert!(!text("/p/shop", &few, None).contains("class=\"more\""));
}

#[test]
fn what_was_corrected_or_planned_does_not_count_as_down_and_a_level_shows_what_was_kept() {
    let (_dir, path) = fleets::corrected();
    let mut facts = facts(&path);
    let of = ["node:shop", "slo:shop"].map(|name| Pattern::parse(name).unwrap());
    Arc::make_mut(&mut facts.settings).pages[0].of = of.to_vec();
    let seen = text("/p/shop", &facts, Some(&path));
    // Of ten days an hour counts, and two that were planned do not at all.
    let shares: Vec<&str> =
        seen.split("<span class=\"share\">").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(shares, ["99.579%", "99.579% since 1 Nov"], "{seen}");
    for (day, label) in [("17 Nov", "ok"), ("20 Nov", "ko, planned 2h, ok 22h"), ("23 Nov", "ko 1h, ok 23h")]
    {
        assert!(seen.contains(&format!("aria-label=\"{day}: {label}\"")), "{day}: {seen}");
    }
    assert_eq!(seen.matches(" was down for ").count(), 1, "{seen}");
    assert!(
        seen.contains(" was down for 1h.") && seen.contains("Planned work on <bdi>The shop</bdi>, for 2h.")
    );
    // By time, too, cells and shares are of the same.
    let seen = text("/n/shop?span=30d", &facts, Some(&path));
    assert!(!seen.contains("ko 6h") && seen.contains("ko 1h"), "{seen}");
    assert!(seen.contains("98.749%"), "{seen}");
}
