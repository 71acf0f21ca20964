//! Time passes, and clocks are set.

use super::{DAY, SECOND, TURNS_AN_ACT, World};
use crate::kernel::Kernel;
use oco::limits::DIRECTORY_RETRY;
use std::time::Duration;

impl World {
    pub(super) fn pass_time(&mut self) {
        let mut kernel = self.kernel.borrow();
        let Kernel { clock, random, reached, .. } = &mut *kernel;
        match random.below(14) {
            0 => clock.set_forward(random.duration(3 * DAY)),
            1 => clock.set_back(random.duration(3 * DAY)),
            2 => clock.set_back(random.duration(10 * SECOND)),
            3 => {
                let asleep = random.duration(120 * SECOND);
                clock.suspend(asleep);
                reached.count("suspends");
                return;
            }
            act => {
                drop(kernel);
                return match act {
                    4 => self.pass_to_expiry(),
                    5 | 12 => self.pass_until_a_port_opens(),
                    6 | 7 => self.pass(90 * SECOND),
                    8..=10 => self.pass(3 * SECOND),
                    _ => self.pass(SECOND / 5),
                };
            }
        }
        reached.count("clock steps");
    }

    fn pass(&mut self, longest: Duration) {
        let time = self.kernel.borrow().random.duration(longest);
        self.run_daemon();
        self.sleep(time);
    }

    /// To the very nanosecond before, at or after which a check becomes stale, and somebody asks.
    fn pass_to_expiry(&mut self) {
        self.is_stopped = false;
        self.run_daemon();
        self.pass_to_before_expiry(SECOND / 1000);
        // Who is to ask by HTTP is connected before, so that nothing comes between the question and the answer.
        let clients = self.connect_all();
        self.run_daemon();
        let before = Duration::from_nanos(u64::try_from(self.below(6)).unwrap());
        if !self.pass_to_before_expiry(before) {
            return;
        }
        {
            let mut kernel = self.kernel.borrow();
            for client in clients {
                kernel.network.ask(client);
            }
        }
        self.ask_all();
        self.run_daemon();
        self.kernel.borrow().reached.count("questions at the nanosecond of expiry");
    }

    /// Says whether anything is to become stale.
    fn pass_to_before_expiry(&mut self, before: Duration) -> bool {
        let mut kernel = self.kernel.borrow();
        let Kernel { oracle, judge, clock, .. } = &mut *kernel;
        let Some(expiry) = oracle.next_expiry(&judge.rules, clock.now) else { return false };
        clock.pass(expiry.since(clock.now.boot).saturating_sub(before));
        true
    }

    /// A port that refuses while it is KO opens by itself, though nobody asks: at the latest when the daemon looks again.
    fn pass_until_a_port_opens(&mut self) {
        self.is_stopped = false;
        self.kernel.borrow().is_calm = true;
        self.run_daemon();
        self.sleep(2 * DIRECTORY_RETRY);
        self.run_daemon();
        let mut kernel = self.kernel.borrow();
        kernel.is_calm = false;
        let is_any_shut = kernel.network.ports.values().any(|port| !port.is_listening);
        // While something is being written the daemon need not have looked since.
        if !is_any_shut || kernel.disk.writers() > 0 || kernel.network.has_waiting() {
            return;
        }
        kernel.reached.count("ports that had time to open");
        let Kernel { oracle, disk, clock, is_plain, .. } = &mut *kernel;
        oracle.begin(disk, clock.as_is(), *is_plain);
        drop(kernel);
        // The daemon has looked at all of it since, or a port would stay shut for ever.
        let lines = self.lines();
        let kernel = self.kernel.borrow();
        for (address, line, _) in lines.iter().filter(|(.., is_shut)| *is_shut) {
            kernel.judge.line(line, Some(*address), &kernel.oracle, kernel.clock.now);
        }
        drop(kernel);
        self.kernel.borrow().oracle.end();
    }

    /// Time passes, and the daemon wakes as it wants.
    pub(super) fn sleep(&mut self, time: Duration) {
        let end = self.kernel.borrow().clock.monotonic.after(time);
        for _ in 0..TURNS_AN_ACT {
            let mut kernel = self.kernel.borrow();
            let Kernel { clock, random, .. } = &mut *kernel;
            let by_boot = self.wakes_at.1.map(|at| clock.monotonic.after(at.since(clock.now.boot)));
            let first = [self.wakes_at.0, by_boot].into_iter().flatten().min();
            let wakes_at = first.filter(|at| !self.is_stopped && *at < end).unwrap_or(end);
            // The kernel counts in milliseconds, and has others to serve.
            let late = random.duration(Duration::from_millis(2));
            clock.pass(wakes_at.since(clock.monotonic) + late);
            drop(kernel);
            if wakes_at == end {
                return;
            }
            self.run_daemon();
        }
    }
}
