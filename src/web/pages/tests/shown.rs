//! What pages show, sentence by sentence of the contract.

use super::*;
use crate::view::fleet::tests::stands;
use oco_fleet::state::State;

#[test]
fn what_is_wrong_stands_first_with_since_why_and_who() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    let text = text("/", &facts, None);
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} is not in\n{text}"));
    assert!(place("/g/web/page") < place("/g/mail/smtp"), "what somebody is on comes later");
    assert!(place("/g/mail/smtp") < place("All together"));
    assert!(place("All together") < place("Groups"));
    for words in [
        "http 503",
        "disk ordered, comes at noon",
        "<bdi>anna</bdi>",
        "backup of the cold copy",
        "flapping",
        "The shop",
        "25 Nov 10:49",
        "Silent",
        "\u{6771}\u{4eac}",
        "as of <time",
        "2 open incidents",
    ] {
        place(words);
    }
}

#[test]
fn a_visitor_who_may_not_act_sees_no_form() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    let seen = |visitor: &Visitor| String::from_utf8(page("/", &facts, visitor, None).body).unwrap();
    assert!(seen(&anna()).contains("<form method=\"post\""));
    assert!(!seen(&Visitor::default()).contains("<form"));
    assert!(seen(&Visitor::default()).contains("href=\"/login\""));
}

#[test]
fn a_page_changes_with_what_is_shown_not_with_the_clock() {
    let (_dir, path) = fleets::usual();
    let mut facts = facts(&path);
    for address in ["/", "/g/web/page", "/h/web1", "/n/shop", "/incidents/4", "/log", "/levels", "/p/shop"] {
        let mut tag = |now: i64| {
            facts.now = Millis(now);
            Arc::make_mut(&mut facts.snapshot).read = Some(facts.now);
            page(address, &facts, &anna(), Some(&path)).etag
        };
        assert_eq!(tag(NOW), tag(NOW + 29_000), "{address}");
        assert!(tag(NOW).is_some());
    }
    let before = page("/", &facts, &anna(), None).etag;
    let mut all = fleets::burning();
    all.truncate(10);
    assert_ne!(before, page("/", &facts_of(all), &anna(), None).etag);
}

#[test]
fn bad_queries_are_refused_in_words() {
    let facts = facts_of(fleets::burning().into_iter().take(50).collect());
    for address in [
        "/g/group00?span=8d",
        "/g/group00?to=yesterday",
        "/g/group00?page=0",
        "/log?since=x",
        "/log?name=a//b",
        "/log?kind=x",
        "/?page=x",
    ] {
        let page = page(address, &facts, &anna(), None);
        assert_eq!((page.status, page.etag), (400, None), "{address}");
        assert!(String::from_utf8(page.body).unwrap().contains("expected"), "{address}");
    }
    for address in [
        "/x/y",
        "/g/nobody",
        "/g/group00/no",
        "/h/no",
        "/n/no",
        "/incidents/x",
        "/p/no",
        "/badge/no.svg",
        "/g/a/b/c",
        "/h/%2e%2e",
        "/n/-",
    ] {
        assert_eq!(page(address, &facts, &anna(), None).status, 404, "{address}");
    }
}

#[test]
fn without_a_watcher_or_a_journal_what_is_known_is_shown_and_how_old_it_is() {
    let (_dir, path) = fleets::usual();
    let mut facts = facts(&path);
    facts.watcher = Some("connection refused".to_owned());
    assert!(text("/", &facts, None).contains("The watcher does not answer: connection refused"));
    facts.now = Millis(NOW + 3_660_000);
    Arc::make_mut(&mut facts.snapshot).read = Some(facts.now);
    let late = text("/", &facts, None);
    assert!(late.contains("no sign of life") && late.contains("1h ago") && late.contains("http 503"));
    for address in ["/g/web/page", "/h/web1", "/n/shop", "/incidents/4", "/log", "/levels", "/p/shop"] {
        let page = page(address, &facts, &anna(), None);
        assert_eq!(page.status, 200, "{address}");
    }
    facts.now = Millis(NOW);
    facts.watcher = None;
    Arc::make_mut(&mut facts.snapshot).read = Some(facts.now);
    assert!(text("/g/web/page", &facts, None).contains("The past cannot be shown"));
}

