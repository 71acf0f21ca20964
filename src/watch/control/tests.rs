use super::*;
use mio::{Events, Poll};
use oco::system::clock;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

struct Scene {
    poll: Poll,
    control: Control,
    path: PathBuf,
    _directory: tempfile::TempDir,
}

impl Scene {
    fn new() -> Scene {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control");
        let poll = Poll::new().unwrap();
        let control = Control::bind(&path, (None, None), poll.registry().try_clone().unwrap()).unwrap();
        Scene { poll, control, path, _directory: directory }
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.path).unwrap()
    }

    /// Turns until there are orders.
    fn orders(&mut self) -> Vec<Order> {
        let mut orders = Vec::new();
        self.until(|control| {
            orders = control.turn(clock::now().boot);
            !orders.is_empty()
        });
        orders
    }

    fn until(&mut self, mut is_done: impl FnMut(&mut Control) -> bool) {
        let begun = Instant::now();
        let mut events = Events::with_capacity(16);
        while !is_done(&mut self.control) {
            assert!(begun.elapsed() < Duration::from_secs(30), "still not");
            let timeout = match self.control.deadline() {
                Some(Nanos::PAST) => Duration::ZERO,
                Some(_) | None => Duration::from_millis(50),
            };
            self.poll.poll(&mut events, Some(timeout)).unwrap();
            for event in &events {
                match Source::decode(event.token()) {
                    Some(Source::Control) => self.control.ready(),
                    Some(Source::Connection(slot)) => self.control.connection_ready(slot),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

#[test]
fn each_order_is_replied_to_before_the_next_is_taken() {
    let mut scene = Scene::new();
    let mut client = scene.connect();
    client.write_all(b"one\ntwo\nthr").unwrap();
    let orders = scene.orders();
    let [Order { client: from, user, is_public: false, line: Line::Whole(line) }] = orders.as_slice() else {
        panic!("{orders:?}")
    };
    assert_eq!((line.as_slice(), *user), (b"one".as_slice(), nix::unistd::getuid().as_raw()));
    assert_eq!(scene.control.turn(clock::now().boot), []);
    assert_eq!(scene.control.wants_reply(*from), Some(true));
    scene.control.reply(*from, b"1 ", false, clock::now().boot);
    assert_eq!(scene.control.turn(clock::now().boot), []);
    scene.control.reply(*from, b"done\n", true, clock::now().boot);
    let next = scene.orders();
    assert_eq!(next[0].line, Line::Whole(b"two".to_vec()));
    scene.control.reply(*from, b"2\n", true, clock::now().boot);
    client.write_all(b"ee\n").unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(scene.orders()[0].line, Line::Whole(b"three".to_vec()));
    scene.control.reply(*from, b"3\n", true, clock::now().boot);
    let mut said = String::new();
    scene.until(|control| {
        control.turn(clock::now().boot);
        control.connections.iter().all(Option::is_none)
    });
    client.read_to_string(&mut said).unwrap();
    assert_eq!(said, "1 done\n2\n3\n");
}

#[test]
fn a_line_without_an_end_is_told_and_closed() {
    let mut scene = Scene::new();
    let mut client = scene.connect();
    let flood = std::thread::spawn(move || {
        let octets = vec![b'x'; 64 * 1024];
        while client.write_all(&octets).is_ok() {}
        let mut said = String::new();
        // What was not read when we closed may have reset the connection.
        let _ = client.read_to_string(&mut said);
    });
    let orders = scene.orders();
    assert_eq!(orders[0].line, Line::TooLong);
    scene.control.reply(orders[0].client, &reply::error("too long"), true, clock::now().boot);
    scene.until(|control| {
        control.turn(clock::now().boot);
        control.connections.iter().all(Option::is_none)
    });
    flood.join().unwrap();
}

#[test]
fn who_does_not_take_its_reply_or_end_its_line_is_closed_in_time() {
    let mut scene = Scene::new();
    let mut client = scene.connect();
    client.write_all(b"status\n").unwrap();
    let orders = scene.orders();
    let now = clock::now().boot;
    scene.control.reply(orders[0].client, &vec![b'x'; 8 * 1024 * 1024], true, now);
    let mut idle = scene.connect();
    idle.write_all(b"half").unwrap();
    scene.until(|control| {
        control.turn(now);
        control.connections.len() == 2 && control.deadline() != Some(Nanos::PAST)
    });
    let later = now.after(crate::limits::CONTROL_TIME);
    assert_eq!(scene.control.deadline(), Some(later));
    scene.control.turn(later);
    assert!(scene.control.connections.iter().all(Option::is_none));
}

#[test]
fn one_too_many_is_told_so() {
    let mut scene = Scene::new();
    let clients: Vec<UnixStream> = (0..=CONTROL_CONNECTIONS).map(|_| scene.connect()).collect();
    scene.until(|control| {
        control.turn(clock::now().boot);
        control.connections.len() == CONTROL_CONNECTIONS
    });
    let mut last = clients.last().unwrap();
    let mut said = String::new();
    last.read_to_string(&mut said).unwrap();
    assert!(said.contains("too many connections"), "{said}");
}

#[test]
fn strangers_are_told_apart_and_never_take_the_places_of_others() {
    let mut scene = Scene::new();
    let public = scene.path.with_file_name("token");
    scene.control.let_everybody_in(&public, None).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&scene.path), mode(&public)), (0o660, 0o666));
    let strangers: Vec<UnixStream> =
        (0..=PUBLIC_CONNECTIONS).map(|_| UnixStream::connect(&public).unwrap()).collect();
    scene.until(|control| {
        control.turn(clock::now().boot);
        control.connections.len() == PUBLIC_CONNECTIONS
    });
    let mut said = String::new();
    (&strangers[PUBLIC_CONNECTIONS]).read_to_string(&mut said).unwrap();
    assert!(said.contains("too many connections"), "{said}");
    (&strangers[0]).write_all(b"one\n").unwrap();
    assert!(scene.orders()[0].is_public);
    scene.connect().write_all(b"two\n").unwrap();
    let orders = scene.orders();
    assert!(!orders[0].is_public && orders[0].line == Line::Whole(b"two".to_vec()), "{orders:?}");
}

#[test]
fn a_socket_in_use_is_left_alone_and_one_left_over_is_replaced() {
    let scene = Scene::new();
    let registry = scene.poll.registry().try_clone().unwrap();
    let error = Control::bind(&scene.path, (None, None), registry.try_clone().unwrap()).unwrap_err();
    assert!(matches!(error, ControlError::InUse(_)), "{error}");
    let Scene { control, path, _directory, .. } = scene;
    drop(control);
    let poll = Poll::new().unwrap();
    Control::bind(&path, (None, None), poll.registry().try_clone().unwrap()).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    let error = Control::bind(&path, (None, None), registry).unwrap_err();
    assert!(error.to_string().ends_with("not a socket; expected nothing there, or one that is left over"));
}
