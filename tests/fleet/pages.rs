//! What the man pages show of ocowatch and of `oco fleet` is what they say: each line of a sample was said by a run.
//!
//! Numbers, times, lengths and bars are others each time, so they count as equal, and so do columns that are wider.

use crate::recorder::{Call, Recorder};
use crate::scene::{Scene, text, wait_for};
use crate::watcher::Watcher;
use regex::Regex;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::collections::BTreeSet;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::sync::LazyLock;

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The lines of one section of a page.
fn section(page: &str, name: &str) -> Vec<String> {
    let lines = page.lines().skip_while(|line| *line != format!(".Sh {name}")).skip(1);
    lines.take_while(|line| !line.starts_with(".Sh ")).map(str::to_owned).collect()
}

/// The lines of a part of a section.
fn part(page: &str, name: &str) -> Vec<String> {
    let lines = page.lines().skip_while(|line| *line != format!(".Ss {name}")).skip(1);
    lines.take_while(|line| !line.starts_with(".S")).map(str::to_owned).collect()
}

/// The lines that are shown as they are.
fn displayed(lines: &[String]) -> Vec<String> {
    let mut is_display = false;
    let mut shown = Vec::new();
    for line in lines {
        match line.split(' ').next() {
            Some(".Bd") => is_display = true,
            Some(".Ed") => is_display = false,
            _ if is_display && !line.is_empty() => shown.push(line.replace("\\-", "-").replace("\\&", "")),
            _ => {}
        }
    }
    shown
}

/// What is another one each time, and what stands for it.
static CHANGING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let user = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
    let who = format!(r"\b(by|of) {}\b", text(&user).trim());
    let changing = [
        (who.as_str(), "$1 anna"),
        (r"[0-9]{4}-[0-9-]+T[0-9:]+(Z|[+-][0-9:]+)", "TIME"),
        (r"\b[0-9]+(ms|[smhd])( ?[0-9]+(ms|[smhd]))*\b", "LENGTH"),
        (" [-bK?.]{12}( |$)", " BAR "),
        ("[0-9a-f]{32}", "TOKEN"),
        ("[0-9]+", "#"),
        (" +", " "),
    ];
    changing.map(|(what, with)| (Regex::new(what).unwrap(), with)).into()
});

/// A line as it is each time. The user who runs this is the `anna` of the pages.
fn leveled(line: &str, scene: &Scene) -> String {
    let line = line.replace(&format!("{}/", scene.path("").display()).replace("//", "/"), "");
    let level =
        |line: String, (what, with): &(Regex, &str)| what.replace_all(line.trim_end(), *with).into_owned();
    CHANGING.iter().fold(line, level).trim_end().to_owned()
}

