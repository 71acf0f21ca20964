//! One connection, from its handshake to its end.

use super::content::Content;
use super::listener::{Accepted, Stream};
use super::places::Place;
use super::stalling::Stalling;
use super::tcp::Last;
use crate::access::Peer;
use crate::board::Board;
use crate::limits::{HEAD_OCTETS, HEAD_TIME, TLS_TIME, WRITE_TIME};
use crate::race::{First, first};
use crate::{reply, router};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use log::debug;
use rustls::ServerConfig;
use std::convert::Infallible;
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

/// Who is connected.
#[derive(Debug)]
struct Connected {
    peer: Peer,
    last: Last,
    place: Place,
}

/// Serves a connection to its end.
pub async fn serve(accepted: Accepted, tls: Option<Arc<ServerConfig>>, place: Place, terms: Terms) {
    let stream = Stalling::new(accepted.stream, WRITE_TIME);
    let client = Connected {
        peer: Peer { address: accepted.address, is_tls: tls.is_some() },
        last: accepted.last,
        place,
    };
    match tls {
        None => exchange(stream, client, terms).await,
        // Apart: who comes in the clear has not the room of a connection that is encrypted.
        Some(tls) => Box::pin(encrypted(stream, tls, client, terms)).await,
    }
}

/// The same for a connection that begins with a handshake.
async fn encrypted(stream: impl Stream, tls: Arc<ServerConfig>, client: Connected, terms: Terms) {
    let accepted = timeout(TLS_TIME, TlsAcceptor::from(tls).accept(stream));
    match first(client.place.to_leave(), accepted).await {
        First::Other(Ok(Ok(stream))) => exchange(stream, client, terms).await,
        First::Other(Ok(Err(error))) => debug!("tls: {error}"),
        First::Other(Err(_)) | First::One(()) => debug!("tls: no handshake in time"),
    }
}

async fn exchange(stream: impl Stream, client: Connected, mut terms: Terms) {
    let client = Rc::new(client);
    let board = Rc::clone(&terms.board);
    let of_service = Rc::clone(&client);
    let service = service_fn(move |request: Request<Incoming>| {
        let (board, client) = (Rc::clone(&board), Rc::clone(&of_service));
        async move {
            let is_last = is_last(&request);
            client.place.set_busy(true);
            let mut reply = router::route(&board, (client.peer, &client.place), request).await;
            client.place.set_busy(false);
            if is_last && matches!(reply.body(), Content::Whole(_)) {
                // Said here, so that the connection does end.
                reply = reply::with(reply, CONNECTION, "close");
                client.last.set();
            }
            Ok::<_, Infallible>(reply)
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
                false => first(client.place.to_leave(), terms.ended()).await,
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

/// Whether the client asks for nothing after this.
fn is_last(request: &Request<Incoming>) -> bool {
    let mut said = request.headers().get_all(CONNECTION).iter();
    let says = |value: &HeaderValue, what| value.to_str().is_ok_and(|words| words.eq_ignore_ascii_case(what));
    match request.version() {
        Version::HTTP_10 => !said.any(|value| says(value, "keep-alive")),
        _ => said.any(|value| says(value, "close")),
    }
}
