//! Reads the records of a mon.cf, as mon's own `read_cf` takes them.

use super::super::document::Note;
use super::lines::{Line, lines};
use super::period::times;
use super::record::{After, Bad, Every, File, Given, Group, Period, Service};
use super::words::{EXPECTED_TIME, length};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Where mon's relative directories begin.
const BASE: &str = "/usr/lib/mon";
/// What a macro begins with: such a file is one for m4.
const MACROS: [&str; 3] = ["define(", "dnl", "include("];

/// Which record goes on with the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    None,
    Hosts(usize),
    /// An alias or a view, of which no line counts.
    Other(&'static str),
    Watch(usize),
}

/// What counts once: given again, the last one does. `alertafter` has a rule of its own.
const OF_SERVICE_ONCE: [&str; 9] = [
    "interval",
    "traptimeout",
    "monitor",
    "description",
    "exclude_hosts",
    "exclude_period",
    "depend",
    "alertdepend",
    "monitordepend",
];
const OF_PERIOD_ONCE: [&str; 2] = ["alertevery", "numalerts"];

/// Notes on the line that a later one with the same keyword replaces.
fn replaced(lines: &[Given], word: &str, by: usize, notes: &mut Vec<Note>) {
    if let Some(given) = lines.iter().rev().find(|given| keyword(&given.text).0 == word) {
        notes.push(Note::new(
            given.line,
            &given.text,
            format!("line {by} has it again, and the last one counts"),
        ));
    }
}

struct Reader {
    file: File,
    record: Record,
    /// Groups by their names.
    places: HashMap<String, usize>,
    /// Services by their group's place and name.
    services: HashSet<(usize, String)>,
    base: String,
    /// `dep_behavior` of services that have none of their own.
    behavior: String,
}

/// What a file says.
pub(super) fn read(text: &str) -> Result<File, Bad> {
    let mut reader = Reader {
        file: File::default(),
        record: Record::None,
        places: HashMap::new(),
        services: HashSet::new(),
        base: BASE.to_owned(),
        behavior: "a".to_owned(),
    };
    for line in lines(text) {
        reader.take(&line).map_err(|what| Bad { line: line.number, what })?;
    }
    Ok(reader.file)
}

/// The first word of a line, made of letters, digits and `_`, and what follows it.
fn keyword(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// What stands behind a keyword and blanks.
fn behind<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
}

/// Whether mon takes it as the tag of a group or service.
fn is_tag(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"_.-".contains(&octet))
}

/// Whether mon takes it as a variable of the environment.
fn is_variable(name: &str) -> bool {
    let is_first = |octet: &u8| octet.is_ascii_uppercase() || *octet == b'_';
    name.as_bytes().first().is_some_and(is_first)
        && name.bytes().all(|octet| is_first(&octet) || octet.is_ascii_digit())
}

impl Reader {
    fn take(&mut self, line: &Line) -> Result<(), String> {
        let text = line.text.as_str();
        let is_watch = matches!(self.record, Record::Watch(_));
        let (word, rest) = keyword(text);
        if let (false, false, Some(value)) = (is_watch, word.is_empty(), rest.strip_prefix('=')) {
            return self.variable(line, word, value.trim());
        }
        if text.is_empty() {
            self.record = Record::None;
            return Ok(());
        }
        if let Some(rest) = behind(text, "hostgroup") {
            let (tag, hosts) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if !is_tag(tag) {
                return Err(format!("hostgroup {tag:?}: expected a name of A-Z a-z 0-9 . _ -"));
            }
            let at = self.group(line.number, tag)?;
            self.record = Record::Hosts(at);
            self.hosts(at, line.number, hosts);
            return Ok(());
        }
        if let Some(rest) = behind(text, "watch") {
            return self.watch(line, rest);
        }
        match self.record {
            Record::Hosts(at) => {
                self.hosts(at, line.number, text);
                return Ok(());
            }
            Record::Watch(at) => return self.of_watch(line, at),
            Record::Other(why) => {
                self.file.notes.push(Note::new(line.number, text, why));
                return Ok(());
            }
            Record::None => {}
        }
        let why = match word {
            "alias" => "an alias has no counterpart",
            "view" => "oco fleet status shows the groups that it is asked for",
            _ if MACROS.iter().any(|begin| text.starts_with(begin)) => {
                return Err("a macro of m4; expected what comes out of it: m4 FILE".to_owned());
            }
            _ => return Err(format!("{text:?}: expected VARIABLE = VALUE, hostgroup or watch")),
        };
        self.file.notes.push(Note::new(line.number, text, why));
        self.record = Record::Other(why);
        Ok(())
    }

