//! What is probed of a real server, and how: `checktype` and `service`.
//!
//! What ocowatch speaks itself it probes itself. For what it does not speak there are the plugins that Debian has in
//! monitoring-plugins; for the rest it is seen whether the server answers at all, and a note says so.

use super::super::document::{Note, command, quoted};
use super::expression::{is_literal, taken};
use super::reader::{Bad, Setting, Settings};
use super::server::unbracketed;
use crate::logic::endpoint::is_dns_name;

/// Octets of a path, and of what is sent, that ocowatch takes.
const PATH_OCTETS: usize = 2048;
const SENT_OCTETS: usize = 1024;

/// The protocol of a virtual service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Tcp,
    Udp,
    Mark,
}

/// Which port is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckPort {
    /// The same of all servers.
    One(u16),
    /// Each host has its own, and where it has none, the usual one.
    Each { usual: u16 },
    /// Nobody knows.
    Unknown,
}

/// What the check is of.
pub(super) struct Checked<'a> {
    pub settings: &'a Settings,
    /// The line of the virtual service.
    pub line: usize,
    pub protocol: Protocol,
    pub port: CheckPort,
    /// Of the virtual service, for external checks.
    pub address: String,
    pub virtual_port: u16,
    /// What is asked for, and what has to come; as each server's line has them, else as the service has them.
    pub request: Option<String>,
    pub receive: Option<String>,
    pub notes: Vec<Note>,
}

/// A probe, written.
pub(super) struct Check {
    /// What the service is called.
    pub name: String,
    pub probe: String,
    /// Whether `negotiatetimeout` comes first.
    pub is_negotiated: bool,
    pub notes: Vec<Note>,
}

/// The probe. None: nothing is to be activated.
pub(super) fn check(mut checked: Checked<'_>) -> Result<Option<Check>, Bad> {
    let kind = checked.settings.get("checktype");
    let word = kind.map_or("negotiate", |kind| kind.value.as_str());
    let is_asked = word == "negotiate" || word.bytes().all(|octet| octet.is_ascii_digit());
    if !is_asked {
        checked.unused("with that checktype nothing is asked for");
        checked.note("service", "with that checktype nothing is asked for");
    }
    if !word.starts_with("external") {
        checked.note("checkcommand", "with that checktype it is not run");
    }
    if matches!(word, "on" | "ping") {
        checked.note("checkport", "with that checktype there is no port");
    }
    let (name, probe, is_negotiated) = match word {
        "off" => return Ok(None),
        "on" => ("on".to_owned(), exec(&["true"]), false),
        "ping" => ("ping".to_owned(), quoted("ping"), false),
        "connect" => ("connect".to_owned(), checked.connect(), false),
        "external" | "external-perl" => ("external".to_owned(), checked.external(), false),
        "negotiate" => checked.negotiate()?,
        number if !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_digit()) => {
            checked.note("checktype", "it is negotiated each time");
            checked.negotiate()?
        }
        _ => {
            let expected = "connect, external, external-perl, negotiate, off, on, ping or a number";
            return kind.map_or(Ok(None), |kind| Err(kind.bad(expected)));
        }
    };
    Ok(Some(Check { name, probe, is_negotiated, notes: checked.notes }))
}

/// The service that is checked where the file has none.
fn usual_service(port: u16) -> &'static str {
    match port {
        21 => "ftp",
        25 => "smtp",
        53 => "dns",
        80 => "http",
        110 => "pop",
        119 => "nntp",
        143 => "imap",
        389 => "ldap",
        443 => "https",
        587 => "submission",
        636 => "ldaps",
        993 => "imaps",
        995 => "pops",
        1521 => "oracle",
        1812 => "radius",
        3128 => "http_proxy",
        3306 => "mysql",
        5060 => "sip",
        5432 => "pgsql",
        _ => "none",
    }
}

fn exec(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    format!("{{ exec = {} }}", command(&words))
}