fn report(scene: &Scene, name: &str, code: &str, words: &str) {
    let output = scene.fleet(&["report", name, code, words]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// An entry of the list in LOG as a pattern: `Ar` is whatever stands there, and marks stand where they do in a text.
fn entry(item: &str) -> Regex {
    let mut pattern = String::new();
    let mut words = item.split(' ').filter(|word| *word != "No");
    while let Some(word) = words.next() {
        if !(pattern.is_empty() || pattern.ends_with("\\(") || matches!(word, "," | ":" | ";" | ")")) {
            pattern.push(' ');
        }
        match word {
            "Ar" => {
                words.next();
                pattern.push_str(".+");
            }
            word => pattern.push_str(&regex::escape(&word.replace("\\-", "-"))),
        }
    }
    // What begins with a comma stands behind something.
    let is_part = pattern.starts_with(',');
    Regex::new(&if is_part { pattern } else { format!("^{pattern}") }).unwrap()
}

#[test]
fn ocowatch_says_and_gives_what_its_page_shows() {
    let scene = Scene::new("");
    let mail = Recorder::new(&scene, "mail.alert", "");
    let broken = Recorder::new(&scene, "broken.alert", "echo no line >&2; exit 1");
    let (first, second) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    scene.configure(&format!(
        "base-url = \"https://board.example.org\"\n[defaults]\ninterval = \"200ms\"\ntimeout = \"1s\"\n\
         [hostgroup.gateway]\nhosts = [\"gw\"]\n[hostgroup.gateway.service.ping]\nprobe = {{ report = \"25h\" }}\n\
         [hostgroup.web]\nhosts = [{{ name = \"192.0.2.11\", address = {:?} }}, {{ name = \"192.0.2.12\", address = {:?} }}]\n\
         [hostgroup.web.service.oco]\nprobe = \"tcp\"\n\
         [hostgroup.web.service.page]\nprobe = {{ report = \"25h\" }}\ndepends = [\"gateway/ping\"]\n\
         [[alert]]\nof = [\"web/oco\"]\nevery = \"300ms\"\nlimit = 5\ntext = \"the fleet\"\ncommand = [{:?}, \"ops@example.org\"]\n\
         [[alert]]\nof = [\"gateway/ping\"]\ncommand = [{:?}]\n",
        first.local_addr().unwrap().to_string(),
        second.local_addr().unwrap().to_string(),
        mail.path(),
        broken.path(),
    ));
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("web/oco", "ok");
    for (name, code) in
        [("gateway/ping/gw", "200"), ("web/page/192.0.2.11", "200"), ("web/page/192.0.2.12", "200")]
    {
        report(&scene, name, code, "");
    }
    let address = first.local_addr().unwrap();
    drop(first);
    mail.wait_for(3);
    watcher.wait_for_log("step 1: sent");
    report(&scene, "gateway/ping/gw", "500", "gone");
    report(&scene, "web/page/192.0.2.11", "300", "no route");
    watcher.wait_for_log("it is tried again");
    scene.told(&["ack", "web/oco", "--for", "1h", "on", "it"]);
    scene.told(&["ack", "web/page", "--for", "1s"]);
    scene.told(&["unack", "web/oco"]);
    scene.told(&["alert", "web/oco", "coffee", "is", "ready"]);
    watcher.wait_for_log("is over");
    let _first = TcpListener::bind(address).unwrap();
    watcher.wait_for_log("alert (ok)");
    let log = watcher.log();
    compare_calls(&mail.calls(), &scene);
    let entries: Vec<&str> = log.lines().map(|line| line.split_once(": ").unwrap().1).collect();
    let said: BTreeSet<String> = entries.iter().map(|line| leveled(line, &scene)).collect();
    let lines = section(&page("ocowatch.8"), "LOG");
    let samples = displayed(&lines);
    assert!(samples.len() >= 4, "few samples: {samples:?}");
    for sample in samples {
        let line = sample.split_once(": ").unwrap().1;
        assert!(said.contains(&leveled(line, &scene)), "ocowatch(8) shows {line:?}; it says\n{log}");
    }
    let items: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix(".It ")).collect();
    assert!(items.len() >= 10, "few entries: {items:?}");
    for item in items {
        let pattern = entry(item);
        assert!(
            entries.iter().any(|line| pattern.is_match(line)),
            "ocowatch(8) lists {item:?}; it says\n{log}"
        );
    }
}

/// What commands are given, beside what the page says of it.
fn compare_calls(calls: &[Call], scene: &Scene) {
    let page = page("ocowatch.8");
    let lines = part(&page, "What a command of an alert is given");
    let given: BTreeSet<String> =
        calls.iter().flat_map(|call| &call.lines).map(|line| leveled(line, scene)).collect();
    for line in displayed(&lines) {
        assert!(given.contains(&leveled(&line, scene)), "ocowatch(8) shows {line:?}; given was {given:#?}");
    }
    let variables = calls.iter().flat_map(|call| &call.variables).filter_map(|line| line.split('=').next());
    let variables: BTreeSet<&str> = variables.collect();
    let listed =
        lines.iter().filter_map(|line| line.strip_prefix(".It Ev ")).flat_map(|line| line.split(" , "));
    assert_eq!(
        listed.collect::<BTreeSet<&str>>(),
        variables,
        "the variables of ocowatch(8) and of its calls"
    );
}

/// The fleet of the page "On call": a part of it fails, and somebody was told.
fn night(scene: &Scene, mail: &Recorder) -> Watcher {
    scene.configure(&format!(
        "[hostgroup.db]\nhosts = [\"db1\", \"db2\"]\n[hostgroup.db.service.replica]\nprobe = {{ report = \"25h\" }}\n\
         [hostgroup.web]\nhosts = [\"web1\", \"web2\", \"web3\", \"web4\"]\n[hostgroup.web.service.page]\n\
         probe = {{ report = \"25h\" }}\nneed = 2\n[hostgroup.web.service.tls]\nprobe = {{ report = \"25h\" }}\n\
         [hostgroup.mail]\nhosts = [\"mx1\", \"mx2\"]\n[hostgroup.mail.service.smtp]\nprobe = {{ report = \"25h\" }}\n\
         [node.shop]\ntitle = \"The shop\"\nmembers = [\"web/page\", \"web/tls\"]\n\
         [[alert]]\nname = \"ops\"\nof = [\"*/*\"]\nevery = \"30m\"\nsteps = [\n\
         {{ command = [{0:?}, \"ops\"] }},\n\
         {{ after = \"10m\", command = [{0:?}, \"boss\"] }} ]\n\
         [incident]\nacknowledge-within = \"15m\"\n",
        mail.path()
    ));
    let watcher = Watcher::start(scene);
    for (service, hosts) in [
        ("db/replica", ["db1", "db2"].as_slice()),
        ("web/page", &["web1", "web2", "web3", "web4"]),
        ("mail/smtp", &["mx1", "mx2"]),
    ] {
        hosts.iter().for_each(|host| report(scene, &format!("{service}/{host}"), "200", ""));
    }
    for (host, code, words) in
        [("web1", "200", ""), ("web2", "200", ""), ("web3", "200", ""), ("web4", "210", "expires in 9d")]
    {
        report(scene, &format!("web/tls/{host}"), code, words);
    }
    for (host, words) in [("web1", "refused"), ("web2", "timeout"), ("web3", "http 503")] {
        report(scene, &format!("web/page/{host}"), "300", words);
    }
    report(scene, "db/replica/db1", "500", "stopped");
    wait_for("two alerts and an incident", || {
        let log = scene.told(&["log"]);
        (log.matches(": sent").count() == 2 && log.contains("incident")).then_some(())
    });
    watcher
}

/// What `oco fleet` shows on a terminal as wide as the page's samples.
fn shown(scene: &Scene, arguments: &[&str]) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).and_then(|()| unlockpt(&master)).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let terminal =
        rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    tcsetwinsize(&terminal, Winsize { ws_row: 50, ws_col: 74, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut command = scene.fleet(arguments);
    let mut child = command.env("NO_COLOR", "1").stdout(terminal).spawn().unwrap();
    // Nobody else has the other end, so the terminal ends with the command.
    drop(command);
    let mut shown = Vec::new();
    let _ = std::fs::File::from(master).read_to_end(&mut shown);
    child.wait().unwrap();
    text(&shown).replace('\r', "")
}

#[test]
fn what_the_page_on_call_shows_is_what_oco_fleet_says() {
    let scene = Scene::new("");
    let mail = Recorder::new(&scene, "mail.alert", "");
    let _watcher = night(&scene, &mail);
    let page = page("oco-fleet.1");
    let mut said = BTreeSet::new();
    let mut say = |arguments: &[&str]| {
        let lines: Vec<String> = shown(&scene, arguments).lines().map(|line| leveled(line, &scene)).collect();
        said.extend(lines.iter().cloned());
        lines
    };
    let on_call = displayed(&section(&page, "ON CALL"));
    assert!(on_call.iter().filter(|line| line.starts_with("$ ")).count() >= 7, "{on_call:#?}");
    let mut output = Vec::new();
    for line in on_call {
        if let Some(command) = line.strip_prefix("$ oco fleet ") {
            assert!(output.is_empty(), "the page does not show {output:#?} before {command}");
            let words: Vec<&str> = command.split(' ').collect();
            output = say(&words);
            if ["ack", "mute", "unmute", "maint", "unmaint"].contains(&words[0]) {
                let act = format!(": {} by ", words[0]);
                wait_for("the act in the log", || scene.told(&["log"]).contains(&act).then_some(()));
            }
            // The page does not show how the test began.
            output.retain(|line| !line.is_empty() && !line.contains("unknown -> "));
            say(&["status"]);
            say(&["log"]);
        } else {
            assert!(!output.is_empty(), "the page goes on with {line:?}");
            assert_eq!(leveled(&line, &scene), output.remove(0));
        }
    }
    assert!(output.is_empty(), "the page does not show {output:#?}");
    for line in displayed(&section(&page, "DESCRIPTION")) {
        assert!(said.contains(&leveled(&line, &scene)), "oco-fleet(1) shows {line:?}; it says {said:#?}");
    }
}
