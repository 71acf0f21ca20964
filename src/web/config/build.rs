//! Makes settings of a file: what its keys mean together. Each fault names the place of what is to be changed.

use super::file::{File, Net, PageSection, Place, ReadBy, ReportSection, private};
use super::{AcceptNew, Access, Listen, PublicPage, Push, ReportPlan, Role, SentTo, Settings, TlsFiles};
use crate::limits::LISTENERS;
use crate::report::Format;
use oco::config::culprit::{Culprit, wrong};
use oco::logic::control::SOCKET;
use oco::logic::network::Network;
use oco_fleet::object::Pattern;
use oco_fleet::value::{Name, Names};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use toml::Spanned;

const PORT: u16 = 7980;
const TITLE: &str = "OCO";
const JOURNAL: &str = "/var/lib/oco-watch/fleet.db";
const STATE_DIR: &str = "/var/lib/oco-board";
const GROUP: &str = "push";
const NEW_A_MINUTE: u32 = 60;
const PAGE_DAYS: u32 = 90;

/// The settings that a file means.
pub(super) fn build(file: File) -> Result<Settings, Culprit> {
    let proxies = networks(file.access.proxies);
    let is_protected = file.tls.is_some() || !proxies.is_empty() || file.insecure;
    let networks = match file.access.networks {
        None => None,
        Some(list) if list.get_ref().is_empty() => {
            let what = "the list is empty, so nobody could connect; expected networks as \"192.0.2.0/24\"";
            return Err(wrong(&list, what));
        }
        Some(list) => Some(networks(list.into_inner())),
    };
    Ok(Settings {
        listen: listen(file.listen, is_protected)?,
        tls: file.tls.map(|tls| TlsFiles { certificate: tls.certificate.0, key: tls.key.0 }),
        base_url: file.base_url.map(|url| url.0),
        title: file.title.map_or_else(|| TITLE.to_owned(), |title| title.0),
        time_zone: file.time_zone.map(|zone| zone.0),
        control: file.control.map_or_else(|| PathBuf::from(SOCKET), |path| path.0),
        journal: file.journal.map_or_else(|| PathBuf::from(JOURNAL), |path| path.0),
        state_dir: file.state_dir.map_or_else(|| PathBuf::from(STATE_DIR), |path| path.0),
        user: file.user.map(|word| word.0),
        fonts: file.fonts.into_iter().map(|path| path.0).collect(),
        access: Access {
            only_users: file.access.read == ReadBy::Users,
            networks,
            proxies,
            proxy_role: file.access.proxy_role.map_or(Role::Read, Role::from),
        },
        push: Push {
            accept_new: file
                .push
                .accept_new
                .map_or_else(|| AcceptNew::From(private().collect()), |given| given.0),
            group: file.push.group.map_or_else(|| GROUP.to_owned(), |name| name.0),
            new_a_minute: file.push.new_a_minute.map_or(NEW_A_MINUTE, |number| number.0),
        },
        pages: pages(file.page)?,
        reports: reports(file.report)?,
    })
}

fn networks(list: Vec<Net>) -> Vec<Network> {
    list.into_iter().map(|network| network.0).collect()
}

fn listen(given: Option<Spanned<Vec<Spanned<Place>>>>, is_protected: bool) -> Result<Vec<Listen>, Culprit> {
    let Some(given) = given else {
        return Ok(vec![Listen::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)))]);
    };
    if given.get_ref().is_empty() {
        return Err(wrong(&given, "the list is empty; expected addresses as \"127.0.0.1:7980\""));
    }
    if given.get_ref().len() > LISTENERS {
        return Err(wrong(&given, format!("too many listeners; expected at most {LISTENERS}")));
    }
    let mut places: Vec<Listen> = Vec::new();
    for place in given.into_inner() {
        let listen = &place.get_ref().0;
        let is_free_port = matches!(listen, Listen::Tcp(address) if address.port() == 0);
        if places.contains(listen) && !is_free_port {
            return Err(wrong(&place, format!("{listen}: given twice")));
        }
        if let Listen::Tcp(address) = listen
            && !is_loopback(address.ip())
            && !is_protected
        {
            let what = format!(
                "{address}: more than this host could connect, and read keys and tokens on the way; expected tls, \
                 proxies in [access], or insecure = true"
            );
            return Err(wrong(&place, what));
        }
        places.push(place.into_inner().0);
    }
    Ok(places)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn pages(sections: Vec<PageSection>) -> Result<Vec<PublicPage>, Culprit> {
    let mut pages: Vec<PublicPage> = Vec::new();
    for section in sections {
        let name = unique(section.name, pages.iter().map(|page| page.name.as_str()))?;
        let days = section.days.map_or(PAGE_DAYS, |days| days.0);
        pages.push(PublicPage { name, of: patterns(section.of)?, days });
    }
    Ok(pages)
}

fn reports(sections: Vec<Spanned<ReportSection>>) -> Result<Vec<ReportPlan>, Culprit> {
    let mut reports: Vec<ReportPlan> = Vec::new();
    for section in sections {
        let at_section = wrong(&section, "expected mail = [\"boss@example.org\"] or dir = \"/srv/reports\"");
        let section = section.into_inner();
        let name = unique(section.name, reports.iter().map(|report| report.name.as_str()))?;
        let formats = match section.formats {
            None => vec![Format::Pdf],
            Some(formats) if formats.get_ref().is_empty() => {
                return Err(wrong(&formats, "the list is empty; expected formats as \"pdf\""));
            }
            Some(formats) => formats.into_inner(),
        };
        let to = match (section.mail, section.dir) {
            (Some(mail), None) if mail.get_ref().is_empty() => {
                return Err(wrong(&mail, "the list is empty; expected addresses as \"boss@example.org\""));
            }
            (Some(mail), None) => {
                SentTo::Mail(mail.into_inner().into_iter().map(|address| address.0).collect())
            }
            (None, Some(dir)) => SentTo::Directory(dir.0),
            (Some(mail), Some(_)) => return Err(wrong(&mail, "both mail and dir; expected one of them")),
            (None, None) => return Err(at_section),
        };
        reports.push(ReportPlan { name, of: patterns(section.of)?, every: section.every, formats, to });
    }
    Ok(reports)
}

/// A name that none of `others` is.
fn unique<'a>(name: Spanned<Name>, mut others: impl Iterator<Item = &'a str>) -> Result<String, Culprit> {
    match others.any(|other| other == name.get_ref().0) {
        true => Err(wrong(&name, format!("{:?}: given twice", name.get_ref().0))),
        false => Ok(name.into_inner().0),
    }
}

fn patterns(list: Spanned<Vec<Names>>) -> Result<Vec<Pattern>, Culprit> {
    match list.get_ref().is_empty() {
        true => Err(wrong(&list, "the list is empty; expected names as \"node:shop\"")),
        false => Ok(list.into_inner().into_iter().map(|names| names.0).collect()),
    }
}
