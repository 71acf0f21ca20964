//! Each fault of the file, with its line and what is said.

mod tables;

use super::super::parse;

/// A group `a` with the hosts h:1 and i:2, and a service `s`, on four lines; then `text`, from line 5 on.
fn beside(text: &str) -> String {
    format!("[hostgroup.a]\nhosts = [\"h:1\", \"i:2\"]\n[hostgroup.a.service.s]\nprobe = \"oco\"\n{text}")
}

#[track_caller]
fn expect(cases: &[(&str, usize, &str)], whole: impl Fn(&str) -> String) {
    for (text, line, what) in cases {
        let text = whole(text);
        let fault = parse(&text).expect_err(&text);
        assert!(fault.what.contains(what) && !fault.what.contains('\n'), "{text}\n{} | {what}", fault.what);
        assert_eq!(fault.place.map(|place| place.line), Some(*line), "{text}\n{}", fault.what);
    }
}

#[test]
fn of_the_daemons_own_keys() {
    expect(
        &[
            ("state-dir = \"x\"", 1, "state-dir: \"x\": expected a path that begins with /"),
            ("\nstate-dri = \"/x\"", 2, "unknown field `state-dri`"),
            ("control = \"/run/token\"", 1, "another name than token"),
            ("control = \"/run/x/\"", 1, "expected the path of a socket"),
            (
                "control = \"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/c\"",
                1,
                "too long for a socket",
            ),
            ("control-group = \"\"", 1, "control-group: \"\": expected a name"),
            ("user = \"a b\"", 1, "expected a name, without blanks"),
            ("user = 5", 1, "user: invalid type: integer `5`, expected a string"),
            ("resolve-every = \"50ms\"", 1, "resolve-every: \"50ms\": expected at least 100ms"),
            ("resolve-every = \"5\"", 1, "expected a duration as 500ms, 10s or 5m"),
            ("resolve-every = \"101y\"", 1, "at most 100 years"),
            ("metrics = \":9779\"", 1, "expected ADDRESS:PORT"),
            ("base-url = \"board.example.org\"", 1, "neither http:// nor https://"),
            ("base-url = \"https://\"", 1, "the host is missing"),
            ("base-url = \"https:///x\"", 1, "the host is missing"),
            ("base-url = \"https://h:x/\"", 1, "the port is none"),
            ("base-url = \"https://a b\"", 1, "a blank"),
            ("base-url = \"https://u@h\"", 1, "an @"),
            ("time-zone = \"Europe/Pariss\"", 1, "knows no such time zone"),
            ("[journal]\nkeep = \"x\"", 2, "journal.keep: \"x\""),
            ("[figures]\nkep = \"1d\"", 2, "figures: unknown field `kep`, expected `keep`"),
            ("[canary]\nhosts = []", 2, "the list is empty"),
            ("[canary]\nhosts = [\"web1\"]", 2, "must not hang on the DNS"),
            ("[canary]\nhosts = [\"::1\",\n\"[::1]\"]", 3, "given twice"),
            ("[canary]", 1, "missing field `hosts`"),
            ("[incident]\ncommand = []", 2, "the list is empty"),
            ("[incident]\ncommand = [\"\"]", 2, "expected a command"),
            ("[incident]\nacknowledge-within = \"0s\"", 2, "at least 100ms"),
            ("[incident]\ncommand = [\"/x\", \"a\\u0000b\"]", 2, "zero octet"),
            ("[publish]\ndir = \"x\"", 2, "publish.dir: \"x\": expected a path that begins with /"),
            ("[defaults]\nfall = 0", 2, "defaults.fall: 0: expected a number from 1 to 1000"),
            ("[defaults]\nrise = 1001", 2, "from 1 to 1000"),
            ("[defaults]\ntimeout = \"99ms\"", 2, "at least 100ms"),
            ("[defaults]\nflap = { changes = 1 }", 2, "from 2 to 32"),
            ("[defaults]\nflap = { change = 5 }", 2, "unknown field `change`"),
            ("[defaults]\nneed = 2", 2, "unknown field `need`"),
            ("[alert]\nof = [\"a\"]", 1, "alert: invalid type: map, expected sections in double brackets"),
            ("x = [", 1, ""),
            ("user = \"x", 1, ""),
        ],
        str::to_owned,
    );
}