    /// The place of a new group.
    fn group(&mut self, line: usize, name: &str) -> Result<usize, String> {
        let at = self.file.groups.len();
        if self.places.insert(name.to_owned(), at).is_some() {
            return Err(format!("hostgroup {name}: given twice, or behind its watch"));
        }
        self.file.groups.push(Group::new(line, name));
        Ok(at)
    }

    fn hosts(&mut self, at: usize, line: usize, hosts: &str) {
        let hosts = hosts.split_whitespace().map(|host| (line, host.to_owned()));
        self.file.groups.get_mut(at).into_iter().for_each(|group| group.hosts.extend(hosts.clone()));
    }

    fn watch(&mut self, line: &Line, rest: &str) -> Result<(), String> {
        let tag = rest.split_whitespace().next().unwrap_or_default();
        if !is_tag(tag) {
            return Err(format!("watch {tag:?}: expected a name of A-Z a-z 0-9 . _ -"));
        }
        let at = match self.places.get(tag) {
            Some(at) => *at,
            None => {
                // To mon it is a group with itself as its only host.
                let at = self.group(line.number, tag)?;
                self.hosts(at, line.number, tag);
                at
            }
        };
        let Some(group) = self.file.groups.get_mut(at) else { return Ok(()) };
        if group.watched.replace(line.number).is_some() {
            return Err(format!("watch {tag}: given twice"));
        }
        self.record = Record::Watch(at);
        Ok(())
    }

    /// A line of a watch.
    fn of_watch(&mut self, line: &Line, at: usize) -> Result<(), String> {
        let behavior = self.behavior.clone();
        let Some(group) = self.file.groups.get_mut(at) else { return Ok(()) };
        let (word, arguments) = keyword(&line.text);
        if word == "service" {
            if !is_tag(arguments) {
                return Err(format!("service {arguments:?}: expected a name of A-Z a-z 0-9 . _ -"));
            }
            if !self.services.insert((at, arguments.to_owned())) {
                return Err(format!("service {arguments}: given twice"));
            }
            group.services.push(Service::new(line.number, arguments, &behavior));
            return Ok(());
        }
        let Some(service) = group.services.last_mut() else {
            return Err(format!("{:?}: expected a service of the watch first", line.text));
        };
        if let Some((name, value)) = line.text.split_once('=')
            && is_variable(name)
        {
            service.variables.push((line.number, name.to_owned(), value.to_owned()));
            service.lines.push(Given { line: line.number, text: line.text.clone() });
            return Ok(());
        }
        let given = Given { line: line.number, text: line.text.clone() };
        if word == "period" {
            let text = without_label(arguments);
            times(text)?;
            let mut period = Period::new(line.number, text);
            period.lines.push(given);
            service.periods.push(period);
            return Ok(());
        }
        match service.periods.last_mut() {
            Some(period) => {
                if OF_PERIOD_ONCE.contains(&word) {
                    replaced(&period.lines, word, line.number, &mut period.notes);
                }
                period.lines.push(given);
                of_period(period, line, word, arguments)
            }
            None => {
                if OF_SERVICE_ONCE.contains(&word) {
                    replaced(&service.lines, word, line.number, &mut service.notes);
                }
                service.lines.push(given);
                of_service(service, line, word, arguments)
            }
        }
    }

