//! Proofs that the confinement holds: a child gives up what the board gives up, or what its helper does, by the settings of
//! a real file, and then tries what a taken-over one might. Each deed is tried by an unconfined child too, where it has to
//! work: a denial of what cannot be done at all would prove nothing.

use crate::scene::{Scene, text};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::{getpid, getppid, truncate};
use oco::system::packets;
use ocoboard::arguments::Arguments;
use ocoboard::control::connector;
use ocoboard::{config, sandbox};
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What the child tries, in the environment.
const DEED: &str = "OCO_TEST_DEED";
/// As whom: `board`, `helper` or `nobody`, who is not confined.
const WHO: &str = "OCO_TEST_WHO";
/// The scene in which it does.
const FOLDER: &str = "OCO_TEST_FOLDER";

/// How a deed has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Works,
    /// The filter of system calls denies it.
    Denied,
    /// The call is not known to the kernel, as far as the process can tell.
    Unknown,
    /// Landlock denies it.
    Closed,
    /// Landlock of a newer kernel denies it.
    Apart,
    /// The process is over.
    Killed,
}
use End::{Apart, Closed, Denied, Killed, Unknown, Works};

/// A deed, how it ends for the board, and how for its helper.
const DEEDS: &[(&str, End, End)] = &[
    ("read the settings", Works, Closed),
    ("read the journal", Works, Closed),
    ("read the certificate", Works, Closed),
    ("read its key", Works, Closed),
    ("read a font of the list", Works, Closed),
    ("read a font beside it", Closed, Closed),
    ("read a random number", Works, Closed),
    ("read the keys", Works, Closed),
    ("list the state directory", Works, Closed),
    ("read a file elsewhere", Closed, Closed),
    ("list a directory elsewhere", Closed, Closed),
    ("read a link to elsewhere", Closed, Closed),
    ("read of another process", Closed, Closed),
    ("append to the keys", Works, Closed),
    ("make a file in the state directory", Works, Closed),
    ("make a folder in the state directory", Works, Closed),
    ("remove the keys", Works, Closed),
    ("remove the socket", Works, Closed),
    ("append to the journal", Closed, Closed),
    ("empty the journal", Closed, Closed),
    ("empty the journal by its name", Closed, Closed),
    ("remove the journal", Closed, Closed),
    ("replace the journal", Closed, Closed),
    ("make a file beside the journal", Closed, Closed),
    ("append to the settings", Closed, Closed),
    ("append to the certificate", Closed, Closed),
    ("make a file elsewhere", Closed, Closed),
    ("append to a file elsewhere", Closed, Closed),
    ("append to a link to elsewhere", Closed, Closed),
    ("make a folder elsewhere", Closed, Closed),
    ("make a link elsewhere", Closed, Closed),
    ("remove a file elsewhere", Closed, Closed),
    ("start a program", Killed, Killed),
    ("become a program", Killed, Killed),
    ("read the memory of a process", Killed, Killed),
    ("start a thread", Works, Works),
    ("signal another process", Apart, Apart),
    ("accept", Works, Works),
    // The helper connects: that is what it is for. It is told once where, by the board, before anybody is served.
    ("connect to the watcher", Denied, Works),
    ("connect to a port", Denied, Works),
    ("listen on a port", Denied, Works),
    ("send a datagram", Denied, Works),
    ("make a pair of datagrams", Denied, Works),
    ("make a ring of calls", Unknown, Unknown),
];

fn said<T: Debug>(result: io::Result<T>) {
    let word = match result {
        Ok(_) => "works".to_owned(),
        Err(error) => format!("{:?}", Errno::from_raw(error.raw_os_error().unwrap_or(0))),
    };
    println!("deed: {word}");
}

/// Where the scene has what, with the settings that name it.
struct Place {
    root: PathBuf,
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn settings(&self) -> PathBuf {
        self.path("etc/board.toml")
    }

    /// Makes it all, and says in the file where it is.
    fn furnish(&self) {
        for folder in ["etc", "tls", "fonts", "run", "elsewhere"] {
            fs::create_dir(self.path(folder)).unwrap();
        }
        for file in [
            "watch/fleet.db",
            "tls/board.crt",
            "tls/board.key",
            "fonts/listed.ttf",
            "fonts/other.ttf",
            "board/keys",
            "run/board",
            "elsewhere/file",
        ] {
            fs::write(self.path(file), "content").unwrap();
        }
        symlink(self.path("elsewhere/file"), self.path("board/link")).unwrap();
        let file = format!(
            "listen = [\"127.0.0.1:0\", \"unix:{}\"]\ntls = {{ certificate = {:?}, key = {:?} }}\n\
             control = {:?}\njournal = {:?}\nstate-dir = {:?}\nfonts = [{:?}]\n",
            self.path("run/board").display(),
            self.path("tls/board.crt"),
            self.path("tls/board.key"),
            self.path("control"),
            self.path("watch/fleet.db"),
            self.path("board"),
            self.path("fonts/listed.ttf"),
        );
        fs::write(self.settings(), file).unwrap();
    }
}

