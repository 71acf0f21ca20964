//! What the process gives up once it has begun: files that it does not need, and running programs itself.
//!
//! Names are looked up and certificates are read by libraries, which read below /etc, /usr, /lib and /run.

use crate::arguments::Arguments;
use crate::config::Settings;
use oco::system::sandbox::{AllowedFiles, confine_files};
use std::path::{Path, PathBuf};

/// Where libraries read: resolv.conf, hosts, certificates of authorities, time zones, modules of the name service.
const READ_BY_LIBRARIES: [&str; 9] = [
    "/etc",
    "/usr",
    "/lib",
    "/lib64",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/nscd",
    "/dev/urandom",
    "/proc/self",
];

/// Confines this thread and those that it starts. Returns what the kernel can't do.
pub fn confine(settings: &Settings, arguments: &Arguments) -> Vec<String> {
    let mut readable: Vec<PathBuf> = READ_BY_LIBRARIES.iter().map(PathBuf::from).collect();
    readable.extend(folder_of(&arguments.config));
    readable.extend(settings.verified().filter_map(|tls| folder_of(tls.ca.as_ref()?)));
    let mut writable = vec![settings.state_dir.clone()];
    writable.extend(folder_of(&settings.control));
    writable.extend(settings.publish.clone());
    // The key is made on first use.
    writable.extend(settings.forward.as_ref().and_then(|forward| folder_of(&forward.key_file)));
    // A temporary file of SQLite, where it needs one.
    writable.push(std::env::temp_dir());
    readable.retain(|path| path.exists());
    writable.retain(|path| path.exists());
    confine_files(&AllowedFiles { readable, writable })
}

/// The folder of a file: a file that is replaced is another one, but its folder stays.
fn folder_of(path: impl AsRef<Path>) -> Option<PathBuf> {
    let parent = path.as_ref().parent()?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}
