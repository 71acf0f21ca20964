//! A running `ocod`, and asking it.

use crate::scene::{PATIENCE, Scene, wait_for};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

/// A daemon that is ended with the test.
pub struct Ocod {
    child: Child,
    log: Arc<Mutex<String>>,
    /// Where it listens, in the order of its log.
    pub addresses: Vec<SocketAddr>,
}

impl Ocod {
    /// Starts it in `scene` on a free port of 127.0.0.1.
    pub fn start(scene: &Scene) -> Ocod {
        Ocod::start_with(scene, &["-l", "127.0.0.1:0"])
    }

    /// Starts it with these arguments.
    pub fn start_with(scene: &Scene, arguments: &[&str]) -> Ocod {
        Ocod::spawn(scene.ocod(arguments))
    }

    /// Starts `command`, which has to become ocod, and waits until it has made its first answer.
    pub fn spawn(mut command: Command) -> Ocod {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("start ocod");
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut log = kept.lock().expect("nobody panics with the lock");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut ocod = Ocod { child, log, addresses: Vec::new() };
        wait_for("the first answer in the log", || {
            let exit = ocod.child.try_wait().expect("wait for ocod");
            assert!(exit.is_none(), "ocod ended: {exit:?}\n{}", ocod.log());
            ocod.log()
                .lines()
                .any(|line| line.contains("info: ") && line.contains(" oco-0.") && !line.contains("starting"))
                .then_some(())
        });
        ocod.addresses = ocod.listening();
        ocod
    }

    /// The addresses in its log.
    pub fn listening(&self) -> Vec<SocketAddr> {
        let log = self.log();
        log.lines().filter_map(|line| line.split("listening on ").nth(1)?.parse().ok()).collect()
    }

    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panics with the lock").clone()
    }

    /// The log, once it has that. What is answered may be logged a moment later, so a test that looks for a line waits
    /// for it.
    pub fn wait_for_log(&self, text: &str) -> String {
        wait_for(&format!("{text:?} in the log:\n{}", self.log()), || {
            let log = self.log();
            log.contains(text).then_some(log)
        })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// What it answers now, without the line's end.
    pub fn ask(&self) -> String {
        ask(self.address())
    }

    /// Asserts that the answer is this line, with this program's version in place of `oco`.
    #[track_caller]
    pub fn expect(&self, line: &str) {
        assert_eq!(self.ask(), answer(line), "log:\n{}", self.log());
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(status.expect("run kill").success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        wait_for("ocod to end", || self.child.try_wait().expect("wait for ocod"))
    }
}

impl Drop for Ocod {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A line of the contract with this program's version: `200 OK oco` becomes `200 OK oco-0.2.0`.
pub fn answer(line: &str) -> String {
    let program = concat!("oco-", env!("CARGO_PKG_VERSION"));
    match line.split_once(" oco ") {
        Some((state, list)) => format!("{state} {program} {list}"),
        None => format!("{} {program}", line.strip_suffix(" oco").expect("a line with ` oco`")),
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("connect to ocod");
    stream.set_read_timeout(Some(PATIENCE)).expect("set a time-out");
    stream
}

/// Connects from this address of the loopback network.
pub fn connect_from(client: [u8; 4], address: SocketAddr) -> TcpStream {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};
    use std::os::fd::AsRawFd;
    let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
    let [a, b, c, d] = client;
    bind(socket.as_raw_fd(), &SockaddrIn::new(a, b, c, d, 0)).unwrap();
    connect(socket.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, address.port())).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("set a time-out");
    stream
}

/// Reads to the end, demands one line, and returns it without its end.
pub fn read_line(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("read the answer to its end");
    let line = answer.strip_suffix("\r\n").unwrap_or_else(|| panic!("no CRLF at the end of {answer:?}"));
    assert!(!line.contains('\n') && answer.len() <= 512, "{answer:?}");
    line.to_owned()
}

pub fn ask(address: SocketAddr) -> String {
    read_line(&mut connect(address))
}

/// Sends `request` at once, half-closes if told, and reads the answer.
pub fn ask_with(address: SocketAddr, request: &[u8], half_close: bool) -> String {
    let mut stream = connect(address);
    stream.write_all(request).expect("send the request");
    if half_close {
        stream.shutdown(Shutdown::Write).expect("half-close");
    }
    read_line(&mut stream)
}