impl Checked<'_> {
    /// What of the settings the check has no use for.
    fn note(&mut self, key: &str, why: &str) {
        self.notes.extend(self.settings.get(key).map(|setting| setting.note(why)));
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.settings
            .get(key)
            .map(|setting: &Setting| setting.value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// `port = 80`, if it is one.
    fn with_port(&self, mut keys: Vec<String>) -> String {
        if let CheckPort::One(port) = self.port {
            keys.push(format!("port = {port}"));
        }
        format!("{{ {} }}", keys.join(", "))
    }

    fn connect(&mut self) -> String {
        match (self.protocol, self.port) {
            // As ldirectord has it.
            (Protocol::Udp, _) => quoted("ping"),
            (Protocol::Tcp | Protocol::Mark, CheckPort::Unknown) => self.without_port(),
            (Protocol::Tcp | Protocol::Mark, CheckPort::One(_) | CheckPort::Each { .. }) => {
                self.with_port(vec!["tcp = true".to_owned()])
            }
        }
    }

    fn without_port(&mut self) -> String {
        let why = "nobody knows a port to connect to; servers are pinged";
        self.notes.push(Note::new(self.line, "virtual", why));
        quoted("ping")
    }

    /// A command whose exit status is 0 or not; to a plugin 1 would be a warning.
    fn external(&mut self) -> String {
        let program = self.value("checkcommand").unwrap_or("/bin/true").to_owned();
        let script = format!("{program} \"$@\" || exit 2");
        let words = ["sh", "-c", &script, "check", &self.address, &self.virtual_port.to_string()];
        let port = match self.port {
            CheckPort::One(port) => port.to_string(),
            CheckPort::Each { .. } => "{port}".to_owned(),
            CheckPort::Unknown => "0".to_owned(),
        };
        self.plugin(&words.map(str::to_owned), &["{address}", &port])
    }

    /// Words that mean what they say, and words with names in braces.
    fn plugin(&self, words: &[String], named: &[&str]) -> String {
        let written = command(words);
        let named: String = named.iter().map(|word| format!(", {}", quoted(word))).collect();
        let written = written.strip_suffix(']').unwrap_or(&written);
        format!("{{ exec = {written}{named}] }}")
    }

    /// A plugin with the options that each has: the host and its port.
    fn plugin_at(&self, words: &[&str], port_option: &str) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let port = match self.port {
            CheckPort::One(port) => port.to_string(),
            CheckPort::Each { .. } => "{port}".to_owned(),
            CheckPort::Unknown => return self.plugin(&words, &["-H", "{address}"]),
        };
        self.plugin(&words, &["-H", "{address}", port_option, &port])
    }

    fn negotiate(&mut self) -> Result<(String, String, bool), Bad> {
        let usual = if self.protocol == Protocol::Mark { "none" } else { usual_service(self.virtual_port) };
        let service = self.value("service").unwrap_or(usual).to_owned();
        let probe = match service.as_str() {
            "http" | "https" => self.page(service == "https"),
            "smtp" | "submission" | "ftp" => self.banner("^220"),
            "pop" => self.banner(r"^\+OK"),
            "imap" => self.banner(r"^\* OK"),
            "nntp" => self.banner("^2"),
            "imaps" => self.greeting_by_tls("check_imap"),
            "pops" => self.greeting_by_tls("check_pop"),
            "simpletcp" => self.simple(),
            "dns" => self.dns(),
            "ldap" | "ldaps" => self.ldap(service == "ldaps"),
            "mysql" => self.database("check_mysql_query", "-P", "-u", "-p"),
            "pgsql" => self.database("check_pgsql", "-P", "-l", "-p"),
            "none" => {
                self.unused("nothing is checked of it");
                exec(&["true"])
            }
            "http_proxy" | "oracle" | "radius" | "sip" => {
                self.unused("nobody here speaks that; servers that answer at all are up");
                self.note("service", "nobody here speaks that; servers that answer at all are up");
                self.connect()
            }
            _ => {
                let what =
                    format!("service {service:?}: expected one that ldirectord knows, as http or smtp");
                return Err(Bad {
                    line: self.settings.get("service").map_or(self.line, |setting| setting.line),
                    what,
                });
            }
        };
        Ok((service, probe, true))
    }

    /// Notes on what only some services use.
    fn unused(&mut self, why: &str) {
        for key in
            ["request", "receive", "login", "passwd", "database", "secret", "virtualhost", "httpmethod"]
        {
            self.note(key, why);
        }
    }

    fn banner(&mut self, expect: &str) -> String {
        self.unused("the greeting is all that is read");
        self.with_port(vec![format!("banner = {}", quoted(expect))])
    }

    fn greeting_by_tls(&mut self, plugin: &str) -> String {
        self.unused("the greeting is all that is read");
        self.plugin_at(&[plugin, "-S"], "-p")
    }

    /// The expression that has to come, if it can be taken.
    fn expected(&mut self) -> Option<String> {
        let receive = self.receive.clone().filter(|receive| !receive.is_empty())?;
        let expression = taken(&receive);
        if expression.is_none() {
            self.note("receive", "not surely the same to watch.toml(5); give it as expect");
        }
        expression
    }

    fn page(&mut self, is_tls: bool) -> String {
        for key in ["login", "passwd", "database", "secret"] {
            self.note(key, "a page is asked for without it");
        }
        let request = self.request.clone().unwrap_or_default();
        let (path, server) = match request.trim_start_matches('/').strip_prefix("http://") {
            Some(url) => {
                let (server, path) = url.split_once('/').unwrap_or((url, ""));
                self.note("request", "each server itself is asked");
                (format!("/{path}"), server.split(':').next().map(str::to_owned))
            }
            None if request.starts_with('/') => (request.clone(), None),
            None => (format!("/{request}"), None),
        };
        let mut keys = vec![format!("http = {}", quoted(&self.path(&path)))];
        let host = self.value("virtualhost").map(str::to_owned).or(server);
        match host {
            Some(host) if is_dns_name(&host) || unbracketed(&host).is_some() => {
                keys.push(format!("host = {}", quoted(&host)));
            }
            Some(_) => self.note("virtualhost", "no name of a host"),
            None => {}
        }
        let is_head = self.value("httpmethod").is_some_and(|method| method.eq_ignore_ascii_case("HEAD"));
        match is_head {
            true => {
                keys.push("method = \"HEAD\"".to_owned());
                self.note("receive", "to HEAD there comes no text");
            }
            false => keys.extend(self.expected().map(|expect| format!("expect = {}", quoted(&expect)))),
        }
        if is_tls {
            // ldirectord verifies no certificate either.
            keys.push("tls = true, verify = false".to_owned());
        }
        self.with_port(keys)
    }

    /// The path as a probe can ask for it.
    fn path(&mut self, path: &str) -> String {
        let is_plain = |octet: u8| octet.is_ascii_graphic() && octet != b'#';
        let encoded: String = path
            .bytes()
            .map(
                |octet| if is_plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") },
            )
            .collect();
        if encoded.len() > PATH_OCTETS {
            self.note("request", "the path is too long; the root is asked for");
            return "/".to_owned();
        }
        encoded
    }

    fn simple(&mut self) -> String {
        for key in ["login", "passwd", "database", "secret", "virtualhost", "httpmethod"] {
            self.note(key, "simpletcp has no use for it");
        }
        if self.port == CheckPort::Unknown {
            for key in ["request", "receive"] {
                self.note(key, "a ping asks for nothing");
            }
            return self.without_port();
        }
        let request = self.request.clone().unwrap_or_default();
        let request = request.strip_prefix('/').unwrap_or(&request).to_owned();
        let receive = self.receive.clone().unwrap_or_default();
        if self.protocol == Protocol::Udp && request.len() <= SENT_OCTETS {
            let mut keys = vec![format!("udp = {}", quoted(&request.replace("\\n", "\n")))];
            keys.extend(self.expected().map(|expect| format!("expect = {}", quoted(&expect))));
            return self.with_port(keys);
        }
        let mut words = vec!["check_tcp", "-E", "-s", &request];
        match is_literal(&receive) {
            true if !receive.is_empty() => words.extend(["-e", &receive]),
            true => {}
            false => {
                self.note("receive", "check_tcp looks for words, not for an expression; it is not looked for")
            }
        }
        self.plugin_at(&words, "-p")
    }

    fn dns(&mut self) -> String {
        for key in ["login", "passwd", "database", "secret", "virtualhost", "httpmethod"] {
            self.note(key, "dns has no use for it");
        }
        let request = self.request.clone().unwrap_or_default();
        let name = request.trim_start_matches('/').to_owned();
        if name.is_empty() {
            self.note("service", "there is no request; servers are pinged");
            return quoted("ping");
        }
        let mut words = vec!["check_dns".to_owned(), "-H".to_owned(), name];
        match self.receive.clone().filter(|receive| !receive.is_empty()) {
            Some(receive) if receive.parse::<std::net::IpAddr>().is_ok() => {
                words.extend(["-a".to_owned(), receive])
            }
            Some(_) => self.note("receive", "check_dns wants an address; any answer will do"),
            None => {}
        }
        self.plugin(&words, &["-s", "{address}"])
    }

    fn ldap(&mut self, is_tls: bool) -> String {
        self.note("receive", "check_ldap looks for no text");
        for key in ["database", "secret", "virtualhost", "httpmethod"] {
            self.note(key, "ldap has no use for it");
        }
        let base = self.request.clone().unwrap_or_default();
        let base = base.trim_start_matches('/').to_owned();
        let mut words = vec!["check_ldap", "-3", "-b", &base];
        words.extend(is_tls.then_some("-S"));
        let login = self.value("login").unwrap_or_default();
        let password = self.value("passwd").unwrap_or_default();
        if !login.is_empty() {
            words.extend(["-D", login, "-P", password]);
        }
        self.plugin_at(&words, "-p")
    }

    fn database(&mut self, plugin: &str, port: &str, user: &str, password: &str) -> String {
        for key in ["secret", "virtualhost", "httpmethod"] {
            self.note(key, "a database has no use for it");
        }
        self.note("receive", "any answer will do, as to ldirectord");
        let request = self.request.clone().unwrap_or_default();
        let query = request.trim_start_matches('/').to_owned();
        let mut words = vec![plugin];
        let options = [(user, "login"), (password, "passwd"), ("-d", "database")];
        for (option, key) in options {
            words.extend(self.value(key).map(|value| [option, value]).into_iter().flatten());
        }
        if !query.is_empty() {
            words.extend(["-q", &query]);
        }
        self.plugin_at(&words, port)
    }
}