#[test]
fn a_node_shows_why_down_to_the_targets() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    let text = text("/n/all", &facts, Some(&path));
    for words in
        ["<h2 id=\"why\">Why</h2>", "/h/mx1", "550 KO 500-raid", "at least 60% of 3 must be up", "The shop"]
    {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    let text = super::text("/n/shop", &facts, Some(&path));
    for words in ["99.830%", "1h 13m", "at this rate", "1 Nov 00:00", "all 3 must be up", "1 of 3 down"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
}

#[test]
fn a_public_page_tells_no_host_reason_or_text() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    let text = text("/p/shop", &facts, Some(&path));
    for secret in [
        "web1",
        "web2",
        "mx1",
        "503",
        "timeout",
        "refused",
        "raid",
        "disk ordered",
        "anna",
        "192.0.2",
        "cold copy",
        "/g/",
        "/h/",
        "<form",
        "down:",
    ] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
    for words in ["The shop", " is down, for 11m until now", "Something is down", " was down for"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert_eq!(text.matches("<td").count() % 90, 0);
}

#[test]
fn a_badge_says_the_state_or_that_nobody_knows() {
    let (_dir, path) = fleets::usual();
    let mut facts = facts(&path);
    assert!(text("/badge/shop.svg", &facts, None).contains("shop: ko"));
    assert!(text("/badge/web/tls.svg", &facts, None).contains("tls: but"));
    let route = |address: &str, facts: &Facts| {
        Route::new(address, &Query::default(), facts, &Visitor::default()).unwrap()
    };
    assert!(route("/badge/node:mail.svg", &facts).is_public(&facts));
    assert!(!route("/badge/web/tls.svg", &facts).is_public(&facts));
    assert!(!route("/", &facts).is_public(&facts) && route("/style.css", &facts).is_public(&facts));
    assert_eq!(page("/badge/web/page/web1.svg", &facts, &anna(), None).status, 404);
    facts.now = Millis(NOW + 3_600_000);
    assert!(text("/badge/shop.svg", &facts, None).contains("shop: unknown"));
}

#[test]
fn a_public_page_of_nobody_does_not_say_that_all_is_well() {
    let mut all = fleets::burning();
    all.truncate(5);
    let well = facts_of(all);
    let says = |facts: &Facts, badge: &str, page: &str| {
        assert!(text("/badge/shop.svg", facts, None).contains(badge), "{badge}");
        let text = text("/p/shop", facts, None);
        assert!(text.contains(page) && !text.contains("Nothing is known to have been down"), "{text}");
    };
    let of = |patterns: &[&str]| {
        let mut facts = well.clone();
        let of = patterns.iter().map(|pattern| Pattern::parse(pattern).unwrap()).collect();
        Arc::make_mut(&mut facts.settings).pages[0].of = of;
        facts
    };
    let group = well.snapshot.fleet.services().next().unwrap().object.name.to_string();
    says(&of(&[&group]), "shop: ok", "All works as it should");
    says(&of(&[&group, "nobody/*"]), "shop: unknown", "Not all is known at the moment");
    says(&of(&["nobody/*"]), "shop: unknown", "Not all is known at the moment");
    says(&of(&[]), "shop: unknown", "Not all is known at the moment");
    // A fleet of nobody, and what was never read.
    let nobody = facts_of(Vec::new());
    says(&nobody, "shop: unknown", "Not all is known at the moment");
    let mut unread = nobody.clone();
    unread.snapshot = Arc::new(Snapshot::default());
    says(&unread, "shop: unknown", "The state is not known at the moment");
    // Who keeps one page is given the other.
    let tag = |address: &str, facts: &Facts| page(address, facts, &anna(), None).etag.unwrap();
    for address in ["/p/shop", "/badge/shop.svg"] {
        assert_ne!(tag(address, &of(&[&group])), tag(address, &of(&[&group, "nobody/*"])), "{address}");
    }
}

#[test]
fn the_icon_is_the_worst_state() {
    assert!(text("/log", &facts_of(Vec::new()), None).contains("/icon-unknown.svg"));
    let mut all = fleets::burning();
    all.truncate(5);
    assert!(text("/log", &facts_of(all.clone()), None).contains("/icon-ok.svg"));
    all[0].standing.state = State::Ko;
    assert!(text("/log", &facts_of(all), None).contains("/icon-ko.svg"));
}

#[test]
fn what_was_pushed_is_shown_as_it_was_said() {
    let (_dir, path) = fleets::usual();
    let mut facts = facts(&path);
    let target = fleets::name("web/page/web1");
    let texts = vec![(target, "line <one>\r\nline\u{1b}[31m two".to_owned())];
    facts.pushed = Some(Pushed { client: Some("oco 0.2.0".to_owned()), texts });
    facts.verdict = oco::logic::code::Code::new(350);
    let route = Route::new("/h/web1", &Query::default(), &facts, &Visitor::default()).unwrap();
    assert_eq!(route.host(), Some("web1"));
    let text = text("/h/web1", &facts, Some(&path));
    assert!(
        text.contains("<pre>line &#60;one&#62;\nline\u{fffd}[31m two</pre>") && text.contains("oco 0.2.0"),
        "{text}"
    );
    let verdict = "<bdi>oco 0.2.0</bdi> <span class=\"s ko\">ko <span class=\"code\">350</span></span>";
    assert!(text.contains(verdict), "{text}");
}

#[test]
fn the_reason_of_what_is_pushed_is_what_was_pushed_last() {
    let target = |service: &str, reason: &str, reports: bool| Stands {
        standing: oco_fleet::state::Standing { reason: reason.into(), ..stands(service, 300).standing },
        reports,
        ..stands(service, 300)
    };
    let reasons = ["90% full", "silent for 2m", "x (sent unsupported state: \"ODD\")", "polled", "no words"];
    let names = ["push/a/h", "push/b/h", "push/c/h", "web/d/h", "push/e/h"];
    let mut all: Vec<Stands> = ["push/a", "push/b", "push/c", "web/d", "push/e"]
        .iter()
        .map(|service| target(service, "", false))
        .collect();
    all.extend(names.iter().zip(reasons).map(|(name, why)| target(name, why, name.starts_with("push"))));
    let mut facts = facts_of(all);
    let said = |(name, text): (&&str, &str)| (fleets::name(name), text.to_owned());
    let texts = ["99% full | used=99%\nof 5 disks", "OLD-B |", "OLD-C |", "OLD-D |", " | used=1%"];
    let texts = names.iter().zip(texts).map(said).collect();
    facts.pushed = Some(Pushed { client: None, texts });
    let text = text("/h/h", &facts, None);
    let why = |words: &str| text.contains(&format!("<bdi class=\"why\">{words}</bdi>"));
    assert!(why("99% full") && !why("90% full"), "{text}");
    assert!(
        why("silent for 2m") && why("x (sent unsupported state: &#34;ODD&#34;)") && why("polled"),
        "{text}"
    );
    assert!(why("no words"), "{text}");
}

#[test]
fn a_share_counts_what_was_corrected() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    let found = |address: &str| {
        let text = text(address, &facts, Some(&path));
        let (_, row) = text.split_once("tr class=\"service\"").unwrap();
        let (_, share) = row.split_once("<td class=\"share\">").unwrap();
        share.split('<').next().unwrap().to_owned()
    };
    // Of the 26 minutes of that day ten were not ours.
    let day = "/n/shop?span=24h&to=2026-11-14T00:00:00";
    let asked = crate::api::Api::new(
        "availability",
        &Query::parse("name=node:shop&from=2026-11-13&to=2026-11-14"),
        &facts,
    );
    let answer = asked.unwrap().unwrap().read(&facts, &mut Reader::open(&path).unwrap()).unwrap().unwrap();
    let of: oco::logic::control::AvailabilityStatus = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(found(day), format!("{:.3}%", of.measured.unwrap()));
}

