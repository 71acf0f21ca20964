//! Real programs by a real helper process, which is this test's own program once more.

use super::*;
use crate::children::{ChildEvent, ChildLimits, Children, Class, Job, serve};
use crate::logic::plugin_result::{End, Run};
use crate::system::clock;
use mio::{Events, Poll};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const FIRST: Token = Token(10);
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
#[ignore = "this is the helper that the other tests start"]
fn the_helper_itself() {
    // Started by anybody else it has no socket, and ends.
    let _ = serve::serve();
}

struct Scene {
    poll: Poll,
    children: Children<HelperStarter>,
    helper: u32,
    /// Threads of the helper while it has no children.
    idle_threads: usize,
    events: Vec<ChildEvent>,
}

impl Scene {
    fn new() -> Scene {
        let poll = Poll::new().unwrap();
        let mut command = Command::new("/proc/self/exe");
        command.args(["--exact", "children::helper::tests::the_helper_itself", "--ignored"]);
        command.stderr(Stdio::null());
        let registry = poll.registry().try_clone().unwrap();
        let starter = HelperStarter::launch(command, registry, FIRST).unwrap();
        let helper = starter.process();
        let limits = ChildLimits { at_once: 64, kept_places: vec![] };
        let children = Children::new(starter, FIRST, limits);
        let mut scene = Scene { poll, children, helper, idle_threads: 0, events: Vec::new() };
        // It serves, and has started all threads that it has without children.
        let first = scene.shell(20_000, "exit 0");
        scene.until_over(&[first]);
        let mut last = usize::MAX;
        scene.idle_threads = wait_for(|| {
            let now = scene.threads_of_helper();
            (std::mem::replace(&mut last, now) == now).then_some(now)
        });
        scene.events.clear();
        scene
    }

    fn start(&mut self, timeout: u64, command: &[&str]) -> ChildId {
        let (name, arguments) = command.split_first().unwrap();
        let arguments = arguments.iter().map(Into::into).collect();
        let program = Program { name: name.into(), arguments, ..Program::default() };
        let timeout = Duration::from_millis(timeout);
        self.children.start(Job { program, timeout, output_octets: 1000 }, Class(0))
    }

    fn shell(&mut self, timeout: u64, script: &str) -> ChildId {
        self.start(timeout, &["sh", "-c", script])
    }

    /// Runs the loop until `is_done`.
    fn until(&mut self, mut is_done: impl FnMut(&[ChildEvent]) -> bool) {
        let begun = Instant::now();
        let mut ready = Events::with_capacity(16);
        loop {
            let turn = Instant::now();
            self.events.extend(self.children.turn(clock::now().boot));
            assert!(turn.elapsed() < Duration::from_millis(900), "a turn waits for nobody");
            if is_done(&self.events) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "still not: {:?}", self.events);
            let now = clock::now().boot;
            let timeout = self.children.deadline().map(|at| at.since(now)).unwrap_or(PATIENCE);
            let _ = self.poll.poll(&mut ready, Some(timeout.min(Duration::from_millis(50))));
            ready.iter().for_each(|event| self.children.ready(event.token()));
        }
    }

    fn until_over(&mut self, ids: &[ChildId]) {
        let is_over = |event: &ChildEvent, id| matches!(event, ChildEvent::Over { id: over } if *over == id);
        let ids = ids.to_vec();
        self.until(move |events| ids.iter().all(|id| events.iter().any(|event| is_over(event, *id))));
    }

    /// How it came to its result, and what it wrote.
    fn result(&self, id: ChildId) -> (Run, String, String) {
        let ended = self.events.iter().filter_map(|event| match event {
            ChildEvent::Ended(ended) if ended.id == id => Some(ended),
            _ => None,
        });
        let ended: Vec<_> = ended.collect();
        assert_eq!(ended.len(), 1, "{:?}", self.events);
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
        (ended[0].run.clone(), text(&ended[0].stdout.octets), text(&ended[0].stderr.octets))
    }

    fn threads_of_helper(&self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.helper)).map_or(0, Iterator::count)
    }
}

