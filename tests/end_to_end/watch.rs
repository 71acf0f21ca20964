//! The end of a watch that no event tells of.

use crate::scene::Scene;
use crate::server::Ocod;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// How often to make a directory until one has the number of the old one.
const TRIES: usize = 200;

/// The directory is removed and made anew while more events wait than the kernel keeps. File systems give the number
/// of the old one to the new one, so that only the kernel knows that it is another.
#[test]
fn a_watch_that_was_lost_among_other_events_is_noticed() {
    let queue: u32 =
        fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    assert!(queue <= 100_000, "a queue of {queue} is too long for this test");
    let scene = Scene::new();
    scene.check("http", "200\n");
    let ocod = Ocod::start(&scene);
    ocod.expect("200 OK oco");
    let known = fs::metadata(scene.status()).unwrap().ino();
    ocod.signal("STOP");
    // Of two names, as the kernel joins an event to the same one before it.
    for number in 0..=queue / 2 {
        scene.check(if number % 2 == 0 { "a" } else { "b" }, "200\n");
    }
    fs::remove_dir_all(scene.status()).unwrap();
    let has_its_number = (0..TRIES).any(|number| {
        fs::create_dir(scene.status()).unwrap();
        let found = fs::metadata(scene.status()).unwrap().ino() == known;
        if !found {
            fs::rename(scene.status(), scene.path(&format!("filler{number}"))).unwrap();
        }
        found
    });
    if !has_its_number {
        println!("this file system gives no number again: tried without");
        fs::create_dir(scene.status()).unwrap();
    }
    scene.check("http", "200\n");
    ocod.signal("CONT");
    ocod.expect("200 OK oco");
    for _ in 0..10 {
        scene.check("http", "300\n");
        ocod.expect("350 KO oco 300-http");
        fs::remove_file(scene.status().join("http")).unwrap();
        ocod.expect("350 KO oco 300-oco");
        scene.check("http", "200\n");
        ocod.expect("200 OK oco");
    }
}
