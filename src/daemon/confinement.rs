//! What may be read since the start, and whether that is why a directory can't be.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The folders below which files may be read.
#[derive(Debug)]
pub struct Confinement {
    folders: Vec<Folder>,
}

/// Of the same name, another folder is another one.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Device and inode; none: it could not be looked at.
    id: Option<(u64, u64)>,
}

impl Confinement {
    /// Of these folders, as they are now.
    pub fn of(folders: &[PathBuf]) -> Confinement {
        let folder = |path: &PathBuf| Folder { path: path.clone(), id: id(path) };
        Confinement { folders: folders.iter().map(folder).collect() }
    }

    /// What to add where this directory may not be read; none: its permissions are why.
    pub fn hint(&self, directory: &Path) -> Option<String> {
        // Names may still be followed. Where that is denied, permissions are why.
        let real = std::fs::canonicalize(directory).ok()?;
        let is_there = |folder: &Folder| folder.id.is_some() && id(&folder.path) == folder.id;
        if self.folders.iter().any(|folder| real.starts_with(&folder.path) && is_there(folder)) {
            return None;
        }
        let shown: Vec<String> =
            self.folders.iter().map(|folder| folder.path.display().to_string()).collect();
        Some(format!(
            "since the start only what lies below {} can be read, as it was then; this needs a restart",
            shown.join(" and ")
        ))
    }
}

fn id(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_lies_outside_or_was_made_anew_is_told_and_permissions_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::create_dir_all(place("inside/status")).unwrap();
        fs::create_dir_all(place("outside/status")).unwrap();
        symlink(place("outside/status"), place("inside/link")).unwrap();
        let confinement = Confinement::of(&[place("inside")]);
        assert_eq!(confinement.hint(&place("inside/status")), None);
        assert_eq!(confinement.hint(&place("inside/nothing")), None);
        for outside in ["outside/status", "inside/link"] {
            let hint = confinement.hint(&place(outside)).unwrap();
            assert!(hint.contains(place("inside").to_str().unwrap()), "{hint}");
        }
        fs::rename(place("inside"), place("before")).unwrap();
        fs::create_dir_all(place("inside/status")).unwrap();
        assert!(confinement.hint(&place("inside/status")).is_some());
    }
}
