//! HTTP: listeners, connections and their bounds. What is answered is [`router`](crate::router)'s.
//!
//! # Invariants
//!
//! - Every wait for a client ends: for its handshake, head, body, and for its taking what is sent.
//! - Connections are bounded, and who holds many of them keeps nobody out ([`places`]).

pub mod connection;
pub mod content;
pub mod listener;
pub mod places;
pub mod stalling;
pub mod tcp;
pub mod tls;

use crate::board::Board;
use crate::limits::{ACCEPT_PAUSE, FINISH_TIME};
use crate::race::{First, first};
use connection::Terms;
use listener::{Bound, Listener};
use log::{debug, warn};
use nix::errno::Errno;
use oco::net::accept_error::AcceptError;
use oco::system::words::words;
use places::Places;
use rustls::ServerConfig;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

/// The server, while it runs.
#[derive(Debug)]
pub struct Server {
    places: Rc<Places>,
    tls: Rc<RefCell<Option<Arc<ServerConfig>>>>,
    board: Rc<Board>,
}

impl Server {
    /// Serves from now on.
    ///
    /// # Errors
    /// A listener can't be served.
    pub fn start(bound: &[Bound], tls: Option<Arc<ServerConfig>>, board: &Rc<Board>) -> io::Result<Server> {
        let server = Server {
            places: Rc::new(Places::default()),
            tls: Rc::new(RefCell::new(tls)),
            board: Rc::clone(board),
        };
        for one in bound {
            let terms = Terms { board: Rc::clone(board), ends: board.ends.subscribe() };
            let tls = Rc::clone(&server.tls);
            tokio::task::spawn_local(accept(one.listener()?, Rc::clone(&server.places), tls, terms));
        }
        Ok(server)
    }

    /// Takes another certificate for connections from now on.
    pub fn set_tls(&self, tls: Option<Arc<ServerConfig>>) {
        *self.tls.borrow_mut() = tls;
    }

    /// Accepts nobody any more, and waits for those that are being served, for some time.
    pub async fn finish(&self) {
        self.board.ends.send_replace(true);
        let all_gone = async {
            while self.places.taken() > 0 {
                tokio::time::sleep(ACCEPT_PAUSE / 10).await;
            }
        };
        let _ = tokio::time::timeout(FINISH_TIME, all_gone).await;
    }
}

async fn accept(
    listener: Listener,
    places: Rc<Places>,
    tls: Rc<RefCell<Option<Arc<ServerConfig>>>>,
    mut terms: Terms,
) {
    loop {
        let accepted = match first(terms.ended(), listener.accept()).await {
            First::One(()) => return,
            First::Other(accepted) => accepted,
        };
        match accepted {
            Ok(accepted) => {
                let place = places.take(accepted.address).await;
                // A socket of this host needs no encryption.
                let tls = tls.borrow().clone().filter(|_| accepted.address.is_some());
                tokio::task::spawn_local(connection::serve(accepted, tls, place, terms.clone()));
            }
            Err(error) => match AcceptError::from(Errno::from_raw(error.raw_os_error().unwrap_or(0))) {
                AcceptError::WouldBlock | AcceptError::Interrupted | AcceptError::OfTheClient => {
                    debug!("accept: {}", words(&error));
                }
                AcceptError::Shortage | AcceptError::Ours => {
                    warn!("accept: {}", words(&error));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}
