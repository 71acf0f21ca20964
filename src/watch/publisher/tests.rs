use super::*;
use oco_fleet::state::Standing;
use std::os::unix::fs::symlink;
use std::sync::mpsc;

/// A directory, and a publisher that publishes there for one watcher.
struct Bench {
    directory: tempfile::TempDir,
    publisher: Publisher,
    woken: mpsc::Receiver<()>,
}

fn file(code: u16, text: &str) -> Published {
    Published { code: Code::new(code).unwrap(), text: text.to_owned() }
}

impl Bench {
    fn new() -> Bench {
        let (sender, woken) = mpsc::channel();
        let wake = move || sender.send(()).unwrap_or_default();
        let publisher = Publisher::with(Duration::from_secs(60), wake).unwrap();
        Bench { directory: tempfile::tempdir().unwrap(), publisher, woken }
    }

    fn place(&self, watcher: &str) -> Place {
        Place::new(self.directory.path(), Path::new(watcher))
    }

    fn open(&self, files: &[(&str, u16)]) {
        let files = files.iter().map(|(name, code)| ((*name).to_owned(), file(*code, "why"))).collect();
        self.publisher.open(Some(self.place("/state")), files);
    }

    fn set(&self, name: &str, published: Option<Published>) {
        self.publisher.set(name.to_owned(), published);
    }

