//! A real proxy before a board, with the file of etc for it, and curl as who comes to it.

use crate::scene::{Scene, wait_for};
use crate::watcher::Running;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// What the example calls the board.
const HOST: &str = "board.example.org";

/// A proxy that runs.
pub struct Front {
    running: Running,
    https: u16,
    http: u16,
    authority: PathBuf,
}

/// An answer as curl has it.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// A file of etc with what this test replaces in it. Each has to be there: what is loaded is the file that is handed out.
#[track_caller]
pub fn adapted(file: &str, changes: &[(&str, String)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../etc").join(file);
    let mut text = std::fs::read_to_string(path).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{old:?} is not in etc/{file}");
        text = text.replace(old, new);
    }
    text
}

/// Whether all of these programs are there. Says which is not.
pub fn have(test: &str, programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| find(program).is_none());
    if let Some(program) = missing {
        println!("skipped: {test}: no {program}");
    }
    missing.is_none()
}

/// Where a program is; Debian has some where a normal user does not look. HAProxy may be that of another release.
pub fn find(program: &str) -> Option<PathBuf> {
    if let Some(other) = std::env::var_os("OCO_HAPROXY").filter(|_| program == "haproxy") {
        return Some(other.into());
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&format!("{path}:/usr/sbin:/sbin")).collect();
    folders.into_iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// A port that is free.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Makes a certificate for the board: `board.crt` and `board.key` in `folder`.
pub fn certify(folder: &Path) {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    openssl.args(["-days", "2", "-subj", &format!("/CN={HOST}"), "-addext"]);
    openssl.arg(format!("subjectAltName=DNS:{HOST}")).arg("-keyout").arg(folder.join("board.key"));
    let made = openssl.arg("-out").arg(folder.join("board.crt")).stderr(Stdio::null()).status();
    assert!(made.unwrap().success());
}

impl Said {
    /// The value of a header; empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        let values = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = values.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.trim_end())
    }
}

impl Front {
    /// The port that speaks TLS.
    pub fn port(&self) -> u16 {
        self.https
    }

    /// Starts it, and waits until it listens on both of its ports.
    pub fn start(command: Command, (https, http): (u16, u16), authority: PathBuf) -> Front {
        let mut running = Running::spawn(command);
        for port in [https, http] {
            wait_for("the proxy to listen", || {
                let ended = running.has_ended();
                assert!(ended.is_none(), "it ended: {ended:?}\n{}", running.log());
                TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).ok()
            });
        }
        Front { running, https, http, authority }
    }

    fn curl(&self, from: &str) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60", "--interface", from]);
        for port in [self.https, self.http] {
            curl.args(["--resolve", &format!("{HOST}:{port}:127.0.0.1")]);
        }
        curl.arg("--cacert").arg(&self.authority);
        curl
    }

    /// What is there by https for somebody at `from`, with these further arguments of curl.
    #[track_caller]
    pub fn ask(&self, from: &str, path: &str, arguments: &[&str]) -> Said {
        self.fetch(from, &format!("https://{HOST}:{}{path}", self.https), arguments)
    }

    /// The same without TLS.
    #[track_caller]
    pub fn ask_in_the_clear(&self, path: &str, arguments: &[&str]) -> Said {
        self.fetch("127.0.0.2", &format!("http://{HOST}:{}{path}", self.http), arguments)
    }

    #[track_caller]
    fn fetch(&self, from: &str, url: &str, arguments: &[&str]) -> Said {
        let output =
            self.curl(from).args(["--include", "--http1.1"]).args(arguments).arg(url).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        // A word in between comes with a head of its own.
        let mut rest = text.as_str();
        while let Some(behind) = rest.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n") {
            rest = behind;
        }
        let (head, body) = rest
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{url}: {text}{complaint}\n{}", self.running.log()));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Said { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Pushes as the server `name` at `from`.
    #[track_caller]
    pub fn push(&self, from: &str, name: &str, services: &str, arguments: &[&str]) -> Said {
        let body = format!(
            r#"{{"server": {{"name": "{name}", "key": "k"}}, "period": 60, "services": [{services}]}}"#
        );
        let json = ["--header", "Content-Type: application/json", "--data", &body];
        self.ask(from, "/api/set/service/status", &[&json, arguments].concat())
    }

    /// The lines of the events, as they come. The client ends with what is returned first.
    pub fn listen(&self, from: &str, arguments: &[&str]) -> (Running, Receiver<String>) {
        let mut curl = self.curl(from);
        curl.arg("--no-buffer").args(arguments);
        curl.arg(format!("https://{HOST}:{}/api/v1/events", self.https));
        let (mut running, stdout) = Running::heard(curl);
        assert!(running.has_ended().is_none());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        (running, lines)
    }
}

/// nginx with etc/nginx/ocoboard.conf before a socket, and `anna` with the password `secret`.
pub fn nginx(scene: &Scene, socket: &Path) -> Front {
    let folder = scene.path("nginx");
    std::fs::create_dir(&folder).unwrap();
    certify(&folder);
    std::fs::write(folder.join("board.users"), "anna:{PLAIN}secret\n").unwrap();
    let ports = (free_port(), free_port());
    let text = adapted(
        "nginx/ocoboard.conf",
        &[
            ("listen [::]:80;", String::new()),
            ("listen [::]:443 ssl;", String::new()),
            ("listen 80;", format!("listen 127.0.0.1:{};", ports.1)),
            ("listen 443 ssl;", format!("listen 127.0.0.1:{} ssl;", ports.0)),
            ("/etc/nginx/", format!("{}/", folder.display())),
            ("unix:/run/oco-board/web", format!("unix:{}", socket.display())),
        ],
    );
    let at = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {at}/{kind};\n"))
        .concat();
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log stderr;\nevents {{ }}\n\
         http {{\naccess_log off;\n{temporary}\n{text}\n}}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, whole).unwrap();
    let mut command = Command::new(find("nginx").unwrap());
    command.arg("-p").arg(&folder).arg("-c").arg(file).args(["-e", "stderr"]);
    Front::start(command, ports, folder.join("board.crt"))
}

/// HAProxy with etc/haproxy/ocoboard.cfg before a port.
pub fn haproxy(scene: &Scene, board: SocketAddr) -> Front {
    let folder = scene.path("haproxy");
    std::fs::create_dir(&folder).unwrap();
    certify(&folder);
    let part = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    std::fs::write(folder.join("board.pem"), part("board.crt") + &part("board.key")).unwrap();
    let ports = (free_port(), free_port());
    let text = adapted(
        "haproxy/ocoboard.cfg",
        &[
            ("bind :::80 v4v6", format!("bind 127.0.0.1:{}", ports.1)),
            ("bind :::443 v4v6", format!("bind 127.0.0.1:{}", ports.0)),
            ("/etc/haproxy/", format!("{}/", folder.display())),
            ("127.0.0.1:7980", board.to_string()),
        ],
    );
    let file = folder.join("haproxy.cfg");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(find("haproxy").unwrap());
    command.args(["-db", "-f"]).arg(file);
    Front::start(command, ports, folder.join("board.crt"))
}