#[test]
fn of_groups_and_hosts() {
    expect(
        &[
            ("[hostgroup.node]\nhosts = [\"a\"]", 1, "that name stands for node:NAME"),
            ("[hostgroup.slo]\nhosts = [\"a\"]", 1, "that name stands for slo:NAME"),
            ("[hostgroup.\"a b\"]\nhosts = [\"a\"]", 1, "expected A-Z a-z 0-9 . _ -"),
            ("[hostgroup.\".a\"]\nhosts = [\"a\"]", 1, "begins with . or -"),
            ("[hostgroup.a]", 1, "a: hosts is missing"),
            ("[hostgroup.a]\nhosts = []", 2, "hostgroup.a.hosts: the list is empty"),
            ("[hostgroup.a]\nhosts = [5]", 2, "expected a host as"),
            (
                "[hostgroup.a]\nhosts = [\"x\",\n\"192.0.2.300\"]",
                3,
                "hostgroup.a.hosts: \"192.0.2.300\": no IPv4 address",
            ),
            ("[hostgroup.a]\nhosts = [\"x:0\"]", 2, "expected a port from 1 to 65535"),
            ("[hostgroup.a]\nhosts = [\"a b\"]", 2, "expected HOST"),
            ("[hostgroup.a]\nhosts = [{ name = \"x\" }]", 2, "missing field `address`"),
            ("[hostgroup.a]\nhosts = [{ name = \"a b\", address = \"x\" }]", 2, "other characters"),
            ("[hostgroup.a]\nhosts = [{ name = \"a\", adress = \"x\" }]", 2, "unknown field `adress`"),
            ("[hostgroup.a]\nhosts = [{ name = \"a\", address = \"::x\" }]", 2, "expected HOST"),
            ("[hostgroup.a]\nhosts = [\"x\",\n{ name = \"x\", address = \"y\" }]", 3, "\"x\": given twice"),
            ("[hostgroup.a]\nhosts = [\"x\"]\ninterval = \"1\"", 3, "hostgroup.a.interval"),
            (
                "[hostgroup.a]\nhosts = [\"x\"]\n[hostgroup.a.servce.b]\nprobe = \"oco\"",
                3,
                "unknown field `servce`",
            ),
            ("hostgroup = 5", 1, "expected tables with names"),
            ("[hostgroup]\na = 5", 2, "expected a table, as [hostgroup.NAME]"),
        ],
        str::to_owned,
    );
}

