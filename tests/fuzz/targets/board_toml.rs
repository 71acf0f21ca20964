//! Any text as the settings of ocoboard.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::config::Fault;
use oco_fleet::object::ObjectName;
use ocoboard::config::{Listen, SentTo, Settings, parse};
use ocoboard::limits::{LISTENERS, MOST_NEW_A_MINUTE, PUBLIC_DAYS, SOCKET_PATH_OCTETS, TITLE_OCTETS};
use ocoboard::report::check_address;
use std::collections::BTreeSet;

fuzz_target!(|text: &str| match parse(text) {
    Ok(settings) => is_sound(&settings, text),
    Err(Fault { place, what }) => {
        assert!(!what.is_empty() && !what.chars().any(char::is_control), "one printable line: {what:?}");
        let place = place.expect("any fault has its line");
        let lines = text.lines().count().max(1);
        assert!((1..=lines).contains(&place.line), "line {} of {lines}", place.line);
        assert!(!place.excerpt().replace('\n', "").chars().any(char::is_control));
    }
});

fn is_sound(settings: &Settings, text: &str) {
    let is_protected =
        settings.tls.is_some() || !settings.access.proxies.is_empty() || text.contains("insecure");
    assert!((1..=LISTENERS).contains(&settings.listen.len()));
    for listen in &settings.listen {
        match listen {
            Listen::Tcp(address) => {
                let is_of_this_host = address.ip().to_canonical().is_loopback();
                assert!(is_of_this_host || is_protected, "{address} in the clear for everybody");
            }
            Listen::Unix(path) => {
                assert!(path.is_absolute() && path.as_os_str().len() <= SOCKET_PATH_OCTETS, "{path:?}");
            }
        }
    }
    let tls = settings.tls.iter().flat_map(|files| [&files.certificate, &files.key]);
    let paths = [&settings.control, &settings.journal, &settings.state_dir];
    for path in paths.into_iter().chain(tls).chain(&settings.fonts) {
        assert!(path.is_absolute(), "{path:?}");
    }
    if let Some(url) = &settings.base_url {
        let (_, host) = url.split_once("://").expect("a URL");
        assert!(
            !host.is_empty() && !host.contains(['/', '"', '<', '>']) && !url.contains(char::is_whitespace),
            "{url}"
        );
    }
    let title = &settings.title;
    assert!(!title.trim().is_empty() && title.len() <= TITLE_OCTETS && !title.chars().any(char::is_control));
    assert!(
        settings.access.networks.as_ref().is_none_or(|networks| !networks.is_empty()),
        "nobody could come in"
    );
    assert!((1..=MOST_NEW_A_MINUTE).contains(&settings.push.new_a_minute));
    let pushed = ObjectName::target(&settings.push.group, "service", "server");
    assert!(ObjectName::parse(pushed.as_str()).is_ok(), "{pushed}");
    let pages: BTreeSet<&str> = settings.pages.iter().map(|page| page.name.as_str()).collect();
    assert_eq!(pages.len(), settings.pages.len());
    for page in &settings.pages {
        assert!((1..=PUBLIC_DAYS).contains(&page.days) && !page.of.is_empty());
    }
    let reports: BTreeSet<&str> = settings.reports.iter().map(|report| report.name.as_str()).collect();
    assert_eq!(reports.len(), settings.reports.len());
    for report in &settings.reports {
        assert!(!report.of.is_empty() && !report.formats.is_empty());
        match &report.to {
            SentTo::Mail(addresses) => {
                assert!(!addresses.is_empty());
                assert!(addresses.iter().all(|address| check_address(address).is_ok()));
            }
            SentTo::Directory(path) => assert!(path.is_absolute(), "{path:?}"),
        }
    }
    assert!(settings.clone().stay_with(settings).is_empty());
}
