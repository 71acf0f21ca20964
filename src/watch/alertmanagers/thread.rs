//! A member's thread: what waits is sent as one request, what could not be is tried again.

use super::request::{SendError, send};
use super::{Event, Place, Shared, body};
use crate::decide::alertmanager::Post;
use crate::limits::{ALERTMANAGER_BATCH, ALERTMANAGER_RETRY};
use std::sync::{Arc, PoisonError};

pub(super) fn run(shared: &Shared, source: Option<&str>, wake: &(dyn Fn() + Send + Sync)) {
    let mut is_failing = false;
    while let Some((batch, place)) = next(shared) {
        let sent = match &*place {
            Ok(endpoint) => send(endpoint, &body::body(&batch, source)),
            Err(why) => Err(SendError::Refused(why.clone())),
        };
        let event = match &sent {
            Ok(()) => is_failing.then_some(Event::Recovered),
            Err(SendError::Unreachable(why) | SendError::Refused(why)) => {
                (!is_failing).then(|| Event::Failing(why.clone()))
            }
        };
        is_failing = sent.is_err();
        if let Some(event) = event {
            shared.lock().event = Some(event);
            wake();
        }
        match sent {
            Ok(()) => {}
            // It would refuse it again; what lasts is sent anew in a minute.
            Err(SendError::Refused(_)) => {}
            Err(SendError::Unreachable(_)) => put_back(shared, batch),
        }
    }
}

/// Waits for something to send, and where. None: it is time to end.
fn next(shared: &Shared) -> Option<(Vec<Arc<Post>>, Place)> {
    let mut inner = shared.lock();
    loop {
        if inner.is_ending {
            return None;
        }
        let batch: Vec<Arc<Post>> = std::iter::from_fn(|| inner.pending.pop_first())
            .take(ALERTMANAGER_BATCH)
            .map(|(_, post)| post)
            .collect();
        if !batch.is_empty() {
            return Some((batch, Arc::clone(&inner.place)));
        }
        inner = shared.work.wait(inner).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Has a batch wait again, but for what is newer, and waits for a moment.
fn put_back(shared: &Shared, batch: Vec<Arc<Post>>) {
    let mut inner = shared.lock();
    for post in batch {
        inner.pending.entry(post.name.clone()).or_insert(post);
    }
    let still = |inner: &mut super::Inner| !inner.is_ending;
    drop(shared.work.wait_timeout_while(inner, ALERTMANAGER_RETRY, still));
}
