//! Proofs that the confinement holds: a child gives up what ocod gives up, and then tries what a taken-over ocod
//! might.

use crate::process::status;
use crate::scene::Scene;
use crate::server::Ocod;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::{User, geteuid};
use oco::system::sandbox::{Allowed, confine};
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What the child tries, in the environment.
const DEED: &str = "OCO_TEST_DEED";
/// Where it may read.
const FOLDER: &str = "OCO_TEST_FOLDER";
/// The port that it may bind, and one that it may not.
const PORTS: &str = "OCO_TEST_PORTS";

/// How a deed has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Works,
    Denied,
    /// The call is not known to the kernel, as far as the process can tell.
    Unknown,
    /// The process is over.
    Killed,
}

const DEEDS: &[(&str, End)] = &[
    ("read a file inside", End::Works),
    ("list a directory inside", End::Works),
    ("read a file outside", End::Denied),
    ("list a directory outside", End::Denied),
    ("read a link from inside to outside", End::Denied),
    ("bind the port", End::Works),
    ("bind another port", End::Denied),
    ("connect", End::Unknown),
    ("make a directory", End::Unknown),
    ("remove a file", End::Unknown),
    ("rename a file", End::Unknown),
    ("change a mode", End::Unknown),
    ("make a link", End::Unknown),
    ("send a signal", End::Unknown),
    ("create a file", End::Killed),
    ("append to a file", End::Killed),
    ("open a file for reading and writing", End::Killed),
    ("truncate a file", End::Killed),
    ("start a program", End::Killed),
    ("become a program", End::Killed),
    ("start a thread", End::Killed),
];

fn said<T: Debug>(result: io::Result<T>) {
    let word = match result {
        Ok(_) => "works".to_owned(),
        Err(error) => format!("{:?}", Errno::from_raw(error.raw_os_error().unwrap_or(0))),
    };
    println!("deed: {word}");
}

/// Does one deed in the confinement.
#[test]
#[ignore = "a part of another test"]
fn confinement_child() {
    let Ok(deed) = std::env::var(DEED) else { return };
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let ports: Vec<u16> =
        std::env::var(PORTS).unwrap().split(' ').map(|port| port.parse().unwrap()).collect();
    let missing = confine(&Allowed { folders: vec![folder.clone()], ports: vec![ports[0]] });
    println!("missing: {}.", missing.join(", "));
    let inside = folder.join("file");
    match deed.as_str() {
        "read a file inside" => said(fs::read(inside)),
        "list a directory inside" => said(fs::read_dir(folder)),
        "read a file outside" => said(fs::read("/etc/passwd")),
        "list a directory outside" => said(fs::read_dir("/etc")),
        "read a link from inside to outside" => said(fs::read(folder.join("link"))),
        "bind the port" => said(TcpListener::bind(("127.0.0.1", ports[0]))),
        "bind another port" => said(TcpListener::bind(("127.0.0.1", ports[1]))),
        "connect" => said(TcpStream::connect(("127.0.0.1", ports[0]))),
        "make a directory" => said(fs::create_dir(folder.join("new"))),
        "remove a file" => said(fs::remove_file(inside)),
        "rename a file" => said(fs::rename(inside, folder.join("new"))),
        "change a mode" => said(fs::set_permissions(inside, Permissions::from_mode(0o777))),
        "make a link" => said(symlink("x", folder.join("new"))),
        "send a signal" => {
            said(nix::sys::signal::kill(nix::unistd::getppid(), None).map_err(io::Error::from));
        }
        "create a file" => said(File::create_new(folder.join("new"))),
        "append to a file" => said(OpenOptions::new().append(true).open(inside)),
        "open a file for reading and writing" => said(OpenOptions::new().read(true).write(true).open(inside)),
        "truncate a file" => said(OpenOptions::new().write(true).truncate(true).open(inside)),
        "start a program" => said(Command::new("true").status()),
        "become a program" => said(Err::<(), _>(Command::new("true").exec())),
        "start a thread" => {
            said(std::thread::Builder::new().spawn(|| ()).map(|thread| thread.join().is_ok()))
        }
        other => panic!("no such deed: {other}"),
    }
}

