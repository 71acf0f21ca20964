//! What is sent as the body of an answer: all of it at once, or piece by piece as it happens.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// The body of an answer.
#[derive(Debug)]
pub enum Content {
    /// All of it.
    Whole(Option<Bytes>),
    /// Pieces, until their sender has gone.
    Stream(mpsc::Receiver<Bytes>),
}

impl From<Vec<u8>> for Content {
    fn from(octets: Vec<u8>) -> Content {
        Content::Whole((!octets.is_empty()).then(|| octets.into()))
    }
}

impl From<String> for Content {
    fn from(text: String) -> Content {
        text.into_bytes().into()
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Content::Whole(octets) => Poll::Ready(octets.take().map(|octets| Ok(Frame::data(octets)))),
            Content::Stream(pieces) => {
                pieces.poll_recv(context).map(|piece| piece.map(|octets| Ok(Frame::data(octets))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Content::Whole(octets) => octets.is_none(),
            Content::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Content::Whole(octets) => {
                let octets = octets.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(octets).unwrap_or(u64::MAX))
            }
            Content::Stream(_) => SizeHint::default(),
        }
    }
}
