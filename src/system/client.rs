//! Connections that we begin, over TCP, which may wait.

use nix::errno::Errno;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Connects to `address` within this time.
///
/// # Errors
/// As connect(2); `ConnectionRefused` also where the connection would be one to itself.
pub fn connect(address: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
    refuse_itself(TcpStream::connect_timeout(&address, timeout)?)
}

fn refuse_itself(stream: TcpStream) -> io::Result<TcpStream> {
    if is_itself(stream.local_addr()?, stream.peer_addr()?) {
        return Err(Errno::ECONNREFUSED.into());
    }
    Ok(stream)
}

/// Whether a socket at `ours` that was connected to `to` is connected to itself. Where nobody listens on a port of this
/// host that the kernel may choose for our end, it may choose that very one, and the handshake succeeds.
pub fn is_itself(ours: SocketAddr, to: SocketAddr) -> bool {
    // Who connects to no address at all reaches this host.
    ours.port() == to.port() && (ours.ip() == to.ip() || to.ip().is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn a_closed_port_is_refused_where_the_connection_would_be_one_to_itself() {
        use rustix::net::{AddressFamily, SocketType, bind, connect, getsockname, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
        connect(&socket, &address).unwrap();
        let error = refuse_itself(TcpStream::from(socket)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(is_itself(address, (Ipv4Addr::UNSPECIFIED, address.port()).into()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        super::connect(listener.local_addr().unwrap(), Duration::from_secs(30)).unwrap();
    }
}
