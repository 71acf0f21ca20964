//! The performance data of those who push, from their words to the pictures of a page.

use crate::board::Board;
use crate::moment::{of_one_time, slot};
use crate::scene::{PUSH, Scene, wait_for};
use crate::watcher::watch;
use oco_fleet::figure::{Figure, Measure};
use oco_fleet::journal::Reader;
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;

/// All that is written of a measure, as one figure.
fn all(scene: &Scene, who: &str, measure: &Measure) -> Option<Figure> {
    let (name, to) = (ObjectName::parse(who).unwrap(), Millis(4_000_000_000_000));
    let found =
        Reader::at(&scene.path("watch/fleet.db")).figures(&[name], measure, Millis(0), to, 1).unwrap();
    found[0].first().map(|point| point.figure)
}

#[test]
fn performance_data_that_was_pushed_is_drawn() {
    of_one_time(slot, push_performance_data);
}

fn push_performance_data() {
    let scene = Scene::with(&format!("[figures]\n{PUSH}"), "");
    let watcher = watch(&scene);
    let board = Board::start(&scene);
    for (jobs, state) in [(3, "OK"), (7, "FAIL")] {
        let service = format!(
            r#"{{"name": "queue", "state": "{state}", "info": "{jobs} jobs wait | jobs={jobs};5;9 'oldest job'=1.5s\nmore"}}"#
        );
        assert_eq!(board.push("h1", "k", &service).status, 200);
    }
    assert_eq!(scene.shown("push/queue/h1"), (300, "7 jobs wait".to_owned()));
    // The command tells the same, and words with a stroke in them are words.
    assert_eq!(scene.told(&["report", "push/mail/h1", "200", "2 wait|jobs=2"]), "");
    assert_eq!(scene.shown("push/mail/h1"), (200, "2 wait".to_owned()));
    assert_eq!(scene.told(&["report", "push/mail/h1", "210", "neither a|b works"]), "");
    assert_eq!(scene.shown("push/mail/h1"), (210, "neither a|b works".to_owned()));
    // A reload writes what was measured so far.
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    let jobs = Measure::performance("jobs", "");
    let found = wait_for("the figures", || all(&scene, "push/queue/h1", &jobs));
    assert_eq!((found.min, found.mean, found.max, found.count), (3.0, 5.0, 7.0, 2));
    let oldest = all(&scene, "push/queue/h1", &Measure::performance("oldest job", "s")).unwrap();
    assert_eq!((oldest.max, oldest.count), (1.5, 2));
    assert_eq!(all(&scene, "push/mail/h1", &jobs).unwrap().count, 1);
    assert_eq!(all(&scene, "push/queue/h1", &Measure::RESPONSE_TIME), None);
    for path in ["/h/h1", "/g/push/queue"] {
        wait_for(&format!("the pictures on {path}"), || {
            let page = board.get(path).body;
            (page.contains("jobs") && page.contains("oldest job") && page.contains("<svg")).then_some(())
        });
        let page = board.get(path).body;
        assert!(page.contains("class=\"chart"), "{page}");
    }
}