/// The number that a script has written to `path`.
fn number_in(path: &Path) -> u32 {
    let read = || fs::read_to_string(path).ok().filter(|text| text.ends_with('\n'));
    wait_for(read).trim().parse().unwrap()
}

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process is there and not just waiting to be reaped.
fn lives(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

fn kill(process: u32) {
    let process = nix::unistd::Pid::from_raw(process.try_into().unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL).unwrap();
}

#[test]
fn programs_run_and_end_as_they_would_here() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain");
    fs::write(&plain, "#!/bin/sh\n").unwrap();
    let mut scene = Scene::new();
    let fine = scene.shell(20_000, "echo out; echo err >&2; exit 2");
    let killed = scene.shell(20_000, "kill -KILL $$");
    let flood = scene.shell(20_000, "head -c 300000 /dev/zero | tr '\\0' x; exit 1");
    let missing = scene.start(20_000, &["no-such-program"]);
    let refused = scene.start(20_000, &[plain.to_str().unwrap()]);
    let long = "y".repeat(100_000);
    let long = scene.start(20_000, &["sh", "-c", "echo ${#1}", "sh", &long]);
    // Longer than Linux lets one argument be.
    let longer = scene.start(20_000, &["true", &"z".repeat(140_000)]);
    let environment = scene.shell(20_000, "cat; ls -l /proc/self/fd | grep -c socket");
    scene.until_over(&[fine, killed, flood, missing, refused, long, longer, environment]);
    assert_eq!(scene.result(fine), (Run::Ended(End::Status(2)), "out\n".into(), "err\n".into()));
    assert_eq!(scene.result(killed).0, Run::Ended(End::Signal(Some(9))));
    assert_eq!(scene.result(flood), (Run::Ended(End::Status(1)), "x".repeat(1000), String::new()));
    assert_eq!(scene.result(missing).0, Run::NotStarted("not found: no-such-program".into()));
    let why = format!("permission denied: {}", plain.display());
    assert_eq!(scene.result(refused).0, Run::NotStarted(why));
    assert_eq!(scene.result(long).1, "100000\n");
    assert!(
        matches!(scene.result(longer).0, Run::NotStarted(why) if why.starts_with("argument list too long"))
    );
    assert_eq!(scene.result(environment).1, "0\n", "nothing to read, and nothing of ours is open");
    assert!(scene.children.is_empty() && scene.children.deadline().is_none());
}

#[test]
fn a_program_has_its_variables_and_its_input() {
    let mut scene = Scene::new();
    let program = Program {
        name: "sh".into(),
        arguments: vec!["-c".into(), "echo $ONE; wc -c; echo ${#TWO}".into()],
        environment: vec![("ONE".into(), "1".into()), ("TWO".into(), "2".repeat(100_000).into())],
        input: vec![b'x'; 300_000],
        ..Program::default()
    };
    let job = Job { program, timeout: Duration::from_secs(20), output_octets: 1000 };
    let id = scene.children.start(job, Class(0));
    scene.until_over(&[id]);
    assert_eq!(scene.result(id).1, "1\n300000\n100000\n");
}

#[test]
fn hundreds_run_one_after_the_other() {
    let mut scene = Scene::new();
    let ids: Vec<_> = (0..300).map(|number| scene.shell(20_000, &format!("echo {number}"))).collect();
    scene.until_over(&ids);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(scene.result(*id).1, format!("{number}\n"));
    }
    wait_for(|| (scene.threads_of_helper() == scene.idle_threads).then_some(()));
}

#[test]
fn a_time_out_ends_the_whole_group_even_who_ignores_term() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().display();
    let mut scene = Scene::new();
    let id = scene.shell(
        500,
        &format!(
            "trap '' TERM; sh -c 'echo $$ > {place}/grandchild; while :; do sleep 1; done' & \
             echo $$ > {place}/leader; echo checking; while :; do sleep 1; done"
        ),
    );
    scene.until_over(&[id]);
    assert_eq!(scene.result(id).0, Run::TimedOut(Duration::from_millis(500)));
    assert_eq!(scene.result(id).1, "checking\n");
    for name in ["leader", "grandchild"] {
        assert!(!lives(number_in(&directory.path().join(name))), "{name}");
    }
}

