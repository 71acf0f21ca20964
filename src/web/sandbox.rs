//! What the process gives up once it has begun: files that it does not need, running programs, and connecting to anybody.
//! Who connects to ocowatch for it is [`connector`](crate::control::connector).

use crate::arguments::Arguments;
use crate::config::{Listen, Settings};
use oco::system::sandbox::{AllowedFiles, confine_server};
use std::path::{Path, PathBuf};

/// Where libraries read: time zones, names of users, random numbers.
const READ_BY_LIBRARIES: [&str; 4] = ["/etc/localtime", "/usr/share/zoneinfo", "/dev/urandom", "/proc/self"];

/// Confines this thread and those that it starts. Returns what the kernel can't do.
pub fn confine(settings: &Settings, arguments: &Arguments) -> Vec<String> {
    let mut readable: Vec<PathBuf> = READ_BY_LIBRARIES.iter().map(PathBuf::from).collect();
    // A file that is replaced is another one, but its folder stays.
    readable.extend(folder_of(&arguments.config));
    readable.extend(folder_of(&settings.journal));
    if let Some(files) = &settings.tls {
        readable.extend(folder_of(&files.certificate));
        readable.extend(folder_of(&files.key));
    }
    readable.extend(settings.fonts.iter().cloned());
    let mut writable = vec![settings.state_dir.clone()];
    // The sockets are removed at the end.
    writable.extend(settings.listen.iter().filter_map(|listen| match listen {
        Listen::Tcp(_) => None,
        Listen::Unix(path) => folder_of(path),
    }));
    readable.retain(|path| path.exists());
    writable.retain(|path| path.exists());
    confine_server(&AllowedFiles { readable, writable })
}

fn folder_of(path: impl AsRef<Path>) -> Option<PathBuf> {
    let parent = path.as_ref().parent()?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}
