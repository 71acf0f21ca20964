//! ocowatch, as the board speaks to it by its control socket.
//!
//! Reports of all clients go over one connection: while one line is being answered, what comes meanwhile makes the next
//! one, so that a burst costs few lines and a single report no delay. Other orders have a connection each.
//!
//! # Invariants
//!
//! - Each order is answered within [`WATCHER_TIME`] of its turn, by the watcher or by the word that it is away.
//! - What waits is bounded: beyond that the watcher counts as away.

mod batch;
pub mod connector;

use crate::limits::{
    BATCH_OCTETS, ORDERS_AT_ONCE, REFUSAL_OCTETS, REPLY_OCTETS, WAITING_OCTETS, WATCHER_TIME,
};
use batch::{Job, Waiting};
use connector::Connector;
use oco::logic::control::{FleetOrder, Refusal, ReportReply, Request, VERSION};
use oco::system::words::words;
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::timeout;

/// What is told of an order that was given, and not answered.
const MAY_BE_DONE: &str = "it may have been done";

/// The way to ocowatch.
#[derive(Debug, Clone)]
pub struct Watcher {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    connector: Connector,
    /// The connector has died.
    lost: Notify,
    waiting: RefCell<Waiting>,
    has_work: Notify,
    places: Semaphore,
}

/// Why ocowatch did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDone {
    /// It is away, hangs, or has more to do than it can; why.
    Away(String),
    /// It says why.
    Refused(String),
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotDone::Away(why) => write!(f, "the watcher is away: {why}"),
            NotDone::Refused(why) => f.write_str(why),
        }
    }
}

impl Watcher {
    /// The one whom this connects to. To be called within the runtime; nothing is connected yet.
    pub fn new(connector: Connector) -> Watcher {
        let inner = Rc::new(Inner {
            connector,
            lost: Notify::new(),
            waiting: RefCell::default(),
            has_work: Notify::new(),
            places: Semaphore::new(ORDERS_AT_ONCE),
        });
        tokio::task::spawn_local(carry(Rc::clone(&inner)));
        Watcher { inner }
    }

    /// Hands reports over, each as JSON. With none it is asked whether it is there.
    ///
    /// # Errors
    /// One of them was not taken.
    pub async fn report(&self, reports: Vec<String>) -> Result<(), NotDone> {
        let (done, answer) = oneshot::channel();
        let is_taken = self.inner.waiting.borrow_mut().push(Job::new(reports, done), WAITING_OCTETS);
        if !is_taken {
            return Err(NotDone::Away("too many reports wait for it".to_owned()));
        }
        self.inner.has_work.notify_one();
        answer.await.unwrap_or_else(|_| Err(NotDone::Away("the board ends".to_owned())))
    }

    /// Gives an order whose reply is one line.
    ///
    /// # Errors
    /// It was not obeyed.
    pub async fn order<T: DeserializeOwned>(
        &self,
        order: FleetOrder,
        by: Option<String>,
        zone: Option<String>,
    ) -> Result<T, NotDone> {
        let line = self.order_line(order, by, zone).await?;
        serde_json::from_slice(&line)
            .map_err(|error| NotDone::Away(format!("a reply that is not understood: {error}")))
    }

    /// The same, with the line itself as its reply.
    ///
    /// # Errors
    /// It was not obeyed.
    pub async fn order_line(
        &self,
        order: FleetOrder,
        by: Option<String>,
        zone: Option<String>,
    ) -> Result<Vec<u8>, NotDone> {
        let request = Request { version: VERSION, by, zone, local: false, order };
        let mut line = serde_json::to_vec(&request).map_err(|error| NotDone::Away(error.to_string()))?;
        line.push(b'\n');
        let is_question = matches!(request.order, FleetOrder::Status { .. } | FleetOrder::Token { .. });
        let is_sent = Cell::new(false);
        let exchange = async {
            let _place = self.inner.places.acquire().await.map_err(io::Error::other)?;
            let mut stream = self.inner.connect().await?;
            let mut buffer = Vec::new();
            is_sent.set(true);
            exchange(&mut stream, &line, &mut buffer).await?;
            Ok(buffer)
        };
        let reply = within(exchange).await.map_err(|error| {
            let why = words(&error);
            // Who gave up waiting does not know what became of it.
            let is_open = is_sent.get() && !is_question;
            NotDone::Away(if is_open { format!("{why}; {MAY_BE_DONE}") } else { why })
        })?;
        refused(&reply).map_or(Ok(reply), Err)
    }
}

