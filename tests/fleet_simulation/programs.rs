//! Children of the world: plugins that end with its status, or hang until they are killed.

use crate::world::World;
use mio::Token;
use oco::children::ChildId;
use oco::children::starter::{GroupSignal, NotStarted, Program, Report, Starter};
use oco::logic::plugin_result::End;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::rc::Rc;

/// Starts children of the world.
pub struct FakeStarter {
    world: Rc<RefCell<World>>,
    /// Who runs, and when it ends; none: it hangs.
    running: BTreeMap<ChildId, (Option<i64>, i32)>,
    news: Vec<Report>,
}

impl FakeStarter {
    pub fn new(world: &Rc<RefCell<World>>) -> FakeStarter {
        FakeStarter { world: Rc::clone(world), running: BTreeMap::new(), news: Vec::new() }
    }
}

impl Starter for FakeStarter {
    type Pipe = Cursor<Vec<u8>>;

    fn start(&mut self, id: ChildId, _: &Program, tokens: [Token; 2]) -> Result<[Self::Pipe; 2], NotStarted> {
        let mut world = self.world.borrow_mut();
        if world.chance.one_in(50) {
            return Err(NotStarted::Program("not found: plugin".to_owned()));
        }
        let status = world.plugin;
        let length = (1 + world.chance.below(300) as i64) * crate::world::MILLISECOND;
        let ends = status.map(|_| world.now + length);
        if ends.is_some() {
            world.wake(tokens[0].0, length);
        }
        self.running.insert(id, (ends, status.unwrap_or(0)));
        self.news.push(Report::Started(id, 1000 + id.0 as u32));
        Ok([Cursor::new(b"plugin says so|size=7MB\n".to_vec()), Cursor::new(Vec::new())])
    }

    fn signal(&mut self, id: ChildId, signal: GroupSignal) -> io::Result<()> {
        if signal == GroupSignal::Kill && self.running.remove(&id).is_some() {
            self.news.push(Report::Ended(id, End::Signal(Some(9))));
        }
        Ok(())
    }

    fn look(&mut self) {
        self.news.push(Report::Looked(self.running.keys().copied().collect()));
    }

    fn reap(&mut self, id: ChildId) {
        self.running.remove(&id);
    }

    fn ready(&mut self) {}

    fn has_news(&self) -> bool {
        let now = self.world.borrow().now;
        !self.news.is_empty() || self.running.values().any(|(ends, _)| ends.is_some_and(|at| at <= now))
    }

    fn reports(&mut self) -> Vec<Report> {
        let now = self.world.borrow().now;
        let is_over = |ends: &Option<i64>| ends.is_some_and(|at| at <= now);
        let over: Vec<(ChildId, i32)> = self
            .running
            .iter()
            .filter(|(_, (ends, _))| is_over(ends))
            .map(|(id, (_, status))| (*id, *status))
            .collect();
        let mut reports = std::mem::take(&mut self.news);
        for (id, status) in over {
            self.running.remove(&id);
            reports.push(Report::Ended(id, End::Status(status)));
        }
        reports
    }
}