/// Gives up what the board gives up.
fn confine_as_board(place: &Place) {
    let arguments = Arguments { config: place.settings(), test: false, command: None };
    let settings = config::load(&arguments.config).unwrap();
    println!("missing: {}.", sandbox::confine(&settings, &arguments).join(", "));
}

/// What a child does with a socket was made before, as the board and its helper have made theirs.
struct Sockets {
    listener: TcpListener,
    unix: UnixListener,
    datagrams: UdpSocket,
    _client: TcpStream,
}

/// Does one deed as somebody who is confined, or not.
#[test]
#[ignore = "a part of another test"]
fn deeds_child() {
    let Ok(deed) = std::env::var(DEED) else { return };
    let place = Place { root: PathBuf::from(std::env::var_os(FOLDER).unwrap()) };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let sockets = Sockets {
        unix: UnixListener::bind(place.path("control")).unwrap(),
        datagrams: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
        listener,
        _client: client,
    };
    match std::env::var(WHO).unwrap().as_str() {
        "board" => confine_as_board(&place),
        // The helper itself, until the board that is not there closes its end; then all it has given up is given up.
        "helper" => {
            connector::serve().unwrap();
            println!("missing: .");
        }
        _ => println!("missing: all."),
    }
    match deed.as_str() {
        "start a program" => said(Command::new("true").status()),
        "become a program" => said(Err::<(), _>(Command::new("echo").arg("deed: works").exec())),
        "start a thread" => {
            said(std::thread::Builder::new().spawn(|| ()).map(|thread| thread.join().is_ok()));
        }
        "signal another process" => said(nix::sys::signal::kill(getppid(), None).map_err(io::Error::from)),
        "read the memory of a process" => {
            let (secret, mut copy) = ([7_u8; 4], [0; 4]);
            let from = RemoteIoVec { base: secret.as_ptr().addr(), len: secret.len() };
            let read = process_vm_readv(getpid(), &mut [IoSliceMut::new(&mut copy)], &[from]);
            said(read.map_err(io::Error::from));
        }
        "make a ring of calls" => said(ring()),
        deed => {
            let done = with_files(deed, &place).or_else(|| with_sockets(deed, &place, &sockets));
            said(done.unwrap_or_else(|| panic!("no such deed: {deed}")));
        }
    }
}

fn append(path: impl AsRef<Path>) -> io::Result<()> {
    OpenOptions::new().append(true).open(path).map(drop)
}

/// None: it is no deed with files.
fn with_files(deed: &str, place: &Place) -> Option<io::Result<()>> {
    let at = |name: &str| place.path(name);
    let read = |path: PathBuf| fs::read(path).map(drop);
    Some(match deed {
        "read the settings" => read(place.settings()),
        "read the journal" => read(at("watch/fleet.db")),
        "read the certificate" => read(at("tls/board.crt")),
        "read its key" => read(at("tls/board.key")),
        "read a font of the list" => read(at("fonts/listed.ttf")),
        "read a font beside it" => read(at("fonts/other.ttf")),
        "read a random number" => File::open("/dev/urandom").map(drop),
        "read the keys" => read(at("board/keys")),
        "list the state directory" => fs::read_dir(at("board")).map(drop),
        "read a file elsewhere" => read(at("elsewhere/file")),
        "list a directory elsewhere" => fs::read_dir(at("elsewhere")).map(drop),
        "read a link to elsewhere" => read(at("board/link")),
        "read of another process" => read(PathBuf::from(format!("/proc/{}/cmdline", getppid()))),
        "append to the keys" => append(at("board/keys")),
        "make a file in the state directory" => fs::write(at("board/new"), "x"),
        "make a folder in the state directory" => fs::create_dir(at("board/new")),
        "remove the keys" => fs::remove_file(at("board/keys")),
        "remove the socket" => fs::remove_file(at("run/board")),
        "append to the journal" => append(at("watch/fleet.db")),
        "empty the journal" => {
            OpenOptions::new().write(true).truncate(true).open(at("watch/fleet.db")).map(drop)
        }
        "empty the journal by its name" => truncate(&at("watch/fleet.db"), 0).map_err(io::Error::from),
        "remove the journal" => fs::remove_file(at("watch/fleet.db")),
        "replace the journal" => fs::rename(at("board/keys"), at("watch/fleet.db")),
        "make a file beside the journal" => fs::write(at("watch/new"), "x"),
        "append to the settings" => append(place.settings()),
        "append to the certificate" => append(at("tls/board.crt")),
        "make a file elsewhere" => fs::write(at("elsewhere/new"), "x"),
        "append to a file elsewhere" => append(at("elsewhere/file")),
        "append to a link to elsewhere" => append(at("board/link")),
        "make a folder elsewhere" => fs::create_dir(at("elsewhere/new")),
        "make a link elsewhere" => symlink("x", at("elsewhere/new")),
        "remove a file elsewhere" => fs::remove_file(at("elsewhere/file")),
        _ => return None,
    })
}