    /// What a file says; none: there is none.
    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.directory.path().join(name)).ok()
    }

    #[track_caller]
    fn wait(&self, what: &str, condition: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !condition() {
            assert!(Instant::now() < end, "{what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[track_caller]
    fn wait_for(&self, name: &str, begin: &str) {
        self.wait(&format!("{name} says {begin}"), || {
            self.read(name).is_some_and(|content| content.starts_with(begin))
        });
    }

    #[track_caller]
    fn event(&mut self) -> Event {
        self.woken.recv_timeout(Duration::from_secs(30)).unwrap();
        self.publisher.take_events(Instant::now()).remove(0)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

#[test]
fn files_say_what_is_so_and_go_with_what_they_are_of() {
    let bench = Bench::new();
    bench.open(&[("web.oco", 200), ("shop", 310)]);
    bench.wait_for("web.oco", "200 why\nmax-age 3m\npublished by ocowatch of /state\n");
    bench.wait_for("shop", "310");
    bench.set("shop", Some(file(550, "all")));
    bench.wait_for("shop", "550 all\n");
    bench.set("shop", None);
    bench.wait("shop goes", || bench.read("shop").is_none());
    // A start finds one of an object that has gone meanwhile.
    bench.open(&[("new", 200)]);
    bench.wait_for("new", "200");
    bench.wait("web.oco goes", || bench.read("web.oco").is_none());
    bench.publisher.open(None, BTreeMap::new());
    bench.wait("all go", || bench.read("new").is_none());
}

#[test]
fn files_are_written_anew_at_each_refresh() {
    use std::os::unix::fs::MetadataExt;
    let bench = Bench::new();
    bench.open(&[("a", 200), ("b", 300)]);
    bench.wait_for("b", "300");
    let inode = |name| std::fs::metadata(bench.path(name)).map(|found| found.ino()).ok();
    let before = [inode("a"), inode("b")];
    bench.publisher.refresh();
    bench.wait("both are others", || inode("a") != before[0] && inode("b") != before[1]);
    // One that somebody has removed is there again.
    std::fs::remove_file(bench.path("a")).unwrap();
    bench.publisher.refresh();
    bench.wait_for("a", "200");
}

#[test]
fn files_of_others_are_neither_overwritten_nor_removed() {
    let mut bench = Bench::new();
    std::fs::write(bench.path("by-hand"), "200 mine\n").unwrap();
    std::fs::write(bench.path("elsewhere"), "300\n").unwrap();
    symlink("elsewhere", bench.path("link")).unwrap();
    std::fs::create_dir(bench.path("folder")).unwrap();
    let theirs = "200\nmax-age 3m\npublished by ocowatch of /other\n";
    std::fs::write(bench.path("theirs"), theirs).unwrap();
    for name in ["by-hand", "link", "folder", "theirs"] {
        bench.open(&[(name, 500)]);
        assert_eq!(bench.event(), Event::Foreign(bench.path(name)));
        // It is told once.
        bench.set(name, Some(file(501, "")));
        bench.set(name, None);
    }
    bench.open(&[("last", 200)]);
    bench.wait_for("last", "200");
    assert_eq!(bench.publisher.take_events(Instant::now()), []);
    assert_eq!(bench.read("by-hand").unwrap(), "200 mine\n");
    assert_eq!(bench.read("elsewhere").unwrap(), "300\n");
    assert_eq!(bench.read("theirs").unwrap(), theirs);
    assert!(bench.path("folder").is_dir() && bench.path("link").is_symlink());
    // When it has gone, ours comes.
    bench.open(&[("by-hand", 300)]);
    bench.event();
    std::fs::remove_file(bench.path("by-hand")).unwrap();
    bench.publisher.refresh();
    bench.wait_for("by-hand", "300");
    // And one that somebody has put in place of ours is theirs again.
    std::fs::write(bench.path("by-hand"), "200\n").unwrap();
    bench.publisher.refresh();
    assert_eq!(bench.event(), Event::Foreign(bench.path("by-hand")));
}

#[test]
fn a_directory_that_is_away_is_told_once_and_found_again() {
    let mut bench = Bench::new();
    let away = bench.path("away");
    let files: BTreeMap<String, Published> =
        ["a", "b", "c"].map(|name| (name.to_owned(), file(200, ""))).into();
    bench.publisher.open(Some(Place::new(&away, Path::new("/state"))), files);
    let Event::Failing(why) = bench.event() else { panic!("it can't be read") };
    assert_eq!(why, format!("read {}: no such file or directory", away.display()));
    std::fs::create_dir(&away).unwrap();
    bench.publisher.refresh();
    bench.wait_for("away/c", "200");
    assert_eq!(bench.event(), Event::Recovered);
}

#[test]
fn who_hangs_is_told_once() {
    let (sender, woken) = mpsc::channel();
    let mut publisher = Publisher::with(Duration::ZERO, move || sender.send(()).unwrap_or_default()).unwrap();
    // Nothing is under way: it does not hang.
    assert_eq!((publisher.deadline(), publisher.take_events(Instant::now())), (None, Vec::new()));
    publisher.shared.lock().working = Some(Instant::now());
    assert!(publisher.deadline().is_some());
    assert_eq!(publisher.take_events(Instant::now()), [Event::Hanging]);
    assert_eq!((publisher.deadline(), publisher.take_events(Instant::now())), (None, Vec::new()));
    // The work's end wakes the loop.
    publisher.refresh();
    woken.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(publisher.take_events(Instant::now()), [Event::Recovered]);
    publisher.finish(Duration::from_secs(30));
    assert!(publisher.shared.lock().has_ended);
}

#[test]
fn what_is_planned_is_no_failure_and_what_is_unknown_is_one() {
    let standing = |code: Option<u16>, planned| {
        let code = code.and_then(Code::new);
        let known = |code| Standing { planned, ..Standing::of_code(code, "why") };
        code.map_or(Standing { planned, ..Standing::unknown("why") }, known)
    };
    for (code, planned, expected) in [
        (Some(200), false, file(200, "why")),
        (Some(201), false, file(201, "why")),
        (Some(350), false, file(350, "why")),
        (Some(550), false, file(550, "why")),
        (None, false, file(310, "unknown why")),
        (Some(200), true, file(200, "why")),
        (Some(201), true, file(201, "why")),
        (Some(550), true, file(210, "maint: 550 why")),
        (None, true, file(210, "maint: unknown why")),
    ] {
        assert_eq!(Published::of(&standing(code, planned)), expected);
    }
}
