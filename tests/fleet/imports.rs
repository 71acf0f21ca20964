//! What `oco fleet import-mon` and `import-ldirectord` print is a file that ocowatch takes.

use crate::scene::{Scene, parts};
use crate::server::has;
use oco::command::fleet::import::{ldirectord, mon};
use ocowatch::config::parse;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::process::Command;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../command/fleet/import/golden").join(name)
}

/// Both programs, as a person runs them.
#[track_caller]
fn is_taken(order: &str, file: &Path) -> String {
    let scene = Scene::new("");
    let output = scene.fleet(&[order, file.to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.is_empty(), "{}: {said}", file.display());
    std::fs::write(scene.path("watch.toml"), &output.stdout).unwrap();
    let judged = scene.ocowatch(&["-t"]).output().unwrap();
    assert!(judged.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&judged.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn ocowatch_takes_what_is_made_of_mons_file() {
    for name in ["groups.mon.cf", "folders.mon.cf"] {
        is_taken("import-mon", &golden(name));
    }
}

#[test]
fn ocowatch_takes_what_is_made_of_ldirectords_file() {
    is_taken("import-ldirectord", &golden("services.ldirectord.cf"));
}

#[test]
fn ocowatch_takes_what_is_made_of_the_files_that_came_with_them() {
    for (order, file) in [
        ("import-mon", "/etc/mon/mon.cf"),
        ("import-mon", "/usr/share/doc/mon/examples/very-simple.cf"),
        ("import-ldirectord", "/usr/share/doc/ldirectord/examples/ldirectord.cf"),
    ] {
        if Path::new(file).exists() {
            is_taken(order, Path::new(file));
        }
    }
}

#[test]
fn a_bad_file_is_one_line_and_exit_3() {
    let scene = Scene::new("");
    for (order, text, said) in [
        (
            "import-mon",
            "# mon\nwatch a\n    interval 5m\n",
            ":3: \"interval 5m\": expected a service of the watch first",
        ),
        (
            "import-ldirectord",
            "virtual=web\n",
            ":1: virtual \"web\": expected ADDRESS:PORT or the number of a firewall mark",
        ),
        ("import-mon", "\u{e4}\nwatch\n", ":1: \"\u{e4}\": expected VARIABLE = VALUE, hostgroup or watch"),
    ] {
        let file = scene.file("bad.cf", text);
        let output = scene.fleet(&[order, file.to_str().unwrap()]).output().unwrap();
        let line = format!("oco: {}{said}\n", file.display());
        assert_eq!(
            (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code()),
            (line, Some(3))
        );
        assert!(output.stdout.is_empty());
    }
    let output = scene.fleet(&["import-mon", "/no/such/file"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
}

/// Files of mon are older than UTF-8.
#[test]
fn a_file_in_latin_1_is_taken() {
    let scene = Scene::new("");
    let text = b"hostgroup web 127.0.0.1\nwatch web\n  service http\n    description Gr\xfc\xdfe vom Dach\n    \
        interval 1m\n    monitor http.monitor\n    period wd {Sun-Sat}\n      alert mail.alert -S Gr\xfc\xdfe admin\n";
    let file = scene.file("mon.cf", "");
    std::fs::write(&file, text).unwrap();
    let made = is_taken("import-mon", &file);
    assert!(made.contains("\"Gr\u{fc}\u{df}e\""), "{made}");
}

#[test]
fn one_address_in_two_spellings_is_one_server() {
    let text = "virtual6=[2001:db8::5]:53\n\treal6=[2001:db8::1]:53 ipip\n\treal6=[2001:DB8:0::1]:54 ipip\n\tservice=simpletcp\n";
    let made = ldirectord::convert(text).unwrap();
    assert!(made.contains("2001:db8::1 is in a pool once"), "{made}");
    parse(&made).unwrap();
}

/// Ports of the virtual service, of its servers and of the check, given or not, under each check: what is probed has its
/// port.
#[test]
fn whatever_has_a_port_or_none_is_taken() {
    let services = [
        "",
        "dns",
        "ftp",
        "http",
        "https",
        "http_proxy",
        "imap",
        "imaps",
        "ldap",
        "ldaps",
        "mysql",
        "nntp",
        "none",
        "oracle",
        "pgsql",
        "pop",
        "pops",
        "radius",
        "simpletcp",
        "sip",
        "smtp",
        "submission",
    ];
    let types = ["", "connect", "external", "negotiate", "on", "ping", "3"];
    let virtuals = ["192.0.2.240:25", "192.0.2.240:7", "192.0.2.240:53", "7"];
    let servers =
        ["real=192.0.2.1 gate", "real=192.0.2.1:80 gate", "real=192.0.2.1 gate\n\treal=192.0.2.2:80 gate"];
    let more = ["", "\tprotocol=udp\n", "\tcheckport=99\n", "\trequest=\"a.b\"\n\treceive=\"b\"\n"];
    let mut taken = 0;
    for (at, of, with) in
        virtuals.iter().flat_map(|at| servers.iter().flat_map(move |of| more.map(|with| (at, of, with))))
    {
        for (service, kind) in services.iter().flat_map(|service| types.map(|kind| (service, kind))) {
            let line = |key: &str, value: &str| {
                if value.is_empty() { String::new() } else { format!("\t{key}={value}\n") }
            };
            let text = format!(
                "virtual={at}\n\t{of}\n{with}{}{}",
                line("service", service),
                line("checktype", kind)
            );
            // A firewall mark has no protocol to choose.
            let Ok(made) = ldirectord::convert(&text) else { continue };
            let judged = parse(&made);
            assert!(judged.is_ok(), "{text}{:?}\n{made}", judged.err());
            taken += 1;
        }
    }
    assert!(taken > 6000, "{taken}");
}

#[test]
fn a_server_without_a_port_is_asked_on_that_of_its_service() {
    for (text, port) in [
        ("virtual=192.0.2.240:8080\n\treal=192.0.2.1 gate\n\tservice=http\n", "port = 80 "),
        ("virtual=192.0.2.240:25\n\treal=192.0.2.1 gate\n", "port = 25 "),
        ("virtual=192.0.2.240:8\n\treal=192.0.2.1 gate\n\tprotocol=udp\n\tservice=simpletcp\n", "port = 8 "),
        (
            "virtual=192.0.2.240:7\n\treal=192.0.2.1 gate\n\treal=192.0.2.2:9 gate\n\tchecktype=connect\n",
            "192.0.2.1:7",
        ),
        (
            "virtual=7\n\treal=192.0.2.1 gate\n\treal=192.0.2.2:9 gate\n\tchecktype=connect\n",
            "probe = \"ping\"",
        ),
    ] {
        let made = ldirectord::convert(text).unwrap();
        assert!(made.contains(port), "{text}{made}");
    }
}

/// What becomes of the lines of a file.
#[derive(Debug, Clone)]
enum Change {
    LeftOut(usize),
    /// One in the place of another.
    Twice(usize, usize),
    Inserted(usize, usize, String),
    /// What is said by one is said by another too.
    Value(usize, usize),
    /// It stands there once more, in capitals: addresses and names are the same ones.
    Shouted(usize),
    /// Its address has no port any more.
    Unported(usize),
}

/// Lines of a golden file, some left out, some twice, in another order or spelling, cut or with another character.
fn shuffled(name: &str) -> impl Strategy<Value = String> {
    let text = std::fs::read_to_string(golden(name)).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len();
    let change = prop_oneof![
        (0..count).prop_map(Change::LeftOut),
        (0..count, 0..count).prop_map(|(at, to)| Change::Twice(at, to)),
        (0..count, 0..40_usize, "[{}\"'\\\\ =:;|*0-9a-z\u{e4}-]")
            .prop_map(|(at, place, c)| Change::Inserted(at, place, c)),
        (0..count, 0..count).prop_map(|(at, to)| Change::Value(at, to)),
        (0..count).prop_map(Change::Shouted),
        (0..count).prop_map(Change::Unported),
    ];
    prop::collection::vec(change, 1..20).prop_map(move |changes| {
        let mut lines = lines.clone();
        for change in changes {
            match change {
                Change::LeftOut(at) => lines[at].clear(),
                Change::Twice(at, to) => lines[to] = lines[at].clone(),
                Change::Inserted(at, place, c) => {
                    let line = &mut lines[at];
                    let place = line.char_indices().nth(place).map_or(line.len(), |(place, _)| place);
                    line.insert_str(place, &c);
                }
                Change::Value(at, to) => {
                    let key = split(&lines[to]).0;
                    lines[to] = format!("{key}{}", split(&lines[at]).1);
                }
                Change::Shouted(at) => {
                    let (key, value) = split(&lines[at]);
                    lines.insert(at + 1, format!("{key}{}", shouted(value)));
                }
                Change::Unported(at) => {
                    let port = lines[at].rfind(':').map(|colon| (colon, lines[at][colon..].find(' ')));
                    if let Some((colon, Some(length))) = port {
                        lines[at].replace_range(colon..colon + length, "");
                    }
                }
            }
        }
        lines.join("\n")
    })
}

/// In capitals, but for the words that ldirectord knows in small letters only.
fn shouted(value: &str) -> String {
    ["gate", "masq", "ipip"]
        .iter()
        .fold(value.to_uppercase(), |text, word| text.replace(&word.to_uppercase(), word))
}

/// What stands before a value, and it.
fn split(line: &str) -> (&str, &str) {
    line.split_at(line.find('=').map_or(0, |at| at + 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_is_made_of_mons_lines_is_taken(text in shuffled("groups.mon.cf")) {
        if let Ok(made) = mon::convert(&text) {
            let judged = parse(&made);
            prop_assert!(judged.is_ok(), "{:?}\n{}", judged.err(), made);
        }
    }

    #[test]
    fn whatever_is_made_of_ldirectords_lines_is_taken(text in shuffled("services.ldirectord.cf")) {
        if let Ok(made) = ldirectord::convert(&text) {
            let judged = parse(&made);
            prop_assert!(judged.is_ok(), "{:?}\n{}", judged.err(), made);
        }
    }
}

#[test]
fn keepalived_takes_its_side_of_the_page() {
    if !has("what a keepalived.conf becomes", "keepalived") {
        return;
    }
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man/oco-fleet.1")).unwrap();
    let block = page.split(".Bd -literal\nvirtual_server").nth(1).unwrap().split(".Ed").next().unwrap();
    let scene = Scene::new("");
    let file = scene.file("keepalived.conf", &format!("virtual_server{block}"));
    let output = Command::new("keepalived").arg("-t").arg("-f").arg(file).output().unwrap();
    assert_eq!(parts(&output), (Some(0), String::new(), String::new()));
}
