//! The floor: hyper with nothing behind it. It reads a request whole and answers with the same octets each time, on one
//! thread, as ocoboard does.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::path::Path;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use nix::libc;

use crate::Result;

/// As ocoboard has it.
const BACKLOG: i32 = 4096;

/// Answers at `address` with what the file at `path` holds, until it is killed.
pub fn run(address: SocketAddr, path: &Path) -> Result<()> {
    let body = Bytes::from(std::fs::read(path)?);
    let listener = std::net::TcpListener::bind(address)?;
    // SAFETY: listen takes no addresses; a second call changes the backlog.
    nix::Error::result(unsafe { libc::listen(listener.as_raw_fd(), BACKLOG) })?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            let _ = stream.set_nodelay(true);
            let body = body.clone();
            tokio::task::spawn_local(async move {
                let service = service_fn(move |request| answer(request, body.clone()));
                // Who goes early has gone.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

async fn answer(
    request: Request<Incoming>,
    body: Bytes,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(body));
    let kind = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}
