//! What is done to the status files and to their directory.

use super::{SECOND, World};
use crate::disk::{Disk, Mode, NAMES, Name};
use crate::kernel::{Kernel, Shared};
use crate::random::Random;
use oco::logic::time::{Nanos, Now};

/// What writers write. None of them is 300, so that a 300 is never what somebody wrote by chance.
pub const TEXTS: [&str; 9] = [
    "200\n",
    "200 fine\n",
    "210 load 7.5\n",
    "500 disk failed\n",
    "299",
    "200",
    "399\n",
    "599 x\n",
    "200\nmax-age 20s\n",
];
/// Closed by mistake.
const ODD_TEXTS: [&str; 4] = ["", "garbage\n", "20", "2000\n"];

impl World {
    pub(super) fn touch_files(&mut self) {
        let mut kernel = self.kernel.borrow();
        let Kernel { disk, random, reached, clock, .. } = &mut *kernel;
        let Some(folder) = disk.path else { return };
        if random.once_in(25) {
            let mut link = || disk.link((folder, random.pick(&NAMES)), (folder, random.pick(&NAMES)));
            // Also of several files at once.
            let links = (0..8).filter(|_| link()).count();
            if links == 0 {
                return;
            }
            reached.count(if links == 1 { "hard links" } else { "hard links of several files" });
            // What is done by a further name before the daemon has seen that name is beyond it.
            drop(kernel);
            return self.let_see();
        }
        if random.once_in(6) {
            let text = random.pick(&TEXTS);
            if NAMES.iter().any(|name| disk.write_elsewhere((folder, name), text, clock.now)) {
                reached.count("changes that nothing tells of");
            }
            return;
        }
        touch_file(disk, folder, random, clock.now);
    }

    /// The daemon has time to see what is there, and nothing disturbs it.
    fn let_see(&mut self) {
        self.kernel.borrow().is_calm = true;
        self.is_stopped = false;
        self.ask_all();
        self.run_daemon();
        self.kernel.borrow().is_calm = false;
    }

    /// Somebody writes into a file of whom no event tells, as he opened it by a name that it has no longer, or had none
    /// yet. Where the daemon has seen it before, it finds out all the same.
    pub(super) fn write_unseen(&mut self) {
        let mut kernel = self.kernel.borrow();
        let Kernel { disk, random, clock, .. } = &mut *kernel;
        let Some(folder) = disk.path.filter(|_| disk.is_open()) else { return };
        let (name, other, text) = (random.pick(&NAMES), random.pick(&NAMES), random.pick(&TEXTS));
        let (place, writer) = ((folder, name), disk.writers());
        let is_unnamed = random.once_in(2);
        let is_open = if is_unnamed {
            disk.unlink(place, clock.now);
            disk.open_unnamed(place, text, clock.now)
        } else {
            disk.unlink((folder, other), clock.now);
            disk.link(place, (folder, other))
        };
        if !is_open {
            return;
        }
        drop(kernel);
        self.let_see();
        if !is_unnamed {
            let mut kernel = self.kernel.borrow();
            let Kernel { disk, clock, .. } = &mut *kernel;
            disk.open(place, text, false, clock.now);
            if disk.writers() == writer || !disk.hide_writer(writer, other, clock.now) {
                return;
            }
            drop(kernel);
            self.let_see();
        }
        let texts = 1 + self.below(2);
        for _ in 0..texts {
            let mut kernel = self.kernel.borrow();
            let Kernel { disk, random, clock, .. } = &mut *kernel;
            disk.rewrite(writer, random.pick(&TEXTS), clock.now);
            disk.write(writer, 1 + random.below(4), clock.now);
            drop(kernel);
            self.let_see();
        }
        let mut kernel = self.kernel.borrow();
        let Kernel { disk, clock, reached, .. } = &mut *kernel;
        disk.write(writer, usize::MAX, clock.now);
        disk.close(writer);
        reached.count(if is_unnamed {
            "files that had no name yet when they were opened"
        } else {
            "files that lost the name by which they were opened"
        });
    }

    pub(super) fn touch_directory(&mut self) {
        let mut kernel = self.kernel.borrow();
        let Kernel { disk, random, reached, clock, .. } = &mut *kernel;
        let others: Vec<usize> = (0..disk.folders.len())
            .filter(|folder| Some(*folder) != disk.path && disk.folders[*folder].identity != 0)
            .collect();
        let to = match random.below(6) {
            0 => None,
            1 => {
                let folder = disk.add_folder();
                disk.folders[folder].is_remote = random.once_in(2);
                Some(folder)
            }
            _ if others.is_empty() => None,
            _ => Some(random.pick(&others)),
        };
        match (random.below(6), disk.path) {
            (0, Some(folder)) => {
                let mode = new_mode(disk, folder, random);
                disk.chmod_folder(folder, mode);
                if mode.is_unreadable {
                    reached.count("directories that can't be read");
                } else if mode.is_unsearchable {
                    reached.count("directories that can't be searched");
                }
            }
            (1, Some(_)) => {
                disk.remove_folder();
                reached.count("directories removed");
            }
            (2, Some(_)) => {
                // rm -r, mkdir: the kernel likes to give the same number again. Often enough the end of the watch is
                // lost among other events.
                for _ in 0..random.below(40) {
                    touch_file(disk, disk.path.unwrap(), random, clock.now);
                }
                disk.remove_folder();
                let folder = disk.add_folder();
                disk.repoint_path(Some(folder));
                for _ in 0..random.below(4) {
                    touch_file(disk, folder, random, clock.now);
                }
                reached.count("directories made anew");
            }
            (3, _) => disk.repoint_path(to),
            _ => disk.move_path(to),
        }
    }