#[test]
fn a_stop_ends_all_without_a_result() {
    let mut scene = Scene::new();
    let ids = [scene.shell(60_000, "sleep 600"), scene.shell(60_000, "sleep 600")];
    scene.until(|events| {
        events.iter().filter(|event| matches!(event, ChildEvent::Started { .. })).count() == 2
    });
    scene.children.stop();
    scene.until_over(&ids);
    assert!(!scene.events.iter().any(|event| matches!(event, ChildEvent::Ended(_))), "{:?}", scene.events);
}

#[test]
fn the_children_of_a_helper_that_dies_are_lost_and_it_is_said_once() {
    let mut scene = Scene::new();
    let ids: Vec<_> = (0..3).map(|_| scene.shell(60_000, "exec sleep 600")).collect();
    scene.until(|events| {
        events.iter().filter(|event| matches!(event, ChildEvent::Started { .. })).count() == 3
    });
    kill(scene.helper);
    scene.until_over(&ids);
    for id in &ids {
        assert_eq!(scene.result(*id).0, Run::Ended(End::Lost));
    }
    let late = scene.shell(60_000, "true");
    scene.until_over(&[late]);
    let is_late = |event: &ChildEvent| matches!(event, ChildEvent::Failed { id, .. } if *id == late);
    assert!(scene.events.iter().any(is_late), "{:?}", scene.events);
    let told = scene.events.iter().filter(|event| matches!(event, ChildEvent::StarterLost));
    assert_eq!(told.count(), 1);
    assert!(scene.children.is_empty() && scene.children.deadline().is_none());
    for event in &scene.events {
        if let ChildEvent::Started { process, .. } = event {
            kill(*process);
        }
    }
}

#[test]
fn who_dies_leaves_neither_a_helper_nor_children() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("leader");
    let mut scene = Scene::new();
    scene.shell(60_000, &format!("trap '' TERM; echo $$ > {}; while :; do sleep 1; done", file.display()));
    scene.until(|_| file.exists());
    let (leader, helper) = (number_in(&file), scene.helper);
    // A signal that is meant for the program does not end its helper.
    let process = nix::unistd::Pid::from_raw(helper.try_into().unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    let id = scene.shell(60_000, "echo fine");
    scene.until_over(&[id]);
    drop(scene);
    wait_for(|| (!lives(leader) && !lives(helper)).then_some(()));
}

/// A lease holds up who executes the file, as a dead file server does.
#[test]
fn a_start_that_hangs_holds_up_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("script");
    fs::write(&script, "#!/bin/sh\nexec sleep 600\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let lease = "$SIG{IO} = 'IGNORE'; open(F, '+<', $ARGV[0]) or die; fcntl(F, 1024, 1) or die; \
                 open(G, '>', \"$ARGV[0].held\"); sleep 600;";
    let mut holder =
        Command::new("perl").args(["-e", lease]).arg(&script).stderr(Stdio::null()).spawn().unwrap();
    let held = directory.path().join("script.held");
    if wait_for(|| if held.exists() { Some(true) } else { holder.try_wait().unwrap().map(|_| false) }) {
        let mut scene = Scene::new();
        let begun = Instant::now();
        let hangs = scene.start(700, &[script.to_str().unwrap()]);
        let fine = scene.shell(20_000, "echo fine");
        scene.until_over(&[fine]);
        assert_eq!(scene.result(fine).1, "fine\n");
        assert!(begun.elapsed() < Duration::from_secs(15), "the other one holds its output open");
        assert!(
            !scene.events.iter().any(|event| matches!(event, ChildEvent::Started { id, .. } if *id == hangs))
        );
        scene.until_over(&[hangs]);
        assert_eq!(scene.result(hangs).0, Run::TimedOut(Duration::from_millis(700)));
        wait_for(|| (scene.threads_of_helper() == scene.idle_threads).then_some(()));
    } else {
        println!("skipped: no leases on this file system");
    }
    let _ = holder.kill();
    holder.wait().unwrap();
}
