//! Starts children in this process. A start waits until the program is executed, which a dead file server can hold up:
//! for a program that does nothing else meanwhile.

use super::starter::{GroupSignal, NotStarted, Program, Report, Starter, command, pipes};
use super::unreaped::{Unreaped, still_living};
use super::{ChildId, sheet};
use crate::system::process::{end_of, living_groups, reap};
use mio::unix::pipe::Receiver;
use mio::{Registry, Token};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

/// Starts children from this process itself. Its loop has to wake when SIGCHLD comes.
#[derive(Debug)]
pub struct InProcess {
    registry: Registry,
    children: BTreeMap<ChildId, Unreaped>,
    news: Vec<Report>,
}

impl InProcess {
    /// A starter whose children's output wakes the poll of `registry`.
    pub fn new(registry: Registry) -> InProcess {
        InProcess { registry, children: BTreeMap::new(), news: Vec::new() }
    }
}

impl Starter for InProcess {
    type Pipe = Receiver;

    fn start(
        &mut self,
        id: ChildId,
        program: &Program,
        tokens: [Token; 2],
    ) -> Result<[Receiver; 2], NotStarted> {
        let (ours, its) = pipes(&self.registry, tokens)?;
        // Waits until it is executed.
        let input = match program.input.is_empty() {
            true => Stdio::null(),
            false => sheet::input(program).map_err(|error| NotStarted::ours(&error))?.into(),
        };
        let started = command(program, input, its).process_group(0).spawn();
        let process = started.map_err(|error| NotStarted::of(program, &error))?.id();
        self.children.insert(id, Unreaped::new(process));
        self.news.push(Report::Started(id, process));
        Ok(ours)
    }

    fn signal(&mut self, id: ChildId, signal: GroupSignal) -> io::Result<()> {
        let Some(child) = self.children.get(&id) else { return Ok(()) };
        Ok(child.signal(signal)?)
    }

    fn look(&mut self) {
        self.news.push(Report::Looked(still_living(&self.children, &living_groups())));
    }

    fn reap(&mut self, id: ChildId) {
        if let Some(child) = self.children.remove(&id) {
            reap(child.process);
        }
    }

    fn ready(&mut self) {}

    fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// Looks at every child: not only when a signal told of one, for who ended just before its time-out did not time
    /// out.
    fn reports(&mut self) -> Vec<Report> {
        let mut reports = std::mem::take(&mut self.news);
        for (id, child) in self.children.iter_mut().filter(|(_, child)| !child.has_ended) {
            if let Some(end) = end_of(child.process) {
                child.has_ended = true;
                reports.push(Report::Ended(*id, end));
            }
        }
        reports
    }
}