#[test]
fn of_services_and_probes() {
    let service =
        |keys: &str| format!("[hostgroup.a]\nhosts = [\"h\", \"i:2\"]\n[hostgroup.a.service.s]\n{keys}");
    expect(
        &[
            ("", 3, "missing field `probe`"),
            (
                "probe = \"occo\"",
                4,
                "hostgroup.a.service.s.probe: \"occo\": expected \"oco\", \"tcp\", \"ping\"",
            ),
            ("probe = 5", 4, "expected a probe as"),
            ("probe = {}", 4, "a probe needs a kind"),
            ("probe = { port = 5 }", 4, "a probe needs a kind"),
            ("probe = { tcp = true, oco = true }", 4, "of one kind alone"),
            ("probe = { oco = false }", 4, "expected true"),
            ("probe = { oco = true, prot = 5 }", 4, "unknown field `prot`"),
            ("probe = { oco = true, port = 0 }", 4, "from 1 to 65535"),
            ("probe = { ping = true, port = 5 }", 4, "port counts for nothing with ping"),
            ("probe = { exec = [\"x\"], expect = \"y\" }", 4, "expect counts for nothing with exec"),
            ("probe = \"tcp\"", 4, "the port of \"h\" is missing"),
            ("probe = { banner = \"x\" }", 4, "the port of \"h\" is missing"),
            ("probe = { udp = \"x\" }", 4, "the port of \"h\" is missing"),
            ("probe = { banner = \"(x\", port = 1 }", 4, "unclosed group"),
            ("probe = { banner = \"(a{1000}){1000}\", port = 1 }", 4, "it becomes too large"),
            ("probe = { banner = \"x\", port = 1, then = \"y\" }", 4, "answers to send, and that is missing"),
            ("probe = { http = \"health\" }", 4, "expected a path as \"/health\""),
            ("probe = { http = \"/a b\" }", 4, "blanks in it as %20"),
            ("probe = { http = \"/\", status = \"ok\" }", 4, "expected a status or a range"),
            ("probe = { http = \"/\", status = \"300-200\" }", 4, "expected a status or a range"),
            ("probe = { http = \"/\", status = 99 }", 4, "expected a status or a range"),
            ("probe = { http = \"/\", method = \"GE T\" }", 4, "expected a method"),
            ("probe = { http = \"/\", host = \"a:80\" }", 4, "without a port"),
            ("probe = { http = \"/\", headers = { \"a b\" = \"x\" } }", 4, "expected the name of a header"),
            ("probe = { http = \"/\", headers = { Host = \"x\" } }", 4, "expected the key host"),
            ("probe = { http = \"/\", headers = { A = \"x\", a = \"y\" } }", 4, "given twice"),
            ("probe = { http = \"/\", headers = { A = \"x\\r\\nB: y\" } }", 4, "expected one line"),
            ("probe = { http = \"/\", ca = \"/x\" }", 4, "ca counts only with tls = true"),
            ("probe = { http = \"/\", tls = true, ca = \"x\" }", 4, "begins with /"),
            ("probe = { http = \"/\", tls = true, verify = false, ca = \"/x\" }", 4, "nobody looks at it"),
            (
                "probe = { http = \"/\", tls = true, expires-but = \"1d\", expires-ko = \"2d\" }",
                4,
                "at most that",
            ),
            ("probe = { exec = [] }", 4, "the list is empty"),
            ("probe = { exec = [\"x\",\n\"{adress}\"] }", 5, "{adress}: nothing is put in for that"),
            ("probe = { mon = [\"x\", \"{host}\"] }", 4, "about all hosts at once"),
            ("probe = { exec = \"x\" }", 4, "expected a list in brackets"),
            ("probe = { report = \"1ms\" }", 4, "at least 100ms"),
            ("probe = \"oco\"\nneed = 3", 5, "3 can never be up: the group has 2 hosts"),
            ("probe = \"oco\"\nneed = 0", 5, "0 are always up"),
            ("probe = \"oco\"\nneed = \"101%\"", 5, "expected 1% to 100%"),
            ("probe = \"oco\"\nneed = \"0%\"", 5, "expected 1% to 100%"),
            ("probe = \"oco\"\nneed = \"most\"", 5, "a share as \"50%\""),
            ("probe = \"oco\"\nneed = true", 5, "expected a number or a text in quotes"),
            ("probe = \"oco\"\ndepends = [\"a\"]", 5, "expected GROUP/SERVICE"),
            ("probe = \"oco\"\ndepends = [\"a/s/h\"]", 5, "expected GROUP/SERVICE or node:NAME"),
            ("probe = \"oco\"\ndepends = [\"b/s\"]", 5, "\"b/s\": there is no such service"),
            ("probe = \"oco\"\ndepends = [\"node:x\"]", 5, "there is no such node"),
            ("probe = \"oco\"\ndepends = [\"a/s\"]", 5, "a circle: a/s, a/s"),
        ],
        service,
    );
    let what = "the group has no hosts to probe";
    expect(&[("[hostgroup.a]\naccept-reports = true\nservice.s.probe = \"oco\"", 3, what)], str::to_owned);
}

#[test]
fn of_nodes_and_circles() {
    expect(
        &[
            ("[node.x]", 5, "missing field `members`"),
            ("[node.x]\nmembers = []", 6, "node.x.members: the list is empty"),
            ("[node.x]\nmembers = [\"a/t\"]", 6, "\"a/t\": nothing matches"),
            ("[node.x]\nmembers = [\"a/s/g\"]", 6, "\"a/s/g\": nothing matches"),
            ("[node.x]\nmembers = [\"a/*\",\n\"b\"]", 7, "\"b/*\": nothing matches"),
            ("[node.x]\nmembers = [\"node:y\"]", 6, "nothing matches"),
            ("[node.x]\nmembers = [\"a b\"]", 6, "expected GROUP"),
            (
                "[node.x]\nmembers = [\"slo:x\"]",
                6,
                "expected GROUP/SERVICE or GROUP/SERVICE/HOST or node:NAME",
            ),
            ("[node.x]\nmembers = [\"a\"]\nrule = \"2 of\"", 7, "2 can never be up: it has 1 member"),
            ("[node.x]\nmembers = [\"a/s/*\", \"a/s/h:1\"]\nrule = 3", 7, "it has 2 members"),
            ("[node.x]\nmembers = [\"a\"]\nrule = \"some\"", 7, "expected \"all\", \"any\""),
            ("[node.x]\nmembers = [\"a\"]\ntitle = \"\"", 7, "expected a text of one line"),
            ("[node.x]\nmembers = [\"node:x\"]", 6, "a circle: node:x, node:x"),
            ("[node.x]\nmembers = [\"node:*\"]", 6, "a circle: node:x, node:x"),
            (
                "[node.x]\nmembers = [\"node:y\"]\n[node.y]\nmembers = [\"a\", \"node:x\"]",
                8,
                "a circle: node:x, node:y, node:x",
            ),
            ("depends = [\"node:x\"]\n[node.x]\nmembers = [\"a/s/h:1\"]", 5, "a circle: node:x, a/s, node:x"),
            ("[node.\"a/b\"]\nmembers = [\"a\"]", 5, "other characters"),
        ],
        beside,
    );
}

