//! The format of the file: its sections and keys, and what each may hold. What they mean together is `build`'s.

use super::{AcceptNew, Every, Listen, Role};
use crate::limits::{MOST_NEW_A_MINUTE, PUBLIC_DAYS, SOCKET_PATH_OCTETS, TITLE_OCTETS};
use crate::report::{Format, check_address};
use oco::config::parse_address;
use oco::logic::network::Network;
use oco::logic::url;
use oco_fleet::object::check_part;
use oco_fleet::text_values;
use oco_fleet::value::{FilePath, Name, Names, Number, Word, Zone, path};
use serde::de::{self, Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use std::fmt;
use std::path::PathBuf;
use toml::Spanned;

/// Where the file has tables.
pub(super) const TABLES: [&str; 5] = ["tls", "access", "push", "page[]", "report[]"];

/// The whole file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub listen: Option<Spanned<Vec<Spanned<Place>>>>,
    pub tls: Option<TlsSection>,
    #[serde(default)]
    pub insecure: bool,
    pub base_url: Option<Url>,
    pub title: Option<Title>,
    pub time_zone: Option<Zone>,
    pub control: Option<ControlPath>,
    pub journal: Option<FilePath>,
    pub state_dir: Option<FilePath>,
    pub user: Option<Word>,
    #[serde(default)]
    pub fonts: Vec<FilePath>,
    #[serde(default)]
    pub access: AccessSection,
    #[serde(default)]
    pub push: PushSection,
    #[serde(default)]
    pub page: Vec<PageSection>,
    #[serde(default)]
    pub report: Vec<Spanned<ReportSection>>,
}

/// `tls`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, as { certificate = \"FILE\", key = \"FILE\" }")]
pub(super) struct TlsSection {
    pub certificate: FilePath,
    pub key: FilePath,
}

/// `[access]`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [access]")]
pub(super) struct AccessSection {
    #[serde(default)]
    pub read: ReadBy,
    pub networks: Option<Spanned<Vec<Net>>>,
    #[serde(default)]
    pub proxies: Vec<Net>,
    pub proxy_role: Option<RoleWord>,
}

/// Who may see.
#[derive(Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReadBy {
    #[default]
    All,
    Users,
}

/// What somebody may whom a proxy names.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RoleWord {
    Read,
    Act,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Role {
        match word {
            RoleWord::Read => Role::Read,
            RoleWord::Act => Role::Act,
        }
    }
}

/// `[push]`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [push]")]
pub(super) struct PushSection {
    pub accept_new: Option<FromWhere>,
    pub group: Option<GroupName>,
    pub new_a_minute: Option<Number<1, MOST_NEW_A_MINUTE>>,
}

/// `[[page]]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section in double brackets, as [[page]]")]
pub(super) struct PageSection {
    pub name: Spanned<Name>,
    pub of: Spanned<Vec<Names>>,
    pub days: Option<Number<1, PUBLIC_DAYS>>,
}

/// `[[report]]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section in double brackets, as [[report]]")]
pub(super) struct ReportSection {
    pub name: Spanned<Name>,
    pub of: Spanned<Vec<Names>>,
    pub every: Every,
    pub formats: Option<Spanned<Vec<Format>>>,
    pub mail: Option<Spanned<Vec<MailAddress>>>,
    pub dir: Option<FilePath>,
}

text_values! {
    /// Where to listen.
    pub(super) Place(Listen) = place;
    /// A network.
    pub(super) Net(Network) = network;
    /// A text for people.
    pub(super) Title(String) = title;
    /// Where something speaks HTTP, without a slash at its end.
    pub(super) Url(String) = url;
    /// An address for mail.
    pub(super) MailAddress(String) = mail_address;
    /// The path of the control socket of ocowatch.
    pub(super) ControlPath(PathBuf) = control;
    /// The group of what is new.
    pub(super) GroupName(String) = group;
}

fn place(text: &str) -> Result<Listen, String> {
    let Some(path) = text.strip_prefix("unix:") else { return parse_address(text).map(Listen::Tcp) };
    if !path.starts_with('/') || path.ends_with('/') || path.contains('\0') {
        return Err(format!("{text:?}: expected unix: and a path that begins with /"));
    }
    match path.len() <= SOCKET_PATH_OCTETS {
        true => Ok(Listen::Unix(PathBuf::from(path))),
        false => {
            Err(format!("{text:?}: too long for a socket; expected at most {SOCKET_PATH_OCTETS} octets"))
        }
    }
}

fn control(text: &str) -> Result<PathBuf, String> {
    let control = path(text)?;
    match text.len() <= SOCKET_PATH_OCTETS {
        true => Ok(control),
        false => {
            Err(format!("{text:?}: too long for a socket; expected at most {SOCKET_PATH_OCTETS} octets"))
        }
    }
}

fn group(text: &str) -> Result<String, String> {
    match text {
        // As ocowatch has it.
        "node" | "slo" => Err(format!("{text:?}: that name stands for {text}:NAME; expected another one")),
        text => check_part(text).map(|()| text.to_owned()).map_err(|why| format!("{text:?}: {why}")),
    }
}

fn network(text: &str) -> Result<Network, String> {
    Network::parse(text).map_err(|why| format!("{text:?}: {why}; expected a network as 192.0.2.0/24"))
}

fn title(text: &str) -> Result<String, String> {
    let is_good =
        !text.trim().is_empty() && text.len() <= TITLE_OCTETS && !text.chars().any(char::is_control);
    match is_good {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?}: expected a text of one line, of at most {TITLE_OCTETS} octets")),
    }
}

fn url(text: &str) -> Result<String, String> {
    let url = url::parse(text)?;
    let wrong = |why: &str| Err(format!("{text:?}: {why}; expected a URL as https://board.example.org"));
    // It goes into mails and pages.
    if url.contains(['"', '<', '>']) {
        return wrong("it holds a character that does not belong there");
    }
    // The paths of pushers are at the root, and so are all others.
    match url.split_once("://").is_some_and(|(_, rest)| rest.contains('/')) {
        true => wrong("the board is at the root of its host"),
        false => Ok(url),
    }
}

fn mail_address(text: &str) -> Result<String, String> {
    check_address(text).map(|()| text.to_owned())
}

/// `accept-new`: true, false, or a list of networks, of which `private` stands for several.
#[derive(Debug)]
pub(super) struct FromWhere(pub AcceptNew);

/// Networks that no stranger comes from: loopback, RFC 1918, link-local, unique local.
const PRIVATE: [&str; 8] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "::1",
    "fc00::/7",
    "fe80::/10",
];

/// What `private` stands for.
pub(super) fn private() -> impl Iterator<Item = Network> {
    PRIVATE.iter().filter_map(|text| Network::parse(text).ok())
}

impl<'de> Deserialize<'de> for FromWhere {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FromWhere, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = FromWhere;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or a list as [\"private\", \"192.0.2.0/24\"]")
            }

            fn visit_bool<E: de::Error>(self, everywhere: bool) -> Result<FromWhere, E> {
                Ok(FromWhere(if everywhere { AcceptNew::Everywhere } else { AcceptNew::Nowhere }))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<FromWhere, A::Error> {
                let mut networks = Vec::new();
                while let Some(text) = items.next_element::<String>()? {
                    match text.as_str() {
                        "private" => networks.extend(private()),
                        text => networks.push(network(text).map_err(A::Error::custom)?),
                    }
                }
                match networks.is_empty() {
                    false => Ok(FromWhere(AcceptNew::From(networks))),
                    true => Err(A::Error::custom("the list is empty; expected false to take in nobody")),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}
