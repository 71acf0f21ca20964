//! What all requests share: the settings of now, the keys, the way to the watcher, and what is counted. One thread has it
//! all; nothing of it is held over a wait.

use crate::access::Guard;
use crate::config::Settings;
use crate::control::Watcher;
use crate::keys::Keys;
use crate::push::Intake;
use std::cell::RefCell;
use std::rc::Rc;

/// What all requests share.
#[derive(Debug)]
pub struct Board {
    settings: RefCell<Rc<Settings>>,
    /// Keys and tokens.
    pub keys: RefCell<Keys>,
    /// The way to ocowatch.
    pub watcher: Watcher,
    /// What is counted and kept of pushers.
    pub intake: RefCell<Intake>,
    /// Who tried wrong tokens.
    pub guard: RefCell<Guard>,
}

impl Board {
    /// One that begins.
    pub fn new(settings: Settings, keys: Keys, watcher: Watcher) -> Board {
        Board {
            settings: RefCell::new(Rc::new(settings)),
            keys: RefCell::new(keys),
            watcher,
            intake: RefCell::default(),
            guard: RefCell::default(),
        }
    }

    /// The settings of now. A request that has begun keeps those it has.
    pub fn settings(&self) -> Rc<Settings> {
        Rc::clone(&self.settings.borrow())
    }

    /// Takes on others, but for what only a new start can change.
    pub fn take_on(&self, settings: Settings) {
        let old = self.settings();
        let settings = Settings {
            listen: old.listen.clone(),
            control: old.control.clone(),
            journal: old.journal.clone(),
            state_dir: old.state_dir.clone(),
            user: old.user.clone(),
            ..settings
        };
        *self.settings.borrow_mut() = Rc::new(settings);
    }
}