    /// A variable at the top of the file.
    fn variable(&mut self, line: &Line, name: &str, value: &str) -> Result<(), String> {
        let whole = |value: &str, base: &str| {
            let whole =
                |dir: &str| if dir.starts_with('/') { dir.to_owned() } else { format!("{base}/{dir}") };
            value.split(':').map(|dir| whole(dir.trim())).collect::<Vec<_>>().join(":")
        };
        let why = match name {
            "basedir" => {
                self.base = value.to_owned();
                "commands without a slash are looked for where watch.toml(5) says"
            }
            "mondir" => {
                let folders = whole(value, &self.base);
                let why = where_they_are(&folders);
                self.file.monitors = Some(folders);
                why
            }
            "alertdir" => {
                let folders = whole(value, &self.base);
                let why = where_they_are(&folders);
                self.file.alerts = Some(folders);
                why
            }
            "dep_behavior" => {
                if !["a", "m", "hm"].contains(&value) {
                    return Err(format!("dep_behavior {value:?}: expected a, m or hm"));
                }
                self.behavior = value.to_owned();
                "what depends holds back alerts"
            }
            "exclude_period" => {
                times(value)?;
                if let Some((before, period)) = self.file.exclude.replace((line.number, value.to_owned())) {
                    let why = format!("line {} has it again, and the last one counts", line.number);
                    self.file.notes.push(Note::new(before, &format!("exclude_period = {period}"), why));
                }
                return Ok(());
            }
            "maxprocs" => "at most 64 programs run at once",
            "histlength" | "historicfile" | "historictime" => "the journal keeps what happened",
            "dtlogging" | "dtlogfile" => "oco fleet availability reckons it from the journal",
            "randstart" => "starts are spread by themselves",
            "serverbind" | "serverport" | "clientallow" | "cltimeout" => {
                "oco fleet speaks by a socket of this host"
            }
            "trapbind" | "trapport" => "results come by oco fleet report",
            "authfile" | "authtype" | "userfile" | "pamservice" => "control-group says who may act",
            "statedir" | "logdir" | "cfbasedir" => "state-dir holds all that is kept",
            "pidfile" => "the service manager knows it",
            "monerrfile" | "syslog_facility" => "the log is standard error",
            "dep_memory" => "alerts go on as soon as what it depends on is up",
            "dep_recur_limit" => "only what stands in depends holds back alerts",
            "unack_summary" => "an acknowledgement always ends when another host fails",
            "startupalerts_on_reset" | "monremote" => "it has no counterpart",
            _ => "it is no variable of mon 1.3",
        };
        self.file.notes.push(Note::new(line.number, &line.text, why));
        Ok(())
    }
}

/// What becomes of the folders of programs.
fn where_they_are(folders: &str) -> &'static str {
    match folders.contains(':') {
        true => "programs without a slash are looked for where watch.toml(5) says",
        false => "programs are looked for there",
    }
}

/// A period without the label before it.
fn without_label(arguments: &str) -> &str {
    let (word, rest) = keyword(arguments);
    let is_label = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    rest.strip_prefix(':').filter(|_| is_label).unwrap_or(arguments).trim()
}

fn time(word: &str, text: &str) -> Result<Duration, String> {
    length(text).ok_or_else(|| format!("{word} {text:?}: {EXPECTED_TIME}"))
}

/// A line of a service, before its first period.
fn of_service(service: &mut Service, line: &Line, word: &str, arguments: &str) -> Result<(), String> {
    let number = line.number;
    let of_line = || Some((number, arguments.to_owned()));
    let why = match word {
        "interval" => {
            service.interval = Some((number, time(word, arguments)?));
            return Ok(());
        }
        "traptimeout" => {
            service.trap_timeout = Some((number, time(word, arguments)?));
            return Ok(());
        }
        "monitor" => {
            service.monitor = of_line().filter(|_| !arguments.is_empty());
            return Ok(());
        }
        "description" => {
            service.description = of_line();
            return Ok(());
        }
        "exclude_hosts" => {
            service.exclude_hosts = Some((number, arguments.split_whitespace().map(str::to_owned).collect()));
            return Ok(());
        }
        "exclude_period" => {
            times(arguments)?;
            service.exclude_period = of_line();
            return Ok(());
        }
        "depend" => {
            service.depend = of_line();
            return Ok(());
        }
        "alertdepend" => {
            service.alert_depend = of_line();
            return Ok(());
        }
        "monitordepend" => {
            service.monitor_depend = of_line();
            return Ok(());
        }
        "dep_behavior" => {
            if !["a", "m", "hm"].contains(&arguments) {
                return Err(format!("dep_behavior {arguments:?}: expected a, m or hm"));
            }
            service.behavior = arguments.to_owned();
            "what depends holds back alerts"
        }
        "hostdepend" => "a dependency is of a whole service; nothing is held back",
        "failure_interval" => "what fails is probed as often as what does not",
        "randskew" => "starts are spread by themselves",
        "trapduration" => "what was reported stays until the next report",
        "allow_empty_group" => "a group without hosts runs nothing",
        "dep_memory" => "alerts go on as soon as what it depends on is up",
        "redistribute" => "no program hears of each result; the journal and metrics have them",
        "unack_summary" => "an acknowledgement always ends when another host fails",
        _ => "it is no word of mon 1.3",
    };
    service.notes.push(Note::new(number, &line.text, why));
    Ok(())
}

