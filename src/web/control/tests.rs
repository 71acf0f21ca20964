use super::*;
use oco::logic::control::ActReply;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, LocalOptions};

/// Runs this on a loop as the board's is.
fn on_a_loop<T>(work: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap().block_on(work)
}

#[test]
#[ignore = "this is the helper that the other tests start"]
fn the_helper_itself() {
    // Started by anybody else it has no socket, and ends.
    let _ = connector::serve();
}

/// The way to a watcher at this path.
fn way_to(path: &Path) -> Watcher {
    let mut command = Command::new("/proc/self/exe");
    command.args(["--exact", "control::tests::the_helper_itself", "--ignored"]);
    Watcher::new(connector::launch(command, path).unwrap().connector().unwrap())
}

/// A watcher that answers each line by this, on a thread of its own.
fn watcher(directory: &Path, answer: impl Fn(usize, &str) -> Option<String> + Send + 'static) -> PathBuf {
    let path = directory.join("control");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        let mut count = 0;
        for stream in listener.incoming().map_while(Result::ok) {
            let reader = BufReader::new(stream.try_clone().unwrap());
            let mut stream: StdStream = stream;
            for line in reader.lines().map_while(Result::ok) {
                count += 1;
                let Some(reply) = answer(count, &line) else { break };
                stream.write_all(reply.as_bytes()).unwrap();
            }
        }
    });
    path
}

/// Takes each report.
fn take_all(line: &str) -> String {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let count = line["reports"].as_array().unwrap().len();
    format!("{{\"version\":1,\"ok\":true,\"results\":{}}}\n", serde_json::json!(vec![(); count]))
}

#[test]
fn reports_are_taken_and_a_lost_connection_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    // Each third line is not answered, but the connection closed.
    let path = watcher(directory.path(), |count, line| (count % 3 != 0).then(|| take_all(line)));
    on_a_loop(async {
        let watcher = way_to(&path);
        for _ in 0..20 {
            assert_eq!(watcher.report(vec!["1".to_owned(), "2".to_owned()]).await, Ok(()));
        }
    });
}

#[test]
fn who_is_not_taken_is_told_why() {
    let directory = tempfile::tempdir().unwrap();
    let reply = "{\"version\":1,\"ok\":true,\"results\":[null,\"not known\"]}\n";
    let path = watcher(directory.path(), move |_, _| Some(reply.to_owned()));
    on_a_loop(async {
        let watcher = way_to(&path);
        let told = watcher.report(vec!["1".to_owned(), "2".to_owned()]).await;
        assert_eq!(told, Err(NotDone::Refused("not known".to_owned())));
    });
}

#[test]
fn a_watcher_that_is_away_hangs_or_talks_nonsense_holds_nobody_up() {
    let directory = tempfile::tempdir().unwrap();
    on_a_loop(async {
        let watcher = way_to(&directory.path().join("nobody"));
        let told = watcher.report(vec!["1".to_owned()]).await.unwrap_err().to_string();
        assert_eq!(told, "the watcher is away: no such file or directory");
        let told = watcher.order::<ActReply>(FleetOrder::Adjustments, None, None).await;
        assert!(matches!(told, Err(NotDone::Away(_))));
    });
    let path = watcher(directory.path(), |_, _| {
        std::thread::sleep(Duration::from_secs(60));
        None
    });
    on_a_loop(async {
        let watcher = way_to(&path);
        let begun = Instant::now();
        let second = watcher.clone();
        let second = tokio::task::spawn_local(async move { second.report(vec!["2".to_owned()]).await });
        let away = Err(NotDone::Away("timed out".to_owned()));
        assert_eq!(watcher.report(vec!["1".to_owned()]).await, away);
        assert_eq!(second.await.unwrap(), away);
        assert!(begun.elapsed() < 2 * WATCHER_TIME, "{:?}", begun.elapsed());
    });
    std::fs::remove_file(path).unwrap();
    let path = watcher(directory.path(), |_, _| Some("{\"version\":1,\"results\":[]}\nx\n".to_owned()));
    on_a_loop(async {
        let watcher = way_to(&path);
        assert!(matches!(watcher.report(vec!["1".to_owned()]).await, Err(NotDone::Away(_))));
    });
}

#[test]
fn orders_have_replies_or_refusals() {
    let directory = tempfile::tempdir().unwrap();
    let path = watcher(directory.path(), |_, line| {
        Some(match line.contains("\"name\":\"web/oco\"") {
            true => {
                "{\"version\":1,\"ok\":true,\"act\":\"alert\",\"name\":\"web/oco\",\"who\":\"x via root\"}\n"
                    .to_owned()
            }
            false => "{\"version\":1,\"error\":\"x: nothing is known by that name\"}\n".to_owned(),
        })
    });
    on_a_loop(async {
        let watcher = way_to(&path);
        let alert = |name: &str| FleetOrder::Alert { name: name.to_owned(), text: "x".to_owned() };
        let reply: ActReply = watcher.order(alert("web/oco"), Some("x".to_owned()), None).await.unwrap();
        assert_eq!((reply.act.as_str(), reply.who.as_str()), ("alert", "x via root"));
        let told = watcher.order::<ActReply>(alert("x"), None, None).await;
        assert_eq!(told, Err(NotDone::Refused("x: nothing is known by that name".to_owned())));
    });
}

#[test]
fn of_an_order_that_was_given_and_not_answered_nobody_says_that_nothing_was_done() {
    let directory = tempfile::tempdir().unwrap();
    let path = watcher(directory.path(), |_, _| None);
    on_a_loop(async {
        let watcher = way_to(&path);
        let mute = || FleetOrder::Unmute(oco::logic::control::Undo { name: "web".to_owned() });
        let told = watcher.order::<ActReply>(mute(), None, None).await.unwrap_err().to_string();
        assert!(
            told.starts_with("the watcher is away: ") && told.ends_with("; it may have been done"),
            "{told}"
        );
        let status = FleetOrder::Status { patterns: Vec::new(), most: None };
        let told = watcher.order::<ActReply>(status, None, None).await.unwrap_err().to_string();
        assert!(told.starts_with("the watcher is away: ") && !told.contains("done"), "{told}");
        std::fs::remove_file(&path).unwrap();
        let told = watcher.order::<ActReply>(mute(), None, None).await.unwrap_err().to_string();
        assert_eq!(told, "the watcher is away: no such file or directory", "then nothing was given");
    });
}
