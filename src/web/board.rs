//! What all requests share: the settings of now, the keys, the way to the watcher and the journal, and what is counted. One
//! thread has it all; nothing of it is held over a wait.

use crate::access::Guard;
use crate::config::Settings;
use crate::control::{NotDone, Watcher};
use crate::disturbance::Disturbances;
use crate::keys::Keys;
use crate::limits::WATCHER_LOOK;
use crate::pages;
use crate::push::Intake;
use crate::store::Store;
use oco_fleet::calendar::Zone;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::sleep;

/// What all requests share.
#[derive(Debug)]
pub struct Board {
    settings: RefCell<Rc<Settings>>,
    page_settings: RefCell<Arc<pages::Settings>>,
    /// Keys and tokens.
    pub keys: RefCell<Keys>,
    /// The way to ocowatch.
    pub watcher: Watcher,
    /// The journal.
    pub store: Store,
    /// Why the watcher does not answer; none: it does.
    pub away: RefCell<Option<String>>,
    /// What the log was told of both.
    pub disturbances: RefCell<Disturbances>,
    /// What is counted and kept of pushers.
    pub intake: RefCell<Intake>,
    /// Who tried wrong tokens.
    pub guard: RefCell<Guard>,
    /// Whether the end has begun.
    pub ends: watch::Sender<bool>,
}

impl Board {
    /// One that begins.
    ///
    /// # Errors
    /// The time zone is none.
    pub fn new(settings: Settings, keys: Keys, watcher: Watcher, store: Store) -> Result<Board, String> {
        let page_settings = of_pages(&settings)?;
        Ok(Board {
            settings: RefCell::new(Rc::new(settings)),
            page_settings: RefCell::new(Arc::new(page_settings)),
            keys: RefCell::new(keys),
            watcher,
            store,
            away: RefCell::default(),
            disturbances: RefCell::default(),
            intake: RefCell::default(),
            guard: RefCell::default(),
            ends: watch::Sender::new(false),
        })
    }

    /// The settings of now. A request that has begun keeps those it has.
    pub fn settings(&self) -> Rc<Settings> {
        Rc::clone(&self.settings.borrow())
    }

    /// Those of pages.
    pub fn page_settings(&self) -> Arc<pages::Settings> {
        Arc::clone(&self.page_settings.borrow())
    }

    /// Takes on others, but for what only a new start can change.
    ///
    /// # Errors
    /// The time zone is none; nothing has changed.
    pub fn take_on(&self, settings: Settings) -> Result<(), String> {
        let old = self.settings();
        *self.page_settings.borrow_mut() = Arc::new(of_pages(&settings)?);
        if settings.push.group != old.push.group {
            // What was refused was of the other one.
            self.intake.borrow_mut().refused = None;
        }
        let settings = Settings {
            listen: old.listen.clone(),
            control: old.control.clone(),
            journal: old.journal.clone(),
            state_dir: old.state_dir.clone(),
            user: old.user.clone(),
            ..settings
        };
        *self.settings.borrow_mut() = Rc::new(settings);
        Ok(())
    }

    /// Asks the watcher from time to time whether it is there, as long as the board lives.
    pub async fn hear(&self) {
        loop {
            let away = self.watcher.report(Vec::new()).await.err();
            *self.away.borrow_mut() = away.map(|why| match why {
                NotDone::Away(why) | NotDone::Refused(why) => why,
            });
            sleep(WATCHER_LOOK).await;
        }
    }
}

/// What pages need of the settings.
fn of_pages(settings: &Settings) -> Result<pages::Settings, String> {
    let report = |plan: &crate::config::ReportPlan| pages::ReportFacts {
        name: plan.name.clone(),
        of: plan.of.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
        every: plan.every.period().to_string(),
        formats: plan.formats.iter().map(|format| format.word().to_owned()).collect(),
    };
    Ok(pages::Settings {
        reports: settings.reports.iter().map(report).collect(),
        title: settings.title.clone(),
        base_url: settings.base_url.clone(),
        zone: Zone::parse(settings.time_zone.as_deref())?,
        pages: settings.pages.clone(),
    })
}
