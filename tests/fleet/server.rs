//! Servers on loopback that do what a test wants, and programs that run as long as the test.

use crate::scene::wait_for;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Serves each connection by `serve`, in a thread of its own.
pub fn serve(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    serve_at("127.0.0.1:0".parse().unwrap(), serve)
}

/// The same at this address.
pub fn serve_at(at: SocketAddr, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind(at).unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Says this to everybody and waits for the other side to close.
pub fn says(octets: impl Into<Vec<u8>>) -> SocketAddr {
    let octets = octets.into();
    serve(move |mut stream| {
        let _ = stream.write_all(&octets);
        while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
    })
}

/// Accepts, and says nothing until the other side closes.
pub fn silent() -> SocketAddr {
    says("")
}

/// Answers each datagram by what `answer` makes of it.
pub fn answers_datagrams(answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((count, from)) = socket.recv_from(&mut buffer) {
            if let Some(octets) = answer(&buffer[..count]) {
                let _ = socket.send_to(&octets, from);
            }
        }
    });
    address
}

/// A port of 127.0.0.1 that is free on all of `127.0.0.0/8`, for a program that can't tell which one it took.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A program that is ended with the test.
pub struct Running(std::cell::RefCell<Child>);

impl Running {
    /// Starts it, and waits until somebody listens at all of `ports` of 127.0.0.1; none, with the reason said, where it
    /// ends before.
    pub fn start(test: &str, command: &mut Command, ports: &[u16]) -> Option<Running> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) => {
                println!("skipped: {test}: {}: {error}", command.get_program().display());
                return None;
            }
        };
        let listens = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).is_ok();
        let is_up = wait_for("a server to listen", || {
            let has_ended = child.try_wait().unwrap().is_some();
            if has_ended { Some(false) } else { ports.iter().all(listens).then_some(true) }
        });
        if !is_up {
            let mut why = String::new();
            let _ = child.stderr.take().unwrap().read_to_string(&mut why);
            println!("skipped: {test}: {}: {}", command.get_program().display(), why.trim());
            return None;
        }
        Some(Running(child.into()))
    }

    pub fn signal(&self, name: &str) {
        let status =
            Command::new("kill").arg(format!("-{name}")).arg(self.0.borrow().id().to_string()).status();
        assert!(status.unwrap().success());
    }

    pub fn has_ended(&self) -> bool {
        self.0.borrow_mut().try_wait().unwrap().is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let child = self.0.get_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Whether a program is installed; says so where it is not.
pub fn has(test: &str, program: &str) -> bool {
    let found = if program.contains('/') {
        std::path::Path::new(program).exists()
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).exists())
    };
    if !found {
        println!("skipped: {test}: {program} is not installed");
    }
    found
}

/// Whether this is root; says so where it is not.
pub fn is_root(test: &str) -> bool {
    let is_root = nix::unistd::Uid::effective().is_root();
    if !is_root {
        println!("skipped: {test}: only root can do that");
    }
    is_root
}

/// A port that answers, or takes no connection at all, as a host that is cut off.
pub struct Gate {
    pub address: SocketAddr,
    is_shut: Arc<std::sync::atomic::AtomicBool>,
    /// What fills the queue of the port.
    fillers: Vec<TcpStream>,
}

impl Gate {
    pub fn new() -> Gate {
        use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
        let descriptor = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&descriptor, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        listen(&descriptor, 0).unwrap();
        let address = SocketAddr::try_from(getsockname(&descriptor).unwrap()).unwrap();
        let listener = TcpListener::from(descriptor);
        listener.set_nonblocking(true).unwrap();
        let is_shut = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let flag = Arc::clone(&is_shut);
        std::thread::spawn(move || {
            loop {
                if !flag.load(std::sync::atomic::Ordering::SeqCst) {
                    while listener.accept().is_ok() {}
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        });
        Gate { address, is_shut, fillers: Vec::new() }
    }

    /// Lets nobody in any more.
    pub fn shut(&mut self) {
        self.is_shut.store(true, std::sync::atomic::Ordering::SeqCst);
        let patience = std::time::Duration::from_millis(300);
        while let Ok(stream) = TcpStream::connect_timeout(&self.address, patience) {
            self.fillers.push(stream);
        }
    }

    /// Answers again.
    pub fn open(&mut self) {
        self.is_shut.store(false, std::sync::atomic::Ordering::SeqCst);
        self.fillers.clear();
    }
}