/// None: it is no deed with sockets.
fn with_sockets(deed: &str, place: &Place, sockets: &Sockets) -> Option<io::Result<()>> {
    let address = sockets.listener.local_addr().unwrap();
    Some(match deed {
        "accept" => sockets.listener.accept().map(drop),
        "connect to the watcher" => {
            UnixStream::connect(place.path("control")).and_then(|_stream| sockets.unix.accept()).map(drop)
        }
        "connect to a port" => TcpStream::connect(address).map(drop),
        "listen on a port" => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(drop),
        "send a datagram" => {
            sockets.datagrams.send_to(b"x", sockets.datagrams.local_addr().unwrap()).map(drop)
        }
        "make a pair of datagrams" => UnixDatagram::pair().map(drop),
        _ => return None,
    })
}

/// Whether the kernel would make a ring by which calls are made that no filter sees: it looks at what was asked for, which
/// is nowhere.
#[expect(unsafe_code, reason = "no library calls it without unsafe code")]
fn ring() -> io::Result<()> {
    // SAFETY: the kernel reads and writes what the address points to, and there is nothing at the address zero.
    let made = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, 0) };
    let errno = Errno::last();
    match (made, errno) {
        (-1, Errno::EFAULT) => Ok(()),
        (-1, errno) => Err(errno.into()),
        (ring, _) => panic!("a ring of nothing: {ring}"),
    }
}

/// Has a deed done by a child in a scene of its own, and returns how it ended.
fn done(deed: &str, who: &str) -> Output {
    let scene = Scene::new("");
    let place = Place { root: scene.path("") };
    place.furnish();
    let mut child = Command::new(std::env::current_exe().unwrap());
    // One thread: the deed is done in the one that is confined.
    child.args(["--exact", "deeds::deeds_child", "--ignored", "--nocapture", "--test-threads=1"]);
    child.env(DEED, deed).env(WHO, who).env(FOLDER, &place.root).env_remove("RUST_BACKTRACE");
    let (ours, its) = packets::pair().unwrap();
    // What the board says to it, before it goes.
    packets::send(ours.as_fd(), place.path("control").as_os_str().as_bytes(), &[]).unwrap();
    drop(ours);
    child.stdin(its).stdout(Stdio::piped()).output().unwrap()
}

/// Tries all deeds as `who`, each of which has to end as `end` has it.
fn try_all(who: &str, end: impl Fn(End, End) -> End) {
    for (deed, of_board, of_helper) in DEEDS {
        let end = end(*of_board, *of_helper);
        let output = done(deed, "nobody");
        if *deed == "make a ring of calls" && !text(&output.stdout).contains("deed: works\n") {
            println!("skipped: {deed}: this kernel makes none: {}", text(&output.stdout));
            continue;
        }
        assert!(text(&output.stdout).contains("deed: works\n"), "unconfined: {deed}: {output:?}");
        let output = done(deed, who);
        let (said, complaint) = (text(&output.stdout), String::from_utf8_lossy(&output.stderr).into_owned());
        let case = format!("{who}: {deed}: {:?}\n{said}{complaint}", output.status);
        let missing = said.split_once("missing: ").unwrap_or_else(|| panic!("{case}")).1;
        let missing = missing.lines().next().unwrap();
        assert!(!missing.contains("seccomp"), "{case}");
        let is_known = match end {
            Closed => &["EACCES", "EXDEV"][..],
            Apart => &["EPERM"],
            Denied => &["EACCES"],
            Unknown => &["ENOSYS"],
            Works => &["works"],
            Killed => {
                let signal = output.status.signal().and_then(|number| Signal::try_from(number).ok());
                assert_eq!(signal, Some(Signal::SIGSYS), "{case}");
                assert!(!said.contains("deed: "), "{case}");
                continue;
            }
        };
        if end == Closed && missing.starts_with("Landlock") || end == Apart && missing.contains("Landlock") {
            println!("skipped: {who}: {deed}: this kernel lacks {missing}");
            continue;
        }
        assert!(is_known.iter().any(|word| said.contains(&format!("deed: {word}\n"))), "{case}");
    }
}

#[test]
fn what_the_board_gives_up_it_can_not_do() {
    try_all("board", |of_board, _| of_board);
}

#[test]
fn what_its_helper_gives_up_it_can_not_do() {
    try_all("helper", |_, of_helper| of_helper);
}
