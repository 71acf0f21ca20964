//! Who reads the status files in the daemon, and what he can't read though we can. By the mode bits alone: an access
//! control list may say otherwise, so what is said here is said with a "may".

use crate::config::Settings;
use crate::system::user;
use nix::unistd::{User, geteuid, getgrouplist};
use std::ffi::CString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// As whom the directory is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// The same user as ours.
    Us,
    /// This one, who has these groups.
    User { name: String, id: u32, groups: Vec<u32> },
    /// Somebody else than root, as the daemon does not need to be root.
    Anybody,
}

/// Mode bits of one class of users.
const READ: u32 = 0o4;
const SEARCH: u32 = 0o1;

impl Reader {
    /// The user of `settings`; where they name none, root alone expects another one than himself.
    pub fn of(settings: &Settings) -> Reader {
        let found = settings.user.as_deref().and_then(|name| user::find(name).ok());
        match found {
            Some(user) if user.uid == geteuid() => Reader::Us,
            Some(user) => Reader::user(user),
            None if user::is_root() => Reader::Anybody,
            None => Reader::Us,
        }
    }

    fn user(user: User) -> Reader {
        let groups =
            CString::new(user.name.as_str()).ok().and_then(|name| getgrouplist(&name, user.gid).ok());
        let groups = groups.unwrap_or_else(|| vec![user.gid]);
        let groups = groups.into_iter().map(|group| group.as_raw()).collect();
        Reader::User { name: user.name, id: user.uid.as_raw(), groups }
    }

    /// Why he may not come to the files in `directory`, if so.
    pub fn kept_out_of(&self, directory: &Path) -> Option<String> {
        let real = std::fs::canonicalize(directory).ok()?;
        real.ancestors().enumerate().find_map(|(depth, folder)| {
            let metadata = std::fs::metadata(folder).ok()?;
            let needed = if depth == 0 { READ | SEARCH } else { SEARCH };
            let who = self.kept_from(&metadata, needed)?;
            let mode = metadata.mode() & 0o7777;
            Some(format!(
                "directory {}: its mode {mode:04o} keeps {who} out: ocod may answer 300-oco",
                folder.display()
            ))
        })
    }

    /// Why he may not be able to read the check `name` in `directory`, if so.
    pub fn kept_from_file(&self, directory: &Path, name: &str) -> Option<String> {
        let metadata = std::fs::symlink_metadata(directory.join(name)).ok()?;
        let who = self.kept_from(&metadata, READ)?;
        let mode = metadata.mode() & 0o7777;
        Some(format!("{name}: its mode {mode:04o} keeps {who} from reading it: ocod may rate it 300"))
    }

    /// Whom the mode keeps from what is `needed`, if it does.
    fn kept_from(&self, metadata: &Metadata, needed: u32) -> Option<String> {
        let (mode, owner, group) = (metadata.mode(), metadata.uid(), metadata.gid());
        let (bits, who) = match self {
            Reader::Us => return None,
            Reader::User { id: 0, .. } => return None,
            Reader::User { name, id, .. } if owner == *id => (mode >> 6, format!("the user {name}")),
            Reader::User { name, groups, .. } if groups.contains(&group) => {
                (mode >> 3, format!("the user {name}"))
            }
            Reader::User { name, .. } => (mode, format!("the user {name}")),
            Reader::Anybody => (mode, "others".to_owned()),
        };
        (bits & needed != needed).then_some(who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_first_class_that_fits_decides() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let own = metadata(file.path()).unwrap();
        let user = |id, groups| Reader::User { name: "x".to_owned(), id, groups };
        let stranger = own.uid() + 1;
        let kept = |reader: &Reader, mode| {
            set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
            reader.kept_from(&metadata(file.path()).unwrap(), READ).is_some()
        };
        let (owner, member) = (user(own.uid().max(1), vec![]), user(stranger, vec![own.gid()]));
        let other = user(stranger, vec![own.gid() + 1]);
        if own.uid() > 0 {
            assert!(!kept(&owner, 0o400) && kept(&owner, 0o077));
        }
        assert!(!kept(&member, 0o040) && kept(&member, 0o704));
        assert!(!kept(&other, 0o004) && kept(&other, 0o770));
        assert!(!kept(&Reader::Anybody, 0o004) && kept(&Reader::Anybody, 0o660));
        assert!(!kept(&Reader::Us, 0) && !kept(&user(0, vec![]), 0));
    }
}
