//! One child: what is to be done when is [`Plugin`]'s to say, and here it is done.

use super::output::Output;
use super::starter::{GroupSignal, NotStarted, Starter};
use super::{ChildEvent, ChildId, Class, Ended, Job, Looks};
use crate::limits::GROUP_LOOK;
use crate::logic::plugin::{Action, Plugin, PluginEvent};
use crate::logic::plugin_result::Run;
use crate::logic::time::Nanos;
use std::io::{self, Read};

/// One child: its job, its process group and its outputs.
#[derive(Debug)]
pub struct Child<P> {
    id: ChildId,
    pub class: Class,
    pub job: Job,
    /// Its leader's number, which is its group's too. None until it is known to run.
    process: Option<u32>,
    plugin: Plugin,
    stdout: Output<P>,
    stderr: Output<P>,
    told_output_end: bool,
}

/// What is the same for all children in one turn.
pub struct Turn<'a, S> {
    pub now: Nanos,
    pub starter: &'a mut S,
    pub looks: &'a mut Looks,
    pub events: &'a mut Vec<ChildEvent>,
}

impl<P: Read> Child<P> {
    /// A child that is being started.
    pub fn new(id: ChildId, class: Class, job: Job, pipes: [P; 2], now: Nanos) -> Child<P> {
        let [stdout, stderr] = pipes.map(|pipe| Output::new(pipe, job.output_octets));
        Child {
            id,
            class,
            plugin: Plugin::starting(now.after(job.timeout)),
            job,
            process: None,
            stdout,
            stderr,
            told_output_end: false,
        }
    }

    pub fn is_over(&self) -> bool {
        self.plugin.is_over()
    }

    pub fn wants_look(&self) -> bool {
        self.plugin.wants_look()
    }

    pub fn deadline(&self) -> Option<Nanos> {
        self.plugin.deadline()
    }

    /// Whether there may be more output to read, of which the poll will not tell again.
    pub fn has_more(&self) -> bool {
        self.stdout.has_more() || self.stderr.has_more()
    }

    /// Reads what is there, within bounds.
    pub fn read(&mut self) {
        self.stdout.read();
        self.stderr.read();
    }

    /// Goes on with reading, and tells when nobody holds its output any longer.
    pub fn advance<S: Starter>(&mut self, turn: &mut Turn<'_, S>) {
        for output in [&mut self.stdout, &mut self.stderr] {
            if output.has_more() {
                output.read();
            }
        }
        if !self.told_output_end && self.stdout.has_ended() && self.stderr.has_ended() {
            self.told_output_end = true;
            self.on(PluginEvent::OutputEnded, turn);
        }
    }

    /// It runs. Its time begins now: it is not to blame for how long its start took.
    pub fn started<S: Starter>(&mut self, process: u32, turn: &mut Turn<'_, S>) {
        self.process = Some(process);
        turn.events.push(ChildEvent::Started { id: self.id, process });
        self.on(PluginEvent::Started { until: turn.now.after(self.job.timeout) }, turn);
    }

    /// Whether it is not known yet whether it runs, and nobody has lost patience.
    pub fn is_starting(&self) -> bool {
        self.plugin.is_starting()
    }

    /// The starter could not signal its group.
    pub fn not_signalled(&self, signal: GroupSignal, errno: i32) -> ChildEvent {
        let result = Err(io::Error::from_raw_os_error(errno));
        ChildEvent::Signalled { id: self.id, process: self.process, signal, result }
    }

    /// It does not run, and that is its result.
    pub fn not_started<S: Starter>(&mut self, why: NotStarted, turn: &mut Turn<'_, S>) {
        for action in self.plugin.on(PluginEvent::NotStarted, turn.now) {
            if action == Action::TellNotStarted {
                turn.events.push(ChildEvent::of_not_started(self.id, why.clone()));
            }
        }
    }

    /// Tells the machine what happened, and does what it wants.
    pub fn on<S: Starter>(&mut self, event: PluginEvent, turn: &mut Turn<'_, S>) {
        if let PluginEvent::Exited(_) = event {
            // All that it wrote is in the pipes by now.
            self.read();
        }
        let waited = self.wants_look();
        let mut is_fresh = false;
        for action in self.plugin.on(event, turn.now) {
            match action {
                Action::Tell(end) => self.end(Run::Ended(end), turn),
                Action::TellTimeOut => self.end(Run::TimedOut(self.job.timeout), turn),
                // Told with the reason, by who knows it.
                Action::TellNotStarted => {}
                Action::Terminate | Action::Kill => {
                    let signal = match action {
                        Action::Kill => GroupSignal::Kill,
                        _ => GroupSignal::Terminate,
                    };
                    is_fresh = true;
                    let result = turn.starter.signal(self.id, signal);
                    turn.events.push(ChildEvent::Signalled {
                        id: self.id,
                        process: self.process,
                        signal,
                        result,
                    });
                }
                Action::Reap => turn.starter.reap(self.id),
                Action::Abandon => {
                    turn.starter.reap(self.id);
                    turn.events.push(ChildEvent::Unkillable { id: self.id, process: self.process });
                }
            }
        }
        // What was signalled just now has not ended yet; who was ended before needs no time.
        if is_fresh && self.wants_look() {
            turn.looks.want(turn.now.after(GROUP_LOOK));
        } else if !waited && self.wants_look() {
            turn.looks.want(turn.now);
        }
    }

    fn end<S: Starter>(&mut self, run: Run, turn: &mut Turn<'_, S>) {
        let (stdout, stderr) = (self.stdout.take_kept(), self.stderr.take_kept());
        turn.events.push(ChildEvent::Ended(Ended { id: self.id, run, stdout, stderr }));
    }
}
