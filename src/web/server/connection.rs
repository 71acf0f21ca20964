//! One connection, from its handshake to its end.

use super::content::Content;
use super::listener::Stream;
use super::places::Place;
use super::stalling::Stalling;
use crate::access::Peer;
use crate::board::Board;
use crate::limits::{HEAD_OCTETS, HEAD_TIME, TLS_TIME, WRITE_TIME};
use crate::race::{First, first};
use crate::router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use log::debug;
use rustls::ServerConfig;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// What all connections have in common.
#[derive(Debug, Clone)]
pub struct Terms {
    /// What requests share.
    pub board: Rc<Board>,
    /// Whether the server ends.
    pub ends: watch::Receiver<bool>,
}

impl Terms {
    /// Ends when the server does.
    pub async fn ended(&mut self) {
        // Where nobody can tell any more, it has ended.
        let _ = self.ends.wait_for(|ends| *ends).await;
    }
}

/// Serves a connection to its end.
pub async fn serve(
    stream: Box<dyn Stream>,
    tls: Option<Arc<ServerConfig>>,
    address: Option<IpAddr>,
    place: Place,
    terms: Terms,
) {
    let stream = Stalling::new(stream, WRITE_TIME);
    let peer = Peer { address, is_tls: tls.is_some() };
    match tls {
        None => exchange(stream, peer, place, terms).await,
        // Apart: who comes in the clear has not the room of a connection that is encrypted.
        Some(tls) => Box::pin(encrypted(stream, tls, peer, place, terms)).await,
    }
}

/// The same for a connection that begins with a handshake.
async fn encrypted(stream: impl Stream, tls: Arc<ServerConfig>, peer: Peer, place: Place, terms: Terms) {
    match first(place.to_leave(), timeout(TLS_TIME, TlsAcceptor::from(tls).accept(stream))).await {
        First::Other(Ok(Ok(stream))) => exchange(stream, peer, place, terms).await,
        First::Other(Ok(Err(error))) => debug!("tls: {error}"),
        First::Other(Err(_)) | First::One(()) => debug!("tls: no handshake in time"),
    }
}

async fn exchange(stream: impl Stream, peer: Peer, place: Place, mut terms: Terms) {
    let place = Rc::new(place);
    let board = Rc::clone(&terms.board);
    let of_service = Rc::clone(&place);
    let service = service_fn(move |request: Request<Incoming>| {
        let (board, place) = (Rc::clone(&board), Rc::clone(&of_service));
        async move {
            place.set_busy(true);
            let response: Response<Content> = router::route(&board, (peer, &place), request).await;
            place.set_busy(false);
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD_OCTETS);
    // A client that has said all it has to say, and closes its half, waits for its answer.
    builder.half_close(true);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut is_ending = false;
    loop {
        let stop = async {
            match is_ending {
                true => std::future::pending().await,
                false => first(place.to_leave(), terms.ended()).await,
            }
        };
        match first(connection.as_mut(), stop).await {
            First::One(ended) => {
                if let Err(error) = ended {
                    debug!("http: {error}");
                }
                return;
            }
            // Another one needs the place.
            First::Other(First::One(())) => return,
            First::Other(First::Other(())) => {
                connection.as_mut().graceful_shutdown();
                is_ending = true;
            }
        }
    }
}
