//! The caller's time zone, by its name: the watcher reads and shows times in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The host's zone, unless `TZ` says otherwise.
const LOCALTIME: &str = "/etc/localtime";
/// Below such a directory the zones are, wherever it is.
const DATABASE: &str = "zoneinfo/";

/// What `TZ` holds, else the name behind `/etc/localtime`. None: the watcher's zone, which is the same host's.
pub fn of_caller() -> Option<String> {
    of(std::env::var_os("TZ"), || std::fs::read_link(LOCALTIME).ok())
}

fn of(variable: Option<OsString>, localtime: impl FnOnce() -> Option<PathBuf>) -> Option<String> {
    match variable {
        // As tzset(3) has it.
        Some(zone) if zone.is_empty() => Some("UTC".to_owned()),
        Some(zone) => zone.into_string().ok(),
        None => localtime().as_deref().and_then(name),
    }
}

/// The name of the zone in the file at `path`.
fn name(path: &Path) -> Option<String> {
    path.to_str()?.split_once(DATABASE).map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_the_variables_or_the_hosts() {
        let paris = || Some(PathBuf::from("../usr/share/zoneinfo/Europe/Paris"));
        let told = |zone: &str| of(Some(zone.into()), paris);
        assert_eq!(told("Asia/Tokyo").as_deref(), Some("Asia/Tokyo"));
        assert_eq!(told(":Asia/Tokyo").as_deref(), Some(":Asia/Tokyo"));
        assert_eq!(told("").as_deref(), Some("UTC"));
        assert_eq!(of(None, paris).as_deref(), Some("Europe/Paris"));
        assert_eq!(of(None, || None), None);
        assert_eq!(of(None, || Some(PathBuf::from("/etc/zone"))), None);
    }
}
