//! Commands that are no probes: they tell somebody of alerts and incidents, or work on balancers' tables. They share the
//! children with the probes, and come before them.

use oco::children::{ChildId, Ended};
use oco::logic::plugin_result::{End, Kept, Run};
use oco::logic::text::printable;
use std::collections::HashMap;

/// Which command: the asker's own number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u64);

/// How a command ended: well, with what it wrote, or why not.
pub type Finished = (CommandId, Result<Kept, String>);

/// Commands that wait or run, and those that ended since they were last asked for.
#[derive(Debug, Default)]
pub struct Commands {
    running: HashMap<ChildId, CommandId>,
    finished: Vec<Finished>,
}

impl Commands {
    /// This child runs that command.
    pub fn started(&mut self, child: ChildId, command: CommandId) {
        self.running.insert(child, command);
    }

    /// Whether a command waits or runs.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Takes out those that ended.
    pub fn take_finished(&mut self) -> Vec<Finished> {
        std::mem::take(&mut self.finished)
    }

    /// The child came to its end. Whether it was a command.
    pub fn ended(&mut self, ended: &Ended) -> bool {
        self.finish(ended.id, || result(ended))
    }

    /// The child has no result, for this reason. Whether it was a command.
    pub fn failed(&mut self, child: ChildId, why: &str) -> bool {
        self.finish(child, || Err(why.to_owned()))
    }

    fn finish(&mut self, child: ChildId, result: impl FnOnce() -> Result<Kept, String>) -> bool {
        let Some(command) = self.running.remove(&child) else { return false };
        self.finished.push((command, result()));
        true
    }
}

/// A command is well where it ends with 0. Why not is told with the first line of what it said.
fn result(ended: &Ended) -> Result<Kept, String> {
    if ended.run == Run::Ended(End::Status(0)) {
        return Ok(ended.stdout.clone());
    }
    let said = ended.run.text(&ended.stderr, &ended.stdout);
    let said = super::exec::short(&said);
    Err(match &ended.run {
        Run::Ended(End::Status(status)) if !said.starts_with("exit status") => {
            if said.is_empty() {
                format!("exit status {status}")
            } else {
                format!("exit status {status}: {said}")
            }
        }
        Run::Ended(_) | Run::TimedOut(_) | Run::NotStarted(_) => printable(said.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn ended(run: Run, stderr: &str) -> Ended {
        let stderr = Kept { octets: stderr.as_bytes().to_vec(), is_cut: false };
        Ended { id: ChildId(7), run, stdout: Kept::default(), stderr }
    }

    #[test]
    fn a_command_is_well_where_it_ends_with_nothing_else_than_0() {
        for (run, stderr, result) in [
            (Run::Ended(End::Status(0)), "chatter", Ok(())),
            (Run::Ended(End::Status(2)), "no\u{1b} route\nmore", Err("exit status 2: no? route")),
            (Run::Ended(End::Status(1)), "", Err("exit status 1")),
            (Run::Ended(End::Status(75)), "", Err("exit status 75")),
            (Run::Ended(End::Signal(Some(9))), "", Err("killed by signal 9")),
            (Run::TimedOut(Duration::from_secs(60)), "", Err("timed out after 1m")),
            (Run::NotStarted("mail.alert: not found".to_owned()), "", Err("mail.alert: not found")),
        ] {
            let mut commands = Commands::default();
            commands.started(ChildId(7), CommandId(3));
            assert!(commands.ended(&ended(run, stderr)) && commands.is_idle());
            assert!(!commands.failed(ChildId(7), "twice"));
            let result = result.map(|()| Kept::default()).map_err(str::to_owned);
            assert_eq!(commands.take_finished(), [(CommandId(3), result)]);
        }
    }
}