/// Whether the kernel has Landlock, and since 6.7 rules on ports with it. If not, the reason is said.
fn landlock() -> (bool, bool) {
    let modules = fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    let has_files = modules.split(',').any(|module| module.trim() == "landlock");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let has_ports = has_files && version >= (6, 7);
    if !has_files {
        println!("skipped in part: /sys/kernel/security/lsm has no landlock: {modules:?}");
    } else if !has_ports {
        println!("skipped in part: Landlock of Linux {release} has no rules on ports");
    }
    (has_files, has_ports)
}

fn try_deed(deed: &str, folder: &Path, ports: [u16; 2]) -> Output {
    let name = "confinement::confinement_child";
    Command::new(std::env::current_exe().unwrap())
        // One thread: the deed is done in the one that is confined, which is what ocod has.
        .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
        .env(DEED, deed)
        .env(FOLDER, folder)
        .env(PORTS, format!("{} {}", ports[0], ports[1]))
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap()
}

#[test]
fn what_ocod_gives_up_it_can_not_do() {
    let _turn = crate::turn();
    let (has_files, has_ports) = landlock();
    for (deed, end) in DEEDS {
        let scene = Scene::beside();
        let folder = scene.status();
        fs::write(folder.join("file"), "content").unwrap();
        symlink("/etc/passwd", folder.join("link")).unwrap();
        // Both are free once dropped, and nobody else asks for them in the moment.
        let free = || TcpListener::bind("127.0.0.1:0").unwrap();
        let ports = [free(), free()].map(|listener| listener.local_addr().unwrap().port());
        let output = try_deed(deed, &folder, ports);
        let stdout = String::from_utf8_lossy(&output.stdout);
        let case =
            format!("{deed}: {:?}\n{stdout}{}", output.status, String::from_utf8_lossy(&output.stderr));
        let needs_landlock = *end == End::Denied;
        if needs_landlock && !(if deed.starts_with("bind") { has_ports } else { has_files }) {
            println!("skipped: {deed}");
            continue;
        }
        if has_ports {
            assert!(stdout.contains("missing: .") || stdout.contains("a part of Landlock"), "{case}");
        }
        let word = match end {
            End::Works => "works",
            End::Denied => "EACCES",
            End::Unknown => "ENOSYS",
            End::Killed => {
                let signal = output.status.signal().and_then(|number| Signal::try_from(number).ok());
                assert_eq!(signal, Some(Signal::SIGSYS), "{case}");
                assert!(stdout.contains("missing: ") && !stdout.contains("deed: "), "{case}");
                ""
            }
        };
        if !word.is_empty() {
            assert!(stdout.contains(&format!("deed: {word}\n")), "{case}");
        }
        println!("{deed}: {end:?}");
        assert_eq!(fs::read_to_string(folder.join("file")).unwrap(), "content", "{case}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "{case}");
    }
}

/// The deeds that are denied work without the confinement, or their denial would prove nothing.
#[test]
fn unconfined_the_deeds_work() {
    let _turn = crate::turn();
    let scene = Scene::beside();
    assert!(fs::read("/etc/passwd").is_ok() && fs::read_dir("/etc").is_ok());
    assert!(fs::create_dir(scene.path("new")).is_ok());
    assert!(TcpListener::bind("127.0.0.1:0").is_ok());
    assert!(Command::new("true").status().is_ok_and(|status| status.success()));
    let refused = TcpStream::connect("127.0.0.1:1").map_err(|error| error.kind());
    assert!(!matches!(refused, Err(ErrorKind::Unsupported)));
}

#[test]
fn ocod_is_confined_and_nobody() {
    let _turn = crate::turn();
    let scene = Scene::beside();
    scene.check("x", "200\n");
    let mut arguments = vec!["-l", "127.0.0.1:0"];
    arguments.extend(crate::daemon::unprivileged(&scene));
    let ocod = Ocod::start_with(&scene, &arguments);
    ocod.expect("200 OK oco");
    let of = |name: &str| status(ocod.pid(), name);
    assert_eq!([of("Seccomp"), of("NoNewPrivs"), of("Threads")], ["2", "1", "1"]);
    if !geteuid().is_root() {
        println!("skipped in part: only root can start ocod as somebody else");
        return;
    }
    let nobody = User::from_name("nobody").unwrap().unwrap();
    let all = |id: u32| format!("{id}\t{id}\t{id}\t{id}");
    assert_eq!(of("Uid"), all(nobody.uid.as_raw()));
    assert_eq!(of("Gid"), all(nobody.gid.as_raw()));
    assert_eq!(of("Groups"), nobody.gid.as_raw().to_string());
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(of(set), "0000000000000000", "{set}");
    }
}
