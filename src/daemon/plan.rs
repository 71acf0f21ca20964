//! What ocod runs with: the settings that the command line and the file make together, and the folders that they need.

use super::arguments::Arguments;
use crate::config::{self, ConfigError, Listen, Settings};
use crate::limits::LINKS;
use crate::logic::face::Face;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What ocod runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The settings, with what the command line says put over what the file says.
    pub settings: Settings,
    /// The directory of the status files.
    pub directory: PathBuf,
    /// Whether nobody asked for the listener: it is the default.
    pub listens_by_default: bool,
}

impl Plan {
    /// Reads the file, if there is one, and puts the command line over it. Sockets that were `passed`, by name and
    /// address, are the listeners then; each takes the settings of the one with its name.
    pub fn make(arguments: &Arguments, passed: &[(String, SocketAddr)]) -> Result<Plan, ConfigError> {
        let mut settings = config::load(arguments.config.as_deref())?;
        if !passed.is_empty() {
            let named = |(name, address): &(String, SocketAddr)| {
                let found = settings.listeners.iter().find(|listen| listen.name.as_ref() == Some(name));
                let mut listen = found.map_or(Listen::new(*address), Listen::clone);
                listen.address = *address;
                // The name of a face is enough to speak so.
                listen.speak = listen.speak.or_else(|| Face::from_word(name));
                listen
            };
            settings.listeners = passed.iter().map(named).collect();
        } else if !arguments.listen.is_empty() {
            settings.listeners = arguments.listen.iter().copied().map(Listen::new).collect();
            config::check_listeners(&settings.listeners)
                .map_err(|(_, what)| ConfigError::of_the_command_line(format!("-l: {what}")))?;
        }
        let listens_by_default = settings.listeners.is_empty();
        if listens_by_default {
            settings.listeners.push(config::default_listener());
        }
        if let Some(max_age) = arguments.max_age {
            settings.rules.max_age = max_age;
        }
        if let Some(user) = &arguments.user {
            settings.user = Some(user.clone());
        }
        let directory = config::directory(arguments.directory.clone(), &settings);
        Ok(Plan { settings, directory, listens_by_default })
    }

    /// The folders that may be read while running: those of the status directory and of the file, each also as it is
    /// called without symbolic links. The status directory's is its parent; where that is missing, the nearest folder
    /// above that is there, so that what is made later is found.
    pub fn folders(&self, arguments: &Arguments) -> Vec<PathBuf> {
        let file = arguments.config_file();
        let real_file = std::fs::canonicalize(file).ok();
        let of_the_file = [Some(file), real_file.as_deref()].into_iter().flatten().map(parent);
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in self.places().iter().map(|place| nearest(place)).chain(of_the_file) {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }

    /// The parents of the status directory that are missing, each with the folder that stands for it.
    pub fn missing_parents(&self) -> Vec<(PathBuf, PathBuf)> {
        let pairs = self.places().into_iter().map(|place| (parent(&place), nearest(&place)));
        pairs.filter(|(parent, folder)| parent != folder).collect()
    }

    /// The status directory as it is called, and where that leads to.
    fn places(&self) -> Vec<PathBuf> {
        [Some(self.directory.clone()), target(&self.directory)].into_iter().flatten().collect()
    }
}

/// The folder that `path` stands in.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        // A bare name stands in the working directory; the root is its own parent.
        Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
        Some(folder) => folder.to_owned(),
        None => path.to_owned(),
    }
}

/// The nearest folder above `path` that is there, or of which that can't be told.
fn nearest(path: &Path) -> PathBuf {
    let mut folder = parent(path);
    let mut links = LINKS;
    loop {
        let is_missing = match std::fs::metadata(&folder) {
            Ok(metadata) => !metadata.is_dir(),
            Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        };
        let above = parent(&folder);
        if !is_missing || above == folder {
            return folder;
        }
        // A link that leads to nothing yet: what it leads to may be made.
        folder = match std::fs::read_link(&folder) {
            Ok(to) if links > 0 => above.join(to),
            Ok(_) | Err(_) => above,
        };
        links = links.saturating_sub(1);
    }
}

/// Where `path` leads to, also when nothing is there yet. None: it is no symbolic link, or they lead in a circle.
fn target(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = std::fs::canonicalize(path) {
        return Some(real);
    }
    let mut path = path.to_owned();
    for passed in 0..LINKS {
        match std::fs::read_link(&path) {
            Ok(to) => path = parent(&path).join(to),
            Err(_) => return (passed > 0).then_some(path),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_nearest_folder_is_the_parent_or_what_stands_above_it() {
        let scene = tempfile::tempdir().unwrap();
        let root = scene.path();
        std::fs::create_dir(root.join("there")).unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        for (to, name) in
            [("there", "link"), ("nowhere/deep", "dangling"), ("circle/x", "circle"), ("b", "a"), ("a", "b")]
        {
            symlink(to, root.join(name)).unwrap();
        }
        for (path, expected) in [
            ("there/status", "there"),
            ("link/status", "link"),
            ("gone/status", ""),
            ("there/gone/more/status", "there"),
            ("file/status", ""),
            ("dangling/status", ""),
            ("circle/status", "circle"),
            ("a/status", "a"),
        ] {
            assert_eq!(nearest(&root.join(path)), root.join(expected), "{path}");
        }
        assert_eq!((nearest(Path::new("status")), nearest(Path::new("/"))), (".".into(), "/".into()));
        assert_eq!(target(&root.join("dangling")), Some(root.join("nowhere/deep")));
        assert_eq!((target(&root.join("gone")), target(&root.join("a"))), (None, None));
        assert_eq!(target(&root.join("link")), root.join("there").canonicalize().ok());
    }
}