#[test]
fn of_alerts_and_maintenance() {
    expect(
        &[
            ("[[alert]]", 5, "missing field `of`"),
            ("[[alert]]\nof = []", 6, "the list is empty"),
            ("[[alert]]\nof = [\"a\"]", 5, "nobody is told; expected steps or a command"),
            ("[[alert]]\nof = [\"a\"]\nsteps = []", 7, "the list is empty"),
            ("[[alert]]\nof = [\"a\"]\ncommand = []", 7, "the list is empty"),
            ("[[alert]]\nof = [\"a\"]\ncommand = [\" \"]", 7, "expected a command"),
            (
                "[[alert]]\nof = [\"a\"]\ncommand = [\"x\"]\nsteps = [{ command = [\"y\"] }]",
                8,
                "there is a command too",
            ),
            ("[[alert]]\nof = [\"a\"]\nsteps = [{ after = \"1m\" }]", 7, "missing field `command`"),
            ("[[alert]]\nof = [\"a\"]\nsteps = [{ comand = [\"x\"] }]", 7, "unknown field `comand`"),
            (
                "[[alert]]\nof = [\"a/s/h:1\"]\ncommand = [\"x\"]",
                6,
                "expected GROUP/SERVICE or node:NAME or slo:NAME",
            ),
            ("[[alert]]\nof = [\"b\"]\ncommand = [\"x\"]", 6, "nothing matches"),
            ("[[alert]]\nof = [\"a\"]\ncommand = [\"x\"]\non = []", 8, "the list is empty"),
            ("[[alert]]\nof = [\"a\"]\ncommand = [\"x\"]\non = [\"up\"]", 8, "unknown variant `up`"),
            ("[[alert]]\nof = [\"a\"]\ncommand = [\"x\"]\non = [\"ko\", \"ko\"]", 8, "given twice"),
            ("[[alert]]\nof = [\"a\"]\ncommand = [\"x\"]\nafter = 0", 8, "expected 1 probe or more"),
            ("[[alert]]\nof = [\"a\"]\ncommand = [\"x\"]\nafter = \"x\"", 8, "alert.after"),
            ("[[alert]]\nof = [\"a\"]\ncommand = [\"x\"]\nevery = \"0s\"", 8, "at least 100ms"),
            ("[[alert]]\nof = [\"a\"]\ncommand = [\"x\"]\nlimit = 0", 8, "expected a number from 1"),
            ("[[alert]]\nof = [\"a\"]\ncommand = [\"x\"]\nhours = \"soon\"", 8, "alert.hours: \"soon\""),
            ("[[alert]]\nof = [\"a\"]\ncommand = [\"x\", \"{port}\"]", 7, "about all hosts at once"),
            (
                "[[alert]]\nname = \"x\"\nof = [\"a\"]\ncommand = [\"x\"]\n[[alert]]\nname = \"x\"\nof = [\"a\"]\ncommand = [\"y\"]",
                10,
                "\"x\": given twice",
            ),
            (
                "[[alert]]\nof = [\"a\"]\ncommand = [\"x\"]\n[[alert]]\nof = [\"a/*\"]\ncommand = [\"x\"]",
                8,
                "one of them needs a name",
            ),
            ("alert = [5]", 5, ""),
            ("[[maintenance]]\nof = [\"a\"]", 5, "missing field `hours`"),
            ("[[maintenance]]\nof = [\"b\"]\nhours = \"sun 02:00-04:00\"", 6, "nothing matches"),
            ("[[maintenance]]\nof = [\"slo:x\"]\nhours = \"sun 02:00-04:00\"", 6, "expected GROUP/SERVICE"),
            ("[alertmanager]", 5, "missing field `urls`"),
            ("[alertmanager]\nurls = []", 6, "the list is empty"),
            ("[alertmanager]\nurls = [\"127.0.0.1:9093\"]", 6, "neither http:// nor https://"),
            ("[alertmanager]\nurls = [\"http://a\",\n\"http://a/\"]", 7, "given twice"),
            (
                "[alertmanager]\nurls = [\"http://a\"]\nof = [\"slo:*\"]",
                7,
                "expected GROUP/SERVICE or node:NAME",
            ),
            ("[alertmanager]\nurls = [\"http://a\"]\nof = [\"node:*\"]", 7, "nothing matches"),
            ("[alertmanager]\nurls = [\"http://a\"]\nca = \"/a\"", 7, "no URL is of https"),
            ("[alertmanager]\nurls = [\"https://a\"]\nca = \"\"", 7, "expected a path that begins with /"),
            ("[forward]\nurl = \"https://b\"\nname = \"a b\"\nkey-file = \"/k\"", 7, "other characters"),
            ("[forward]\nurl = \"https://b\"\nname = \"a\"\nkey-file = \"k\"", 8, "begins with /"),
            (
                "[forward]\nurl = \"https://b\"\nname = \"a\"\nkey-file = \"/k\"\nof = [\"c\"]",
                9,
                "nothing matches",
            ),
            (
                "[forward]\nurl = \"https://b\"\nname = \"a\"\nkey-file = \"/k\"\nevery = \"500ms\"",
                9,
                "at least 1s",
            ),
        ],
        |text| {
            if text.starts_with("alert =") { text.replace("alert", "\n\n\n\nalert") } else { beside(text) }
        },
    );
}

