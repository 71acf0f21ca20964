//! What all requests share: the settings of now, the keys, the way to the watcher and the journal, and what is counted. One
//! thread has it all; nothing of it is held over a wait.

use crate::access::Guard;
use crate::config::Settings;
use crate::control::{NotDone, Watcher};
use crate::keys::Keys;
use crate::limits::{HEARD_EVERY, WATCHER_LOOK};
use crate::pages;
use crate::push::Intake;
use crate::store::Store;
use crate::view::heard::Heard;
use oco::logic::control::{FleetOrder, FleetStatus};
use oco_fleet::calendar::Zone;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

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
    /// What the watcher told last.
    pub told: RefCell<Told>,
    /// What is counted and kept of pushers.
    pub intake: RefCell<Intake>,
    /// Who tried wrong tokens.
    pub guard: RefCell<Guard>,
    /// Whether the end has begun.
    pub ends: watch::Sender<bool>,
}

/// What the watcher told last.
#[derive(Debug, Default)]
pub struct Told {
    /// What only its file says.
    pub heard: Arc<Heard>,
    /// Why it does not answer; none: it does.
    pub away: Option<String>,
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
            told: RefCell::default(),
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

    /// Asks the watcher from time to time whether it is there, and what its file says, as long as the board lives.
    pub async fn hear(&self) {
        let mut heard_at: Option<Instant> = None;
        loop {
            let away = self.watcher.report(Vec::new()).await.err();
            if away.is_some() {
                // One that comes back may have another file.
                heard_at = None;
            } else if heard_at.is_none_or(|at| at.elapsed() >= HEARD_EVERY) {
                let order = FleetOrder::Status { patterns: Vec::new(), most: Some(0) };
                if let Ok(status) = self.watcher.order::<FleetStatus>(order, None, None).await {
                    self.told.borrow_mut().heard = Arc::new(Heard::of(&status));
                    heard_at = Some(Instant::now());
                }
            }
            self.told.borrow_mut().away = away.map(|why| match why {
                NotDone::Away(why) | NotDone::Refused(why) => why,
            });
            sleep(WATCHER_LOOK).await;
        }
    }
}

/// What pages need of the settings.
fn of_pages(settings: &Settings) -> Result<pages::Settings, String> {
    let page = |page: &crate::config::PublicPage| pages::PublicPage {
        name: page.name.clone(),
        of: page.of.clone(),
        days: page.days,
    };
    Ok(pages::Settings {
        title: settings.title.clone(),
        base_url: settings.base_url.clone(),
        zone: Zone::parse(settings.time_zone.as_deref())?,
        pages: settings.pages.iter().map(page).collect(),
        has_login: true,
    })
}
