//! The members of an Alertmanager cluster, each told by a thread of its own: one that is away or slow holds up neither
//! the others nor the loop. Of each object only the newest post waits for a member.
//!
//! What is told, and when, is decided in [`decide::alertmanager`](crate::decide::alertmanager).

mod body;
mod request;
mod thread;

#[cfg(test)]
mod tests;

use crate::decide::alertmanager::Post;
use crate::http_post::Endpoint;
use oco_fleet::object::ObjectName;
use rustls::ClientConfig;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What the loop is told of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It can't be told, for this reason, and is tried again. Told once an episode.
    Failing(String),
    /// It is told again.
    Recovered,
}

/// The members.
pub struct Alertmanagers {
    members: Vec<Member>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// A member, and the loop's end of its queue.
#[derive(Debug)]
struct Member {
    url: String,
    source: Option<String>,
    shared: Arc<Shared>,
}

/// What both sides see. Nobody holds the lock while anything is sent.
#[derive(Debug)]
struct Shared {
    state: Mutex<Inner>,
    /// There is something to send, or it is time to end.
    work: Condvar,
}

/// Where a member is, or why it can't be told.
type Place = Arc<Result<Endpoint, String>>;

#[derive(Debug)]
struct Inner {
    place: Place,
    pending: BTreeMap<ObjectName, Arc<Post>>,
    /// The last one that was not taken yet. Between two looks of the loop a whole episode may come and go.
    event: Option<Event>,
    is_ending: bool,
}

impl Shared {
    fn new(place: Place) -> Shared {
        let inner = Inner { place, pending: BTreeMap::new(), event: None, is_ending: false };
        Shared { state: Mutex::new(inner), work: Condvar::new() }
    }

    /// A panic of the other side while it held the lock leaves nothing half done that matters.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Alertmanagers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alertmanagers").field("members", &self.members).finish_non_exhaustive()
    }
}

impl Alertmanagers {
    /// No member. `wake` is called by the threads when there are events; it must not wait.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Alertmanagers {
        Alertmanagers { members: Vec::new(), wake: Arc::new(wake) }
    }

    /// These are the members from now on; alerts name `source` as where they come from. Those that were there already go
    /// on. `tls` is what sessions of https need from now on, or why there are none.
    ///
    /// # Errors
    /// There are no threads to be had, and then fewer members.
    pub fn set(
        &mut self,
        urls: &[String],
        source: Option<&str>,
        tls: &Result<Arc<ClientConfig>, String>,
    ) -> io::Result<()> {
        self.members.retain(|member| urls.contains(&member.url) && member.source.as_deref() == source);
        for url in urls {
            let place = Arc::new(Endpoint::new(url, request::PATH, tls));
            if let Some(member) = self.members.iter().find(|member| member.url == *url) {
                member.shared.lock().place = place;
                continue;
            }
            let (shared, wake) = (Arc::new(Shared::new(place)), Arc::clone(&self.wake));
            let of_thread = Arc::clone(&shared);
            let source = source.map(str::to_owned);
            let of_alerts = source.clone();
            std::thread::Builder::new()
                .name("alertmanager".to_owned())
                .spawn(move || thread::run(&of_thread, of_alerts.as_deref(), &*wake))?;
            self.members.push(Member { url: url.clone(), source, shared });
        }
        Ok(())
    }

    /// Has each member told.
    pub fn post(&self, posts: Vec<Post>) {
        let posts: Vec<Arc<Post>> = posts.into_iter().map(Arc::new).collect();
        for member in &self.members {
            let mut inner = member.shared.lock();
            for post in &posts {
                inner.pending.insert(post.name.clone(), Arc::clone(post));
            }
            drop(inner);
            member.shared.work.notify_one();
        }
    }

    /// What happened to members since the last call.
    pub fn take_events(&self) -> Vec<(&str, Event)> {
        let event = |member: &Member| member.shared.lock().event.take();
        self.members.iter().filter_map(|member| Some((member.url.as_str(), event(member)?))).collect()
    }
}

impl Drop for Member {
    /// The thread ends when the request that is under way is over.
    fn drop(&mut self) {
        self.shared.lock().is_ending = true;
        self.shared.work.notify_one();
    }
}