/// A line of a period.
fn of_period(period: &mut Period, line: &Line, word: &str, arguments: &str) -> Result<(), String> {
    let mut note = |why: &str| period.notes.push(Note::new(line.number, &line.text, why));
    let number = |text: &str| {
        let is_number = text.bytes().all(|octet| octet.is_ascii_digit());
        text.parse::<u32>().ok().filter(|_| is_number)
    };
    match word {
        "alert" => period.alerts.push((line.number, arguments.to_owned())),
        "upalert" => period.upalerts.push((line.number, arguments.to_owned())),
        "alertevery" => {
            let (text, how) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
            let how = how.trim().to_ascii_lowercase();
            let on_change = match how.as_str() {
                "" | "summary" => true,
                "strict" | "ignore_summary" => false,
                "observe_detail" => {
                    note("another list of failed hosts is told at once, another reason is not");
                    true
                }
                _ => {
                    return Err(format!(
                        "alertevery {arguments:?}: expected a time, and strict, observe_detail, ignore_summary or nothing"
                    ));
                }
            };
            period.every = Some(Every { length: time(word, text)?, on_change });
        }
        "alertafter" => {
            let words: Vec<&str> = arguments.split_whitespace().collect();
            let what = || format!("alertafter {arguments:?}: expected a number of failures, a time, or both");
            let after = match words.as_slice() {
                [count] if number(count) == Some(0) => {
                    note("none, as if it were not there");
                    None
                }
                [count] if number(count).is_some() => number(count).map(After::Failures),
                [text] => Some(After::Time(length(text).ok_or_else(what)?)),
                [count, text] => {
                    length(text).ok_or_else(what)?;
                    note("so many failures count in a row, however long that takes");
                    number(count).filter(|count| *count > 0).map(After::Failures).ok_or_else(what)?.into()
                }
                _ => return Err(what()),
            };
            // Mon keeps a number and a time, and where it has both the number counts.
            match (period.after, after) {
                (Some(After::Failures(_)), Some(After::Time(_))) => {
                    note("a number of failures counts before a time");
                }
                (Some(After::Time(_)), Some(After::Failures(_))) => {
                    let of_time =
                        period.lines.iter().rev().skip(1).find(|given| keyword(&given.text).0 == word);
                    let why = format!("a number of failures counts before a time: line {}", line.number);
                    period.notes.extend(of_time.map(|given| Note::new(given.line, &given.text, why)));
                    period.after = after;
                }
                _ => {
                    let before = period.lines.split_last().map_or(&[][..], |(_, before)| before);
                    replaced(before, word, line.number, &mut period.notes);
                    period.after = after;
                }
            }
        }
        "numalerts" => {
            let limit =
                number(arguments).ok_or_else(|| format!("numalerts {arguments:?}: expected a number"))?;
            if limit == 0 {
                note("none, as if it were not there");
            }
            period.limit = Some(limit).filter(|limit| *limit > 0);
        }
        "no_comp_alerts" => note("a recovery goes to whom the failure was told, and to nobody else"),
        "upalertafter" => note("a recovery is told however short the failure was"),
        "alerts_dont_count" => note("alerts that were sent count for limit"),
        "alertexitrange" => note("alerts are sent whatever the monitor's exit status is"),
        "startupalert" => note("nobody is told of a start"),
        "ackalert" => note("nobody is told of an acknowledgement; the journal has it"),
        "disablealert" => note("nobody is told of a mute; the journal has it"),
        _ => note("it is no word of mon 1.3 in a period"),
    }
    Ok(())
}