#[test]
fn of_levels_and_published_names() {
    let level = |keys: &str| format!("[slo.x]\nof = \"a/s\"\ntarget = \"99.9%\"\nperiod = \"month\"\n{keys}");
    expect(
        &[
            ("[slo.x]", 5, "missing field"),
            (&level("").replace("a/s", "a/t"), 6, "slo.x.of: \"a/t\": there is no such service"),
            (&level("").replace("a/s", "slo:x"), 6, "expected GROUP/SERVICE"),
            (&level("").replace("99.9%", "99.9"), 7, "expected more than 0%"),
            (&level("").replace("99.9%", "101%"), 7, "expected more than 0%"),
            (&level("").replace("month", "fortnight"), 8, "slo.x.period: \"fortnight\""),
            (&level("hours = \"soon\""), 9, "slo.x.hours: \"soon\""),
            (&level("unknown = \"maybe\""), 9, "unknown variant `maybe`"),
            ("[publish]\n[node.maint]\nmembers = [\"a\"]", 6, "node:maint can't be published as \"maint\""),
            ("[publish]\n[node.drain]\nmembers = [\"a\"]", 6, "takes the whole host out"),
            ("[publish]\n[node.oco]\nmembers = [\"a\"]", 6, "it is reserved"),
            ("[publish]\n[node.\"a.bak\"]\nmembers = [\"a\"]", 6, "ends like a leftover"),
            ("[publish]\n[node.\"a.s\"]\nmembers = [\"a\"]", 6, "a/s would be the same file"),
            (
                "[publish]\n[hostgroup.a.service.\"s.tmp\"]\nprobe = \"oco\"",
                6,
                "a/s.tmp can't be published as \"a.s.tmp\": it ends like a leftover",
            ),
            (
                "[publish]\n[hostgroup.\"a.s\"]\nhosts = [\"h\"]\nservice.t.probe = \"oco\"\n[hostgroup.a.service.\"s.t\"]\nprobe = \"oco\"",
                9,
                "would be the same file",
            ),
        ],
        beside,
    );
    let long = "x".repeat(40);
    let text = format!(
        "[publish]\n[hostgroup.{long}]\nhosts = [\"h\"]\n[hostgroup.{long}.service.{long}]\nprobe = \"oco\""
    );
    expect(&[(&text, 8, "longer than 64 characters")], beside);
    let unpublished = beside("[node.maint]\nmembers = [\"a\"]\n[node.\"a.s\"]\nmembers = [\"a\"]");
    assert!(parse(&unpublished).is_ok());
}