#[test]
fn what_was_measured_is_drawn() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    let service = text("/g/web/page", &facts, Some(&path));
    assert_eq!(service.matches("<svg class=\"chart\"").count(), 6);
    let host = text("/h/web2", &facts, Some(&path));
    for words in
        ["response time: ", " ms on average", "/var &#60;b&#62;: ", "class=\"band\" d=\"M", "% on average"]
    {
        assert!(host.contains(words), "{words} is not in\n{host}");
    }
    assert!(!text("/h/db1", &facts, Some(&path)).contains("<svg class=\"chart\""));
}

#[test]
fn how_many_of_a_service_fail_is_told_as_it_is_now() {
    let mut all = vec![stands("push/disk", 350), stands("node:disks", 350)];
    all[0].standing.reason = "1 of 1 down: h000 (timeout)".into();
    all.extend((0..620).map(|n| stands(&format!("push/disk/h{n:03}"), if n < 310 { 300 } else { 200 })));
    let mut facts = facts_of(all);
    let node = oco_fleet::journal::NodeDefinition {
        name: fleets::name("node:disks"),
        title: None,
        rule: "all".to_owned(),
        members: vec![Pattern::parse("push/disk").unwrap()],
    };
    let definitions = oco_fleet::journal::Definitions { nodes: vec![node], levels: Vec::new() };
    let heard = Heard::new(&definitions, &facts.snapshot.fleet);
    Arc::make_mut(&mut facts.snapshot).heard = Arc::new(heard);
    for address in ["/", "/g/push/disk", "/n/disks"] {
        let text = text(address, &facts, None);
        assert!(
            text.contains("310 of 620 down") && text.contains("310 of 620 up"),
            "{address}\n{text:.3000}"
        );
        assert!(!text.contains("1 of 1 down"), "{address}");
    }
}
