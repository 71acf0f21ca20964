//! The sockets, the sleep and the clocks, as the daemon calls for them.

use super::{EVENTS, Kernel, Shared};
use crate::network::{ClientId, Failure, PortId};
use mio::{Interest, Token};
use nix::errno::Errno;
use oco::logic::time::Now;
use oco::system::sockets::{Sleep, Sockets};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::RawFd;

#[derive(Debug)]
pub struct ModelListener {
    id: PortId,
    kernel: Shared,
}

impl Drop for ModelListener {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.kernel.borrow().network.close_port(self.id);
        }
    }
}

/// A connection of the daemon.
#[derive(Debug)]
pub struct ModelStream {
    id: ClientId,
    kernel: Shared,
}

impl Drop for ModelStream {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let mut kernel = self.kernel.borrow();
            let now = kernel.clock.now.boot;
            kernel.network.close(self.id, now);
        }
    }
}

/// The sockets, as the daemon calls for them.
#[derive(Debug)]
pub struct ModelSockets(pub Shared);

impl Sockets for ModelSockets {
    type Listener = ModelListener;
    type Stream = ModelStream;

    fn now(&mut self) -> Now {
        let mut kernel = self.0.borrow();
        kernel.end_refresh();
        kernel.pass_a_moment();
        kernel.clock.told = kernel.clock.now;
        kernel.clock.told
    }

    fn secret(&mut self) -> u64 {
        7
    }

    fn wait(&mut self, _: Sleep, ready: &mut Vec<Token>) -> io::Result<()> {
        let mut kernel = self.0.borrow();
        kernel.end_refresh();
        let all = !kernel.random.once_in(4);
        let spurious = if kernel.random.once_in(8) { Some(kernel.random.below(1000)) } else { None };
        kernel.network.take_edges(all, spurious, ready);
        if let Some(token) = kernel.events
            && kernel.disk.take_edge()
        {
            ready.push(token);
        }
        Ok(())
    }

    fn bind(&mut self, address: SocketAddr, _: bool) -> nix::Result<ModelListener> {
        let id = self.0.borrow().network.bind(address);
        Ok(ModelListener { id, kernel: self.0.clone() })
    }

    fn address(&self, listener: &ModelListener) -> io::Result<SocketAddr> {
        Ok(self.0.borrow().network.ports[&listener.id].address)
    }

    fn stop_listening(&mut self, listener: &ModelListener) {
        self.0.borrow().network.stop_listening(listener.id);
    }

    fn hold_port(&mut self, listener: &ModelListener) {
        let mut kernel = self.0.borrow();
        kernel.reached.count("ports shut");
        kernel.network.stop_listening(listener.id);
    }

    fn listen_again(&mut self, listener: &ModelListener) -> nix::Result<()> {
        let mut kernel = self.0.borrow();
        kernel.reached.count("ports opened");
        kernel.network.listen_again(listener.id);
        Ok(())
    }

    fn accept(&mut self, listener: &ModelListener) -> io::Result<(ModelStream, SocketAddr)> {
        let mut kernel = self.0.borrow();
        if kernel.random.once_in(40) {
            let errno = kernel.random.pick(&[Errno::ECONNABORTED, Errno::EINTR, Errno::EPROTO]);
            kernel.reached.count("failures to accept");
            return Err(errno.into());
        }
        kernel.pass_a_moment();
        if !kernel.is_calm && kernel.random.once_in(8) {
            kernel.connect_late(listener.id);
        }
        let now = kernel.clock.now.boot;
        let (id, address) = kernel.network.accept(listener.id, now).map_err(io_error)?;
        let client = SocketAddr::from((Ipv4Addr::new(192, 0, 2, address), 1024));
        Ok((ModelStream { id, kernel: self.0.clone() }, client))
    }

    fn send(&mut self, stream: &ModelStream, octets: &[u8], _: bool) -> nix::Result<usize> {
        let mut kernel = self.0.borrow();
        kernel.end_refresh();
        let Kernel { network, oracle, judge, clock, .. } = &mut *kernel;
        let client = &network.clients[&stream.id];
        if client.promised.is_none() {
            let port = network.ports.get(&client.port).map(|port| port.address);
            judge.octets(octets, client, port, oracle, clock.now);
        }
        network.send(stream.id, octets, clock.now.boot).map_err(errno)
    }

    fn finish(&mut self, stream: &ModelStream) -> io::Result<()> {
        let mut kernel = self.0.borrow();
        let now = kernel.clock.now.boot;
        kernel.network.finish(stream.id, now).map_err(io_error)
    }

    fn receive(&mut self, stream: &mut ModelStream, buffer: &mut [u8]) -> io::Result<usize> {
        let mut kernel = self.0.borrow();
        kernel.pass_a_moment();
        kernel.network.receive(stream.id, buffer).map_err(io_error)
    }

    fn send_early(&mut self, _: &ModelStream) {}

    fn register_listener(&mut self, listener: &mut ModelListener, token: Token) -> io::Result<()> {
        self.0.borrow().network.register_port(listener.id, token);
        Ok(())
    }

    fn register_stream(
        &mut self,
        stream: &mut ModelStream,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.0.borrow().network.register(stream.id, token, interest);
        Ok(())
    }

    fn deregister_stream(&mut self, stream: &mut ModelStream) -> io::Result<()> {
        self.0.borrow().network.deregister(stream.id);
        Ok(())
    }

    fn register_descriptor(&mut self, descriptor: RawFd, token: Token, _: Interest) -> io::Result<()> {
        // Nothing is logged here that could wait.
        assert_eq!(descriptor, EVENTS);
        self.0.borrow().events = Some(token);
        Ok(())
    }

    fn deregister_descriptor(&mut self, _: RawFd) -> io::Result<()> {
        Ok(())
    }
}

fn errno(failure: Failure) -> Errno {
    match failure {
        Failure::WouldBlock => Errno::EAGAIN,
        Failure::Reset => Errno::ECONNRESET,
        Failure::NoDescriptors => Errno::EMFILE,
    }
}

fn io_error(failure: Failure) -> io::Error {
    errno(failure).into()
}
