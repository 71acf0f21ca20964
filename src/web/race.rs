//! Whichever of two comes first.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// What came first.
#[derive(Debug)]
pub enum First<A, B> {
    /// The one.
    One(A),
    /// The other one.
    Other(B),
}

/// Waits for one of both; of two that are there the first.
pub async fn first<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> First<A, B> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| {
        if let Poll::Ready(one) = one.as_mut().poll(context) {
            return Poll::Ready(First::One(one));
        }
        other.as_mut().poll(context).map(First::Other)
    })
    .await
}