impl Watcher {
    /// Ends when nothing can be connected to any more.
    pub async fn lost(&self) {
        self.inner.lost.notified().await;
    }
}

impl Inner {
    async fn connect(&self) -> io::Result<UnixStream> {
        let connected = self.connector.connect().await;
        if connected.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            self.lost.notify_one();
        }
        connected
    }
}

/// What became of the reports of a line.
fn read_results(line: &[u8]) -> Result<ReportReply, NotDone> {
    serde_json::from_slice(line)
        .map_err(|error| NotDone::Away(format!("a reply that is not understood: {error}")))
}

async fn within<T>(exchange: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(WATCHER_TIME, exchange).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

/// Why an order was not obeyed, if a reply says that.
fn refused(line: &[u8]) -> Option<NotDone> {
    // Long replies are no refusals, and need not be read for that.
    let is_short = line.len() <= REFUSAL_OCTETS;
    let refusal = is_short.then(|| serde_json::from_slice::<Refusal>(line).ok()).flatten();
    refusal.map(|refusal| NotDone::Refused(refusal.error))
}

/// Sends a line, and reads one into `buffer`, without its end.
async fn exchange(stream: &mut UnixStream, line: &[u8], buffer: &mut Vec<u8>) -> io::Result<()> {
    stream.write_all(line).await?;
    buffer.clear();
    loop {
        let searched = buffer.len();
        if stream.read_buf(buffer).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let fresh = buffer.get(searched..).unwrap_or_default();
        if let Some(end) = fresh.iter().position(|octet| *octet == b'\n') {
            buffer.truncate(searched + end);
            return Ok(());
        }
        if buffer.len() > REPLY_OCTETS {
            return Err(io::Error::new(ErrorKind::InvalidData, "a reply without an end"));
        }
    }
}

/// Carries reports to the watcher, as long as the board lives.
async fn carry(inner: Rc<Inner>) {
    let mut stream = None;
    let mut buffer = Vec::new();
    loop {
        let batch = inner.waiting.borrow_mut().batch(BATCH_OCTETS);
        let Some(batch) = batch else {
            inner.has_work.notified().await;
            continue;
        };
        let had_stream = stream.is_some();
        let mut carried = carry_line(&inner, &mut stream, &batch.line, &mut buffer).await;
        if had_stream && carried.as_ref().is_err_and(|error| error.kind() != ErrorKind::TimedOut) {
            // A watcher that was started anew has closed the old connection. A report that comes twice is as one.
            carried = carry_line(&inner, &mut stream, &batch.line, &mut buffer).await;
        }
        let told = match carried {
            Ok(()) => refused(&buffer).map_or_else(|| read_results(&buffer), Err),
            Err(error) => Err(NotDone::Away(words(&error))),
        };
        let mut waiting = inner.waiting.borrow_mut();
        match told {
            Ok(reply) if reply.results.len() == batch.count => waiting.settle(batch, reply.results),
            Ok(_) => {
                stream = None;
                waiting.fail(&NotDone::Away("it answered something else".to_owned()));
            }
            Err(why) => {
                // Those behind it waited as long, and would wait as long again.
                waiting.fail(&why);
            }
        }
    }
}

/// The same for one line. After an error there is no connection any more.
async fn carry_line(
    inner: &Inner,
    stream: &mut Option<UnixStream>,
    line: &[u8],
    buffer: &mut Vec<u8>,
) -> io::Result<()> {
    let carried = within(async {
        let mut connected = match stream.take() {
            Some(connected) => connected,
            None => inner.connect().await?,
        };
        exchange(&mut connected, line, buffer).await?;
        Ok(connected)
    });
    *stream = Some(carried.await?);
    Ok(())
}

#[cfg(test)]
mod tests;
