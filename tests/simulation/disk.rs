//! The directory as the kernel keeps it: files, writers, and the events of the one watch, told as Linux tells them by
//! the flags that the product asks for: who writes by a name that was taken away is heard under it, unless
//! IN_EXCL_UNLINK says otherwise; queues overflow; a directory that is made anew gets the old one's number, and no
//! watch; what is written by another name of a file, or below a mount, is not told.
//!
//! What it does to the files it also notes as [`Deed`]s for the oracle, which must not depend on the events.

mod events;

use oco::logic::board::{Fault, FileEvent, Look, Sight};
use oco::logic::time::{Nanos, Now};
use std::collections::{BTreeMap, VecDeque};

pub type Name = &'static str;

/// `quick` has a max-age of its own, `needed` is required.
pub const NAMES: [Name; 6] = ["a", "b", "c", "d", "needed", "quick"];

#[derive(Debug, Clone)]
pub struct File {
    pub content: String,
    pub modified: Nanos,
    /// Counts changes of content and times.
    pub version: u64,
    pub links: u64,
    /// It had several names, or something is mounted here: nobody tells of all that is done to it.
    pub was_linked: bool,
    pub is_mount: bool,
    pub is_unreadable: bool,
    pub is_symlink: bool,
    /// Written since it was last closed, or renamed.
    pub is_dirty: bool,
}

impl File {
    /// What a look shows where it may not search.
    fn unknown() -> File {
        File {
            content: String::new(),
            modified: Nanos::default(),
            version: 0,
            links: 1,
            was_linked: false,
            is_mount: false,
            is_unreadable: true,
            is_symlink: false,
            is_dirty: false,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub inode: u64,
    /// Counts what has had this name.
    pub incarnation: u64,
    /// Made by an open, and not closed since.
    pub is_unborn: bool,
}

/// What a folder's mode keeps from the daemon. Whoever writes there is root, and may do all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mode {
    /// Its names can't be listed, and it can't be watched anew.
    pub is_unreadable: bool,
    /// No file in it can be looked at, not even whether there is one.
    pub is_unsearchable: bool,
}

#[derive(Debug, Default)]
pub struct Folder {
    /// What the kernel says it is. Numbers of folders that are gone are used again.
    pub identity: u64,
    pub names: BTreeMap<Name, Entry>,
    pub mode: Mode,
    /// On another host, which tells of nothing that is done there.
    pub is_remote: bool,
    /// It was moved since the oracle last looked.
    pub was_moved: bool,
}

impl Folder {
    /// The latest of what has a name here.
    pub fn incarnation(&self) -> u64 {
        self.names.values().map(|entry| entry.incarnation).max().unwrap_or(0)
    }
}

#[derive(Debug)]
struct Writer {
    inode: u64,
    /// Where it writes, and by which name it opened that.
    name: (usize, Name),
    /// Somebody has taken that name away.
    is_nameless: bool,
    left: String,
}

/// When something may happen while the daemon looks at a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Just before it. Of what is written then, the event may come late.
    Before,
    /// Between the look and the reading of events.
    After,
}

/// A file as it was when it was looked at.
#[derive(Debug)]
pub struct Seen {
    inode: u64,
    file: File,
}

/// What a file without read permission gives.
const EACCES: i32 = 13;

impl Seen {
    pub fn as_look(&self) -> Look<'_> {
        let file = &self.file;
        let content = match (file.is_symlink, file.is_unreadable) {
            (true, _) => Err(Fault::NotAFile("symbolic link")),
            (false, true) => Err(Fault::Unreadable(EACCES)),
            (false, false) => Ok(file.content.as_bytes()),
        };
        Look::File(Sight {
            inode: self.inode,
            modified: file.modified,
            size: u64::try_from(file.content.len()).unwrap(),
            links: file.links,
            is_mount: file.is_mount,
            content,
        })
    }
}

/// What was done to a name, as the oracle needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It is no more.
    Removed(Nanos),
    /// A new file was opened, and is not complete.
    Created,
    /// What it leads to is not complete.
    Unsettled,
    /// Closed, renamed or linked into place.
    Settled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    File(Name, FileEvent),
    /// A name that is no check's.
    Stranger(bool),
    FolderAttributes,
    FolderGone,
    Overflow,
}

pub struct Disk {
    pub folders: Vec<Folder>,
    /// Where the path leads.
    pub path: Option<usize>,
    pub files: BTreeMap<u64, File>,
    writers: Vec<Writer>,
    deeds: Vec<(usize, Name, Deed)>,
    /// The last file that got another name here, by both names, until somebody asks.
    renamed: Option<(usize, Name, Name)>,
    /// The watched folders, each with the number of its watch.
    watches: Vec<(usize, u64)>,
    queue: VecDeque<(u64, Notice)>,
    /// What the kernel has done, and not told yet.
    held: Option<((usize, Name), bool)>,
    queue_limit: usize,
    /// Something was queued since the poll last told of it.
    has_edge: bool,
    numbers: u64,
    spare_identity: Option<u64>,
}