    /// A single file, and more events of others than can be told: all that is known of it is what a list of names says.
    /// Or another file is made in place of one that was there before.
    pub(super) fn flood_beside_a_file(&mut self) {
        let mut kernel = self.kernel.borrow();
        let Kernel { disk, random, clock, .. } = &mut *kernel;
        let Some(folder) = disk.path.filter(|_| disk.has_short_queue()) else { return };
        let kept = random.pick(&NAMES);
        disk.rename_in((folder, kept), random.pick(&TEXTS), clock.now);
        for name in NAMES.iter().filter(|name| **name != kept) {
            disk.unlink((folder, name), clock.now);
        }
        drop(kernel);
        self.let_see();
        let mut kernel = self.kernel.borrow();
        kernel.disk.flood();
        kernel.reached.count("floods beside a file");
        if kernel.random.once_in(2) {
            kernel.will_list = true;
            return;
        }
        drop(kernel);
        self.let_see();
        let mut kernel = self.kernel.borrow();
        let Kernel { disk, random, clock, .. } = &mut *kernel;
        disk.open((folder, random.pick(&NAMES)), random.pick(&TEXTS), true, clock.now);
        drop(kernel);
        self.let_see();
    }

    pub(super) fn bring_directory_back(&mut self) {
        let mut kernel = self.kernel.borrow();
        let disk = &mut kernel.disk;
        match disk.path {
            Some(folder) => disk.chmod_folder(folder, Mode::default()),
            None => {
                let last = disk.folders.len() - 1;
                let is_gone = disk.folders[last].identity == 0;
                let folder = if is_gone { disk.add_folder() } else { last };
                disk.move_path(Some(folder));
            }
        }
    }
}

/// What nobody tells a running daemon of is there from its start: a further name of a file, or a mount.
pub fn expose_a_file(kernel: &Shared) {
    let mut kernel = kernel.borrow();
    let Kernel { disk, random, reached, .. } = &mut *kernel;
    let (Some(folder), true) = (disk.path, random.once_in(2)) else { return };
    let is_mount = random.once_in(2);
    if NAMES.iter().any(|name| disk.expose((folder, name), is_mount)) {
        reached.count(if is_mount { "mounts" } else { "links from elsewhere" });
    }
}

/// Another mode of a folder, or the same one again, which is told of all the same.
pub fn new_mode(disk: &Disk, folder: usize, random: &mut Random) -> Mode {
    let mode = disk.folders[folder].mode;
    match random.below(6) {
        0 | 1 => mode,
        2 => Mode { is_unreadable: !mode.is_unreadable, ..mode },
        3 => Mode { is_unsearchable: !mode.is_unsearchable, ..mode },
        4 => Mode { is_unreadable: true, is_unsearchable: true },
        _ => Mode::default(),
    }
}

/// One of the things that people and programs do to status files.
pub fn touch_file(disk: &mut Disk, folder: usize, random: &mut Random, now: Now) {
    let name: Name = random.pick(&NAMES);
    let place = (folder, name);
    let text = if random.once_in(12) { random.pick(&ODD_TEXTS) } else { random.pick(&TEXTS) };
    match random.below(26) {
        0..=5 => disk.open(place, text, !random.once_in(10), now),
        6..=9 if disk.writers() > 0 => disk.write(random.below(disk.writers()), 1 + random.below(3), now),
        10..=14 if disk.writers() > 0 => {
            let writer = random.below(disk.writers());
            if !random.once_in(8) {
                disk.write(writer, usize::MAX, now);
            }
            disk.close(writer);
        }
        15..=17 => disk.rename_in(place, text, now),
        18 => disk.unlink(place, now),
        19 => disk.rename(place, (folder, random.pick(&NAMES)), now),
        20 if random.once_in(3) => {
            // A tool that puts the same date, far ahead, on all it writes.
            echo(disk, place, TEXTS[0], now);
            disk.touch(place, Nanos::from_parts(1_900_000_000, 0));
        }
        20 => {
            let age = random.duration(120 * SECOND);
            let modified = if random.once_in(4) { now.wall.after(age) } else { now.wall.before(age) };
            disk.touch(place, modified);
        }
        21 => disk.chmod(place, random.once_in(2)),
        22 => disk.symlink(place, now),
        23 | 24 => {
            // As install and tar do it; often enough the new file is not closed at once.
            disk.unlink(place, now);
            disk.open(place, text, true, now);
        }
        _ => echo(disk, place, text, now),
    }
}

/// `echo 200 >name`, all at once.
pub fn echo(disk: &mut Disk, place: (usize, Name), text: &str, now: Now) {
    let writers = disk.writers();
    disk.open(place, text, true, now);
    if disk.writers() > writers {
        disk.write(writers, usize::MAX, now);
        disk.close(writers);
    }
}
