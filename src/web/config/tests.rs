use super::*;
use proptest::prelude::*;

/// The file of the contract, with a zone that every host has.
const CONTRACT: &str = include_str!("tests/contract.toml");

fn fault(text: &str) -> String {
    let fault = parse(text).expect_err(text);
    format!("{}: {}", fault.place.map_or(0, |place| place.line), fault.what)
}

#[test]
fn the_file_of_the_contract_is_understood() {
    let settings = parse(CONTRACT).unwrap();
    assert_eq!(settings.listen, [Listen::Tcp("127.0.0.1:7980".parse().unwrap())]);
    assert_eq!(settings.base_url.as_deref(), Some("https://board.example.org"));
    assert_eq!((settings.title.as_str(), settings.user.as_deref()), ("Example", Some("oco-board")));
    assert!(settings.tls.is_some() && !settings.access.only_users);
    assert_eq!(settings.access.networks.as_ref().map(Vec::len), Some(1));
    assert_eq!((settings.access.proxies.len(), settings.access.proxy_role), (1, Role::Read));
    assert_eq!((settings.push.group.as_str(), settings.push.new_a_minute), ("push", 60));
    let page = &settings.pages[0];
    assert_eq!((page.name.as_str(), page.of[0].as_str(), page.days), ("shop", "node:shop", 90));
    let report = &settings.reports[0];
    assert_eq!((report.every, report.formats.as_slice()), (Every::Month, &[Format::Pdf, Format::Csv][..]));
    assert_eq!(report.to, SentTo::Mail(vec!["boss@example.org".to_owned()]));
}

#[test]
fn an_empty_file_is_that_of_a_board_beside_its_watcher() {
    let settings = parse("").unwrap();
    assert_eq!(settings.listen, [Listen::Tcp("127.0.0.1:7980".parse().unwrap())]);
    assert_eq!(settings.control, Path::new("/run/oco-watch/control"));
    assert_eq!(settings.journal, Path::new("/var/lib/oco-watch/fleet.db"));
    assert_eq!(settings.state_dir, Path::new("/var/lib/oco-board"));
    let takes = |address: &str| settings.push.accept_new.takes(Some(address.parse().unwrap()));
    for private in ["127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1"]
    {
        assert!(takes(private), "{private}");
    }
    for public in ["192.0.2.1", "172.32.0.1", "2001:db8::1"] {
        assert!(!takes(public), "{public}");
    }
    assert!(settings.push.accept_new.takes(None));
}

#[test]
fn who_may_push_first_is_said_in_three_ways() {
    let accept = |text: &str| parse(&format!("[push]\naccept-new = {text}\n")).unwrap().push.accept_new;
    assert_eq!(accept("true"), AcceptNew::Everywhere);
    assert_eq!(accept("false"), AcceptNew::Nowhere);
    let AcceptNew::From(networks) = accept("[\"private\", \"192.0.2.0/24\"]") else { panic!() };
    assert_eq!(networks.len(), 9);
    assert!(!AcceptNew::Nowhere.takes(None) && AcceptNew::Everywhere.takes(None));
}

#[test]
fn more_than_loopback_needs_protection() {
    for place in ["0.0.0.0:7980", "[::]:7980", "192.0.2.1:80"] {
        let said = fault(&format!("listen = [{place:?}]\n"));
        assert!(said.starts_with("1: listen: ") && said.contains("insecure = true"), "{said}");
        for way in ["insecure = true", "[access]\nproxies = [\"127.0.0.1\"]"] {
            assert!(parse(&format!("listen = [{place:?}]\n{way}\n")).is_ok(), "{way}");
        }
        let tls = "tls = { certificate = \"/a\", key = \"/b\" }";
        assert!(parse(&format!("{tls}\nlisten = [{place:?}]\n")).is_ok());
    }
    for place in ["127.0.0.1:0", "[::1]:80", "127.9.9.9:1", "[::ffff:127.0.0.1]:9", "unix:/run/a/b"] {
        assert!(parse(&format!("listen = [{place:?}]\n")).is_ok(), "{place}");
    }
}

