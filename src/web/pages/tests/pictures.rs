//! Each page of each fleet, written as a file where `OCO_PICTURES` names a directory: to be looked at.

use super::public::work;
use super::unread::never_read;
use super::*;
use std::fs;

const ADDRESSES: [(&str, &str); 17] = [
    ("overview", "/"),
    ("group", "/g/web?span=7d"),
    ("service", "/g/web/page"),
    ("service-month", "/g/web/page?span=30d"),
    ("service-year", "/g/mail/smtp?span=1y"),
    ("host", "/h/web1"),
    ("host-long", "/h/a-host-with-a-name-of-sixty-four-characters-as-some-people-do-it"),
    (
        "host-arabic",
        "/h/%25D8%25AE%25D8%25A7%25D8%25AF%25D9%2585%2520%25D8%25A7%25D9%2584%25D9%2586%25D8%25B3%25D8%25AE",
    ),
    ("node", "/n/shop"),
    ("node-all", "/n/all"),
    ("incidents", "/incidents"),
    ("incident", "/incidents/4"),
    ("log", "/log"),
    ("log-filtered", "/log?name=web/page&kind=alert"),
    ("levels", "/levels"),
    ("public", "/p/shop"),
    ("error", "/h/nobody"),
];

fn write(name: &str, page: &Page) {
    let Some(dir) = std::env::var_os("OCO_PICTURES").map(std::path::PathBuf::from) else { return };
    fs::create_dir_all(&dir).unwrap();
    // Beside each other in one directory instead of on a server.
    let body = String::from_utf8(page.body.clone()).unwrap();
    let body = body.replace("href=\"/style.css\"", "href=\"style.css\"").replace(" src=\"/live.js\"", "");
    let end = if page.content_type.starts_with("image") { "svg" } else { "html" };
    fs::write(dir.join(format!("{name}.{end}")), body).unwrap();
    fs::write(dir.join("style.css"), include_str!("../../style.css")).unwrap();
}

/// With work on the shop, that is going on and to come.
fn planned(facts: &Facts) -> Facts {
    let mut facts = facts.clone();
    let acts = vec![work("node:shop", -10, 60), work("node:network", 120, 180)];
    Arc::make_mut(&mut facts.snapshot).acts = Arc::new(acts);
    facts
}

#[test]
fn each_page_of_a_usual_fleet_is_there() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    for (name, address) in ADDRESSES {
        let page = page(address, &facts, &anna(), Some(&path));
        let is_missing = name == "error";
        assert_eq!(page.status, if is_missing { 404 } else { 200 }, "{address}");
        write(&format!("usual-{name}"), &page);
    }
    for badge in ["shop", "mail", "web/tls", "slo:network", "node:all"] {
        let page = page(&format!("/badge/{badge}.svg"), &facts, &anna(), None);
        assert_eq!((page.status, page.content_type), (200, "image/svg+xml"), "{badge}");
        write(&format!("badge-{}", badge.replace(['/', ':'], "-")), &page);
    }
    write("usual-public-planned", &page("/p/shop", &planned(&facts), &anna(), Some(&path)));
    write("unread-host", &page("/h/web1", &never_read(Some("it is of a later version")), &anna(), None));
    let mut late = facts;
    late.now = Millis(NOW + 40 * 60_000);
    Arc::make_mut(&mut late.snapshot).read = Some(late.now);
    write("late-overview", &page("/", &late, &anna(), None));
    write("late-service", &page("/g/web/page", &late, &anna(), Some(&path)));
    write("unread-service", &page("/g/web/page", &late, &anna(), None));
}

#[test]
fn an_empty_fleet_and_one_that_is_well_have_their_pages() {
    let empty = facts_of(Vec::new());
    let page_of = |facts: &Facts, address: &str| page(address, facts, &anna(), None);
    for address in ["/", "/levels", "/incidents", "/log"] {
        assert_eq!(page_of(&empty, address).status, 200, "{address}");
    }
    write("empty-overview", &page_of(&empty, "/"));
    write("empty-levels", &page_of(&empty, "/levels"));
    let mut well = fleets::burning();
    well.retain(|one| one.standing.state == oco_fleet::state::State::Ok);
    well.truncate(3_000);
    let well = facts_of(well);
    write("well-overview", &page_of(&well, "/"));
}

#[test]
fn the_first_page_of_a_burning_fleet_is_small_and_quick() {
    let facts = facts_of(fleets::burning());
    let begin = std::time::Instant::now();
    let page = page("/", &facts, &anna(), None);
    let took = begin.elapsed();
    write("burning-overview", &page);
    assert!(page.body.len() < 200 * 1024, "{} octets", page.body.len());
    eprintln!("{} octets in {took:?}", page.body.len());
}

/// The figures of the contract: run it optimised, alone, with `--ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn how_long_pages_take() {
    let time = |name: &str, mut make: Box<dyn FnMut() -> Page>| {
        let mut took: Vec<std::time::Duration> = (0..100)
            .map(|_| {
                let begin = std::time::Instant::now();
                let page = make();
                let _ = page.gzip();
                begin.elapsed()
            })
            .collect();
        took.sort_unstable();
        let page = make();
        eprintln!(
            "{name}: {:?} at p50, {:?} at p99, {} octets, {} compressed",
            took[50],
            took[98],
            page.body.len(),
            page.gzip().len()
        );
    };
    let burning = facts_of(fleets::burning());
    time("first page", Box::new(move || page("/", &burning, &anna(), None)));
    let (_dir, path) = fleets::large_service();
    let facts = facts(&path);
    time(
        "500 hosts over a year",
        Box::new(move || page("/g/web/page?span=1y", &facts, &Visitor::default(), Some(&path))),
    );
}