#[test]
fn a_name_that_needs_quotes_is_told_so() {
    for (text, line, name) in [
        ("[hostgroup.a.service.b.c]\nprobe = \"oco\"", 1, "hostgroup.a.service.\"b.c\""),
        ("[hostgroup.a.service.b.c.d]\nprobe = \"oco\"", 1, "hostgroup.a.service.\"b.c.d\""),
        ("[hostgroup.\"x.y\".service.b.c]\nprobe = \"oco\"", 1, "hostgroup.\"x.y\".service.\"b.c\""),
        ("[hostgroup.www.example.org]\nhosts = [\"h\"]", 1, "hostgroup.\"www.example.org\""),
        (
            "[hostgroup.www.example.org]\n[hostgroup.www.example.org.service.s]\nprobe = \"oco\"",
            1,
            "hostgroup.\"www.example.org\"",
        ),
        ("[node.shop.eu]\nmembers = [\"a\"]", 1, "node.\"shop.eu\""),
        ("[slo.shop.eu]\nof = \"node:x\"", 1, "slo.\"shop.eu\""),
    ] {
        let fault = parse(text).unwrap_err();
        assert!(
            fault.what.ends_with(&format!("a name with a dot needs quotes: [{name}]")),
            "{text}: {}",
            fault.what
        );
        assert_eq!(fault.place.map(|place| place.line), Some(line), "{text}");
    }
}

#[test]
fn what_reports_may_be_waited_for() {
    let text = r#"
        [hostgroup.push]
        accept-reports = true
        service.job.probe = { report = "1h" }
        service.job.need = 3
        [node.jobs]
        members = ["push/*", "push/new", "push/job/h", "push/new/h"]
        rule = "9 of"
        [[alert]]
        of = ["push/new"]
        command = ["x"]
        [slo.new]
        of = "push/new"
        target = "99%"
        period = "30d"
    "#;
    parse(text).unwrap_or_else(|fault| panic!("{fault:?}"));
    let fault = parse(
        "[hostgroup.push]\naccept-reports = true\n[[table]]\nkind = \"exec\"\nservice = \"push/new\"\ncommand = [\"x\"]",
    );
    assert!(fault.unwrap_err().what.contains("there is no such service"));
}

#[test]
fn a_long_value_and_a_deep_table_are_no_trouble() {
    let fault = parse(&format!("user = \"{} \"", "x".repeat(10_000))).unwrap_err();
    assert!(fault.what.chars().count() <= 303 && fault.what.ends_with("..."));
    for deep in [
        format!("{}a = 1", "a.".repeat(20_000)),
        format!("[{}a]", "a.".repeat(20_000)),
        format!("user = {}", "[".repeat(100_000)),
    ] {
        assert!(parse(&deep).is_err());
    }
}

#[test]
fn a_list_is_not_taken_for_a_table() {
    expect(
        &[
            ("figures = [\"30d\"]", 1, "figures: a list; expected a table"),
            ("journal = [\"5y\"]", 1, "journal: a list; expected a table"),
            ("publish = [\"/tmp\"]", 1, "publish: a list; expected a table"),
            ("canary = [[\"127.0.0.1\"]]", 1, "canary: a list; expected a table"),
            ("defaults = { flap = [6, \"10m\", \"5m\"] }", 1, "defaults.flap: a list; expected a table"),
            ("\n[[publish]]\ndir = \"/x\"", 2, "publish: a list; expected a table"),
            ("node = { x = [[\"a/s\"]] }", 1, "node.x: a list; expected a table"),
            ("maintenance = [[[\"a\"], \"sun 02:00-03:00\"]]", 1, "maintenance: a list; expected a table"),
        ],
        |text| text.to_owned(),
    );
}

#[test]
fn what_is_wrong_begins_with_its_keys_also_in_a_second_section() {
    let alert = "[[alert]]\nof = [\"a/s\"]\ncommand = [\"x\"]\n";
    expect(
        &[
            (&format!("{alert}[[alert]]\nof = [\"a/s\"]\n"), 8, "alert: "),
            (&format!("{alert}{alert}"), 8, "alert: the same of and commands as another alert"),
            ("user = \"a\"\n", 5, "hostgroup.a.service.s: unknown field `user`"),
            ("probe = \"tcp\"", 5, "hostgroup.a.service.s.probe: duplicate key"),
            ("need = -1", 5, "hostgroup.a.service.s.need: -1: expected"),
            ("need = 9999999999999", 5, "hostgroup.a.service.s.need: 9999999999999: expected"),
            ("= 3", 5, ""),
        ],
        beside,
    );
    let long = format!(
        "[[table]]\nkind = \"haproxy\"\nservice = \"a/s\"\nbackend = \"b\"\nsocket = \"/{}\"",
        "a".repeat(107)
    );
    expect(&[(&long, 9, "too long for a socket; expected at most 107 octets")], beside);
}
