//! What a directory is: its identity, the kind of its file system, its names.

use nix::errno::Errno;
use nix::sys::stat::stat;
use nix::sys::statfs::{self, FsType, statfs};
use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, openat};
use std::ffi::CStr;
use std::io;
use std::path::Path;

/// What tells a directory from any other: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(u64, u64);

impl Identity {
    /// The identity of the directory with this inode on this device.
    pub fn new(device: u64, inode: u64) -> Identity {
        Identity(device, inode)
    }
}

/// The identity of the directory at `path` now. Follows symbolic links; touches no disk when it is cached.
///
/// # Errors
/// As stat(2); ENOTDIR where there is something else.
pub fn identity(path: &CStr) -> nix::Result<Identity> {
    let stat = stat(path)?;
    if stat.st_mode & libc::S_IFMT != libc::S_IFDIR {
        return Err(Errno::ENOTDIR);
    }
    Ok(Identity(stat.st_dev, stat.st_ino))
}

/// File systems where other machines or processes change files of which inotify does not tell, with the numbers
/// that statfs(2) gives them where nix has no name for them.
const UNWATCHABLE: [(FsType, &str); 17] = [
    (statfs::NFS_SUPER_MAGIC, "NFS"),
    (statfs::SMB_SUPER_MAGIC, "SMB"),
    (FsType(0xff53_4d42), "CIFS"),
    (FsType(0xfe53_4d42), "SMB2"),
    (statfs::FUSE_SUPER_MAGIC, "FUSE"),
    (FsType(0x0102_1997), "9P"),
    (statfs::AFS_SUPER_MAGIC, "AFS"),
    (FsType(0x6b41_4653), "AFS"),
    (statfs::CODA_SUPER_MAGIC, "Coda"),
    (statfs::NCP_SUPER_MAGIC, "NCP"),
    (statfs::OCFS2_SUPER_MAGIC, "OCFS2"),
    (FsType(0x0116_1970), "GFS2"),
    (FsType(0x00c3_6400), "Ceph"),
    (FsType(0x0bd0_0bd0), "Lustre"),
    (FsType(0x4750_4653), "GPFS"),
    (FsType(0x786f_4256), "vboxsf"),
    (FsType(0x1983_0326), "BeeGFS"),
];

/// The name of the file system at `path` if inotify can't see all changes there.
///
/// # Errors
/// As statfs(2).
pub fn unwatchable(path: &Path) -> nix::Result<Option<&'static str>> {
    let kind = statfs(path)?.filesystem_type();
    Ok(UNWATCHABLE.iter().find(|(unwatchable, _)| *unwatchable == kind).map(|(_, name)| *name))
}

/// Hands each name in the directory to `handle`, which says whether to go on, with whether it is a directory as
/// far as that is known at no cost. (Not by std, whose directories panic when they can't be closed.)
///
/// # Errors
/// The directory can't be opened, or not be read to its end.
pub fn names(path: &Path, mut handle: impl FnMut(&[u8], bool) -> bool) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mut directory = Dir::new(openat(CWD, path, flags, Mode::empty())?)?;
    while let Some(entry) = directory.read() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") && !handle(name, entry.file_type() == FileType::Directory) {
            break;
        }
    }
    Ok(())
}