impl Disk {
    pub fn new(queue_limit: usize) -> Disk {
        let mut disk = Disk {
            folders: Vec::new(),
            path: None,
            files: BTreeMap::new(),
            writers: Vec::new(),
            deeds: Vec::new(),
            renamed: None,
            watches: Vec::new(),
            queue: VecDeque::new(),
            held: None,
            queue_limit,
            has_edge: false,
            numbers: 0,
            spare_identity: None,
        };
        disk.path = Some(disk.add_folder());
        disk
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub fn add_folder(&mut self) -> usize {
        let identity = self.spare_identity.take().unwrap_or_else(|| self.number());
        self.folders.push(Folder { identity, ..Folder::default() });
        self.folders.len() - 1
    }

    /// The folder that can be read now, if any.
    pub fn readable(&self) -> Option<usize> {
        self.path.filter(|folder| !self.folders[*folder].mode.is_unreadable)
    }

    pub fn take_renamed(&mut self) -> Option<(usize, Name, Name)> {
        self.renamed.take()
    }

    /// Whether the path leads to a folder that keeps nothing from the daemon.
    pub fn is_open(&self) -> bool {
        self.path.is_some_and(|folder| self.folders[folder].mode == Mode::default())
    }

    pub fn take_deeds(&mut self) -> Vec<(usize, Name, Deed)> {
        std::mem::take(&mut self.deeds)
    }

    pub fn look(&self, name: &str) -> Option<Seen> {
        let folder = &self.folders[self.path?];
        if folder.mode.is_unsearchable {
            return Some(Seen { inode: 0, file: File::unknown() });
        }
        let entry = folder.names.get(name)?;
        Some(Seen { inode: entry.inode, file: self.files[&entry.inode].clone() })
    }

    // What others do.

    fn note(&mut self, (folder, name): (usize, Name), deed: Deed) {
        self.deeds.push((folder, name, deed));
    }

    fn inode(&self, (folder, name): (usize, Name)) -> Option<u64> {
        self.folders[folder].names.get(name).map(|entry| entry.inode)
    }

    /// An existing regular file.
    fn regular(&self, place: (usize, Name)) -> Option<u64> {
        self.inode(place).filter(|inode| !self.files[inode].is_symlink)
    }

    fn file(&mut self, inode: u64) -> &mut File {
        self.files.get_mut(&inode).unwrap()
    }

    fn add_file(&mut self, content: &str, now: Now) -> u64 {
        let (inode, version) = (self.number(), self.number());
        let content = content.to_owned();
        let file = File { content, modified: now.wall, version, is_unreadable: false, ..File::unknown() };
        self.files.insert(inode, file);
        inode
    }

    fn change(&mut self, inode: u64, modified: Nanos) {
        let version = self.number();
        let file = self.file(inode);
        (file.version, file.modified) = (version, modified);
    }

    /// Gives `inode` a name, in place of what had it.
    fn bind(&mut self, place: (usize, Name), inode: u64, is_unborn: bool) {
        self.unbind(place);
        let entry = Entry { inode, incarnation: self.number(), is_unborn };
        self.folders[place.0].names.insert(place.1, entry);
    }

    fn unbind(&mut self, place: (usize, Name)) -> Option<u64> {
        let entry = self.folders[place.0].names.remove(place.1)?;
        self.file(entry.inode).links -= 1;
        for writer in self.writers.iter_mut().filter(|writer| writer.name == place) {
            writer.is_nameless = true;
        }
        Some(entry.inode)
    }

    pub fn has_writer(&self, inode: u64) -> bool {
        self.writers.iter().any(|writer| writer.inode == inode)
    }

    /// Whether a writer would be left that opened the file by this name, while the file keeps another one: of what
    /// such a one writes no event tells, and nothing is promised.
    fn would_hide_writer(&self, place: (usize, Name)) -> bool {
        self.inode(place).is_some_and(|inode| self.files[&inode].links > 1 && self.has_writer(inode))
    }

    pub fn open(&mut self, place: (usize, Name), text: &str, truncate: bool, now: Now) {
        let inode = match self.inode(place) {
            Some(inode) if self.files[&inode].is_symlink => return,
            Some(inode) => {
                if truncate {
                    self.file(inode).content.clear();
                    self.file(inode).is_dirty = true;
                    self.change(inode, now.wall);
                    self.tell_name(place, FileEvent::Modified);
                }
                inode
            }
            None => {
                let inode = self.add_file("", now);
                self.bind(place, inode, true);
                self.note(place, Deed::Created);
                self.tell_name(place, FileEvent::Created);
                inode
            }
        };
        self.writers.push(Writer { inode, name: place, is_nameless: false, left: text.to_owned() });
    }

    pub fn writers(&self) -> usize {
        self.writers.len()
    }

    pub fn write(&mut self, index: usize, most: usize, now: Now) {
        self.write_some(index, most, now, false);
    }

    fn write_some(&mut self, index: usize, most: usize, now: Now, is_unheard: bool) {
        let writer = &mut self.writers[index];
        if writer.left.is_empty() {
            return;
        }
        let rest = writer.left.split_off(most.min(writer.left.len()));
        let chunk = std::mem::replace(&mut writer.left, rest);
        let (inode, name) = (writer.inode, (writer.name, writer.is_nameless));
        self.file(inode).content.push_str(&chunk);
        self.file(inode).is_dirty = true;
        self.change(inode, now.wall);
        if !is_unheard {
            self.tell_of_writer(name, FileEvent::Modified);
        }
    }

    /// As [`Disk::write`], but what was written can be read before the event is there.
    pub fn write_unheard(&mut self, index: usize, most: usize, now: Now) {
        let writer = &self.writers[index];
        let held = (!writer.left.is_empty()).then_some((writer.name, writer.is_nameless));
        self.write_some(index, most, now, true);
        self.held = held;
    }

    /// Whether an event is still to come.
    pub fn is_behind(&self) -> bool {
        self.held.is_some()
    }

    /// The event of what was written unheard is there.
    pub fn release(&mut self) {
        if let Some(writer) = self.held.take() {
            self.tell_of_writer(writer, FileEvent::Modified);
        }
    }

    /// As ftruncate(2), and something else to be written.
    pub fn rewrite(&mut self, index: usize, text: &str, now: Now) {
        let writer = &mut self.writers[index];
        text.clone_into(&mut writer.left);
        let (inode, name) = (writer.inode, (writer.name, writer.is_nameless));
        self.file(inode).content.clear();
        self.file(inode).is_dirty = true;
        self.change(inode, now.wall);
        self.tell_of_writer(name, FileEvent::Modified);
    }

    /// Closes without writing what is left.
    pub fn close(&mut self, index: usize) {
        let writer = self.writers.remove(index);
        if !writer.is_nameless {
            self.settle(writer.name);
        }
        // The file may have other names than the one that it was opened by.
        let (folder, inode) = (writer.name.0, writer.inode);
        let is_another = |(name, entry): &(&Name, &Entry)| {
            entry.inode == inode && (writer.is_nameless || **name != writer.name.1)
        };
        let others: Vec<Name> =
            self.folders[folder].names.iter().filter(is_another).map(|(name, _)| *name).collect();
        others.into_iter().for_each(|name| self.settle((folder, name)));
        self.tell_of_writer((writer.name, writer.is_nameless), FileEvent::Closed);
    }

    /// Another program writes the file by a name outside of the directory, all at once.
    pub fn write_elsewhere(&mut self, place: (usize, Name), content: &str, now: Now) -> bool {
        let Some(inode) = self.regular(place).filter(|inode| !self.has_writer(*inode)) else { return false };
        let names = self.folders.iter().flat_map(|folder| folder.names.values());
        let names = names.filter(|entry| entry.inode == inode).count();
        let file = &self.files[&inode];
        if !file.is_mount && file.links <= u64::try_from(names).unwrap() {
            return false;
        }
        content.clone_into(&mut self.file(inode).content);
        self.change(inode, now.wall);
        true
    }

    /// While no daemon runs, a file gets a name outside of the directory, or another one is mounted over it.
    pub fn expose(&mut self, place: (usize, Name), is_mount: bool) -> bool {
        let Some(inode) = self.regular(place).filter(|inode| !self.has_writer(*inode)) else { return false };
        let file = self.file(inode);
        file.was_linked = true;
        if is_mount {
            file.is_mount = true;
        } else {
            file.links += 1;
        }
        true
    }

    fn settle(&mut self, place: (usize, Name)) {
        self.note(place, Deed::Settled);
        if let Some(entry) = self.folders[place.0].names.get_mut(place.1) {
            entry.is_unborn = false;
            let inode = entry.inode;
            self.file(inode).is_dirty = false;
        }
    }

    /// Writes aside and renames.
    pub fn rename_in(&mut self, place: (usize, Name), content: &str, now: Now) {
        if self.would_hide_writer(place) {
            return;
        }
        let inode = self.add_file(content, now);
        self.tell(place.0, Notice::Stranger(false));
        self.bind(place, inode, false);
        self.settle(place);
        self.tell_name(place, FileEvent::MovedIn);
    }

    pub fn rename(&mut self, from: (usize, Name), to: (usize, Name), now: Now) {
        let (source, target) = (self.inode(from), self.inode(to));
        if source.is_none() || source == target || self.would_hide_writer(to) {
            return;
        }
        let entry = self.folders[from.0].names.remove(from.1).unwrap();
        self.note(from, Deed::Removed(now.boot));
        self.bind(to, entry.inode, false);
        for writer in self.writers.iter_mut().filter(|writer| writer.name == from && !writer.is_nameless) {
            writer.name = to;
        }
        self.settle(to);
        self.renamed = (from.0 == to.0).then_some((from.0, from.1, to.1));
        self.tell_name(from, FileEvent::Gone);
        self.tell_name(to, FileEvent::MovedIn);
    }

    pub fn unlink(&mut self, place: (usize, Name), now: Now) {
        if !self.would_hide_writer(place) && self.unbind(place).is_some() {
            self.note(place, Deed::Removed(now.boot));
            self.tell_name(place, FileEvent::Gone);
        }
    }

    /// A hard link. Says whether it was made.
    pub fn link(&mut self, from: (usize, Name), to: (usize, Name)) -> bool {
        let Some(inode) = self.regular(from).filter(|inode| !self.has_writer(*inode)) else { return false };
        if self.inode(to).is_some() {
            return false;
        }
        self.bind(to, inode, false);
        let file = self.file(inode);
        (file.links, file.was_linked) = (file.links + 1, true);
        self.note(to, Deed::Unsettled);
        self.settle(to);
        self.tell_name(to, FileEvent::Created);
        true
    }

    /// As open(2) with O_TMPFILE, then linkat(2), before anything is written. No event tells of what its writer does. Says
    /// whether it was made.
    pub fn open_unnamed(&mut self, place: (usize, Name), text: &str, now: Now) -> bool {
        if self.inode(place).is_some() {
            return false;
        }
        let inode = self.add_file("", now);
        self.file(inode).was_linked = true;
        self.bind(place, inode, true);
        self.note(place, Deed::Created);
        self.tell_name(place, FileEvent::Created);
        self.writers.push(Writer { inode, name: place, is_nameless: true, left: text.to_owned() });
        true
    }

    /// Takes the name from a file by which it was opened, and leaves it another one. Says whether it could.
    pub fn hide_writer(&mut self, index: usize, other: Name, now: Now) -> bool {
        let (inode, place) = (self.writers[index].inode, self.writers[index].name);
        if self.inode((place.0, other)) != Some(inode) || place.1 == other {
            return false;
        }
        self.unbind(place);
        self.note(place, Deed::Removed(now.boot));
        self.tell_name(place, FileEvent::Gone);
        true
    }

    pub fn symlink(&mut self, place: (usize, Name), now: Now) {
        if self.inode(place).is_some() {
            return;
        }
        let inode = self.add_file("", now);
        self.file(inode).is_symlink = true;
        self.bind(place, inode, false);
        self.note(place, Deed::Unsettled);
        self.settle(place);
        self.tell_name(place, FileEvent::Created);
    }

    pub fn touch(&mut self, place: (usize, Name), modified: Nanos) {
        if let Some(inode) = self.regular(place) {
            // The same time again is no other state.
            if self.files[&inode].modified != modified {
                self.change(inode, modified);
            }
            self.tell_name(place, FileEvent::Attributes);
        }
    }

    pub fn chmod(&mut self, place: (usize, Name), is_unreadable: bool) {
        if let Some(inode) = self.regular(place) {
            self.file(inode).is_unreadable = is_unreadable;
            self.tell_name(place, FileEvent::Attributes);
        }
    }

    pub fn chmod_folder(&mut self, folder: usize, mode: Mode) {
        self.folders[folder].mode = mode;
        self.tell(folder, Notice::FolderAttributes);
    }

    /// Makes the path lead elsewhere by renaming folders, which their watch tells of.
    pub fn move_path(&mut self, to: Option<usize>) {
        for folder in [self.path, to].into_iter().flatten() {
            self.folders[folder].was_moved = true;
            self.tell(folder, Notice::FolderGone);
        }
        self.path = to;
    }

    /// Makes the path lead elsewhere as a symbolic link or a mount does: no event tells of it.
    pub fn repoint_path(&mut self, to: Option<usize>) {
        self.path = to;
    }

    /// Removes the folder with all that is in it. Its number may be the next one's.
    pub fn remove_folder(&mut self) {
        let Some(folder) = self.path.take() else { return };
        let names: Vec<Name> = self.folders[folder].names.keys().copied().collect();
        for name in names {
            self.unbind((folder, name));
            self.tell_name((folder, name), FileEvent::Gone);
        }
        self.folders[folder].was_moved = true;
        self.tell(folder, Notice::FolderGone);
        // The kernel ends the watch with its folder.
        self.watches.retain(|(watched, _)| *watched != folder);
        self.spare_identity = Some(std::mem::take(&mut self.folders[folder].identity));
    }
}