#[test]
fn faults_name_their_line_and_keys() {
    for (text, said) in [
        ("\nlisten = []", "2: listen: the list is empty"),
        ("listen = \"127.0.0.1:1\"", "1: listen: invalid type"),
        ("listen = [\"127.0.0.1\"]", "1: listen: "),
        ("listen = [\"unix:run\"]", "1: listen: \"unix:run\": expected unix: and a path"),
        ("listen = [\"127.0.0.1:1\", \"127.0.0.1:1\"]", "1: listen: 127.0.0.1:1: given twice"),
        ("tls = { certificate = \"/a\" }", "1: tls: missing field `key`"),
        ("base-url = \"ftp://x\"", "1: base-url: "),
        ("base-url = \"https://x/board\"", "1: base-url: \"https://x/board\": the board is at the root"),
        ("base-url = \"https://u:p@x\"", "1: base-url: \"https://u:p@x\": it has "),
        ("base-url = \"https://h:0\"", "1: base-url: \"https://h:0\": the port is none from 1 to 65535"),
        ("[push]\ngroup = \"node\"", "2: push.group: \"node\": that name stands for node:NAME"),
        ("access = [\"users\"]", "1: access: a list; expected a table"),
        ("user = \"a\"\nuser = \"b\"", "2: user: duplicate key"),
        ("base-url = \"https://192.0.2.1.5\"", "1: base-url: \"https://192.0.2.1.5\": no host"),
        ("base-url = \"https://[fe80::1%\\\"x]\"", "1: base-url: "),
        ("title = \"a\\nb\"", "1: title: "),
        ("time-zone = \"Europe/Atlantis\"", "1: time-zone: "),
        ("control = \"run\"", "1: control: \"run\": expected a path"),
        ("user = \"a b\"", "1: user: "),
        ("colour = 1", "1: unknown field `colour`"),
        ("[access]\nread = \"nobody\"", "2: access.read: unknown variant `nobody`"),
        ("[access]\nnetworks = []", "2: access.networks: the list is empty"),
        ("[access]\nproxies = [\"192.0.2.1/24\"]", "2: access.proxies: "),
        ("[access]\nproxy-role = \"push\"", "2: access.proxy-role: "),
        ("[push]\naccept-new = []", "2: push.accept-new: the list is empty"),
        ("[push]\naccept-new = \"private\"", "2: push.accept-new: invalid type"),
        ("[push]\ngroup = \"a/b\"", "2: push.group: "),
        ("[push]\nnew-a-minute = 0", "2: push.new-a-minute: 0: expected a number from 1 to"),
        ("[[page]]\nname = \"a\"", "1: page: missing field `of`"),
        ("[[page]]\nname = \"a\"\nof = []", "3: page.of: the list is empty"),
        ("[[page]]\nname = \"a\"\nof = [\"a b\"]", "3: page.of: "),
        ("[[page]]\nname = \"a\"\nof = [\"a\"]\ndays = 0", "4: page.days: "),
        (
            "[[page]]\nname = \"a\"\nof = [\"a\"]\n[[page]]\nname = \"a\"\nof = [\"a\"]",
            "5: page.name: \"a\": given twice",
        ),
        ("[[report]]\nname = \"a\"\nof = [\"a\"]\nevery = \"hour\"\ndir = \"/a\"", "4: report.every: "),
        ("[[report]]\nname = \"a\"\nof = [\"a\"]\nevery = \"day\"", "1: report: expected mail"),
        (
            "[[report]]\nname = \"a\"\nof = [\"a\"]\nevery = \"day\"\nmail = [\"-f x\"]",
            "5: report.mail: \"-f x\": expected an address",
        ),
        (
            "[[report]]\nname = \"a\"\nof = [\"a\"]\nevery = \"day\"\nmail = [\"|sh\"]",
            "5: report.mail: \"|sh\": expected an address",
        ),
        (
            "[[report]]\nname = \"a\"\nof = [\"a\"]\nevery = \"day\"\nmail = [\"a\"]\ndir = \"/a\"",
            "5: report.mail: both mail and dir",
        ),
        (
            "[[report]]\nname = \"a\"\nof = [\"a\"]\nevery = \"day\"\ndir = \"/a\"\nformats = [\"doc\"]",
            "6: report.formats: unknown variant",
        ),
    ] {
        let told = fault(text);
        assert!(told.starts_with(said), "{text}\n  said     {told}\n  expected {said}");
    }
}

#[test]
fn what_is_expected_is_said_in_plain_words() {
    assert!(fault("[access]\nread = true").ends_with("expected a text in quotes"));
    assert!(fault("[push]\nnew-a-minute = \"x\"").ends_with("expected a whole number"));
    let long = format!("control = \"/{}\"", "a".repeat(107));
    assert!(fault(&long).ends_with("too long for a socket; expected at most 107 octets"), "{}", fault(&long));
}

#[test]
fn what_needs_a_restart_is_named() {
    let old = parse("").unwrap();
    let mut new = parse("listen = [\"127.0.0.1:1\"]\nstate-dir = \"/a\"\ntitle = \"b\"\n").unwrap();
    assert_eq!(new.stay_with(&old), ["listen", "state-dir"]);
    // What runs is what the next reload is compared with.
    assert_eq!((new.stay_with(&old), new.title.as_str()), (vec![], "b"));
}

proptest! {
    #[test]
    fn any_text_is_settings_or_a_fault_in_one_line(text in "\\PC{0,60}|(listen|tls|\\[push\\]|=|\\[|\\]|\"|\n| )*") {
        if let Err(fault) = parse(&text) {
            prop_assert!(!fault.what.contains('\n'));
        }
    }
}

const EXAMPLE: &str = include_str!("../../../etc/board.toml");
const PAGE: &str = include_str!("../../../man/board.toml.5");

/// The line without the `#` that makes it an example: one directly before a key or a table.
fn uncommented(line: &str) -> &str {
    match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest,
        Some(_) | None => line,
    }
}

#[test]
fn the_example_is_accepted_with_and_without_what_it_leaves_out() {
    let settings = parse(EXAMPLE).unwrap();
    let defaults = Settings { user: settings.user.clone(), ..parse("").unwrap() };
    assert_eq!(settings, defaults, "it says what counts without it");
    let whole: Vec<&str> = EXAMPLE.lines().map(uncommented).collect();
    // Not every host has that zone.
    let whole = whole.join("\n").replace("Europe/Paris", "UTC");
    let settings = parse(&whole).unwrap_or_else(|fault| panic!("{fault:?}"));
    assert_eq!((settings.pages.len(), settings.reports.len()), (1, 1));
}

#[test]
fn the_example_of_the_man_page_is_accepted() {
    let examples = PAGE.split(".Sh EXAMPLES").nth(1).unwrap();
    let block = examples.split(".Bd -literal -offset indent\n").nth(1).unwrap().split(".Ed").next().unwrap();
    assert!(parse(block).unwrap().access.only_users);
}

#[test]
fn the_man_page_has_every_key_of_the_example() {
    let whole: Vec<&str> = EXAMPLE.lines().map(uncommented).collect();
    for line in whole.iter().filter(|line| !line.starts_with('#')) {
        if let Some((key, _)) = line.split_once(" = ") {
            assert!(PAGE.contains(&format!(".It Cm {key} No = ")), "{key}");
        }
    }
}
