//! From the start over reloads to the end: what is refused, kept and told.

use crate::host::Host;
use crate::scene::{Scene, parts, wait_for};
use crate::watcher::Watcher;

fn one(host: &Host, keys: &str) -> String {
    format!(
        "{keys}\n[defaults]\ninterval = \"100ms\"\nfall = 2\n[hostgroup.g]\nhosts = [{{ name = \"a\", address = \"{}\" }}]\n\
         [hostgroup.g.service.s]\nprobe = \"oco\"\n",
        host.address
    )
}

#[test]
fn a_reload_keeps_what_is_still_there() {
    let (host, other) = (Host::new("350 KO 300-x"), Host::new("200 OK"));
    let scene = Scene::new(&one(&host, ""));
    let watcher = Watcher::start(&scene);
    let since = scene.wait_for_words("g/s/a", "ko")["since"].clone();
    let more =
        format!("[hostgroup.h]\nhosts = [\"{}\"]\n[hostgroup.h.service.s]\nprobe = \"oco\"\n", other.address);
    scene.configure(&(one(&host, "") + &more));
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    scene.wait_for_words("h/s", "ok");
    assert_eq!(scene.shown("g/s/a")["since"], since);
    assert_eq!(
        watcher.log().matches("g/s/a: ").count(),
        1,
        "no transition without a reason: {}",
        watcher.log()
    );
    // What is gone is gone.
    scene.configure(&more);
    watcher.signal("HUP");
    wait_for("the group to go", || scene.shown("g/s").is_null().then_some(()));
    scene.wait_for_words("h/s", "ok");
}

#[test]
fn a_bad_file_is_refused_and_the_running_one_stays() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(&host, ""));
    let watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
    scene.configure("[hostgroup.g]\nhosts = [\"127.0.0.1\"]\nintervall = \"1s\"\n");
    watcher.signal("HUP");
    let file = scene.path("watch.toml");
    watcher.wait_for_log(&format!("reload refused, going on as before: {}:5: ", file.display()));
    assert!(watcher.log().contains("unknown field `intervall`"), "{}", watcher.log());
    host.say("350 KO 300-x");
    scene.wait_for_words("g/s/a", "ko");
    std::fs::remove_file(&file).unwrap();
    watcher.signal("HUP");
    watcher.wait_for_log(&format!("going on as before: {}: ", file.display()));
    scene.wait_for_words("g/s/a", "ko");
}

#[test]
fn what_needs_a_restart_says_so() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(&host, ""));
    let watcher = Watcher::start(&scene);
    let text = std::fs::read_to_string(scene.path("watch.toml")).unwrap();
    let text = text.replace("state\"", "elsewhere\"").replace("control\"", "other\"");
    std::fs::write(scene.path("watch.toml"), format!("user = \"nobody\"\n{text}")).unwrap();
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    for key in ["state-dir", "control", "user"] {
        let line = format!("warn: {key}: can't be changed while running; that needs a restart");
        watcher.wait_for_log(&line);
    }
    assert!(scene.control().exists());
}

#[test]
fn term_is_a_clean_end_and_an_absent_watcher_is_said() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(&host, ""));
    let absent = |how: &str| {
        for arguments in [&["status"][..], &["log"], &["report", "g/s/a", "200"], &["forget", "g/s/a"]] {
            let (status, said, complaint) = parts(&scene.fleet(arguments).output().unwrap());
            assert_eq!((status, said.as_str()), (Some(3), ""), "{how}: {arguments:?}: {complaint}");
            assert!(complaint.contains("no ocowatch at ") && complaint.lines().count() == 1, "{complaint}");
        }
    };
    absent("before the start");
    let mut watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    watcher.wait_for_log("stopping");
    assert!(!scene.control().exists());
    absent("after the end");
    let mut watcher = Watcher::start(&scene);
    watcher.signal("KILL");
    watcher.wait();
    assert!(scene.control().exists());
    absent("after a kill");
    // What is left over is taken over.
    let _watcher = Watcher::start(&scene);
    scene.wait_for_words("g/s/a", "ok");
}

#[test]
fn ps_shows_the_helper_as_a_second_ocowatch() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(&host, ""));
    let watcher = Watcher::start(&scene);
    let children = format!("/proc/{0}/task/{0}/children", watcher.pid());
    wait_for("the helper's name", || {
        let helper = std::fs::read_to_string(&children).ok()?;
        let of_helper = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", helper.trim())).ok();
        let is_named = of_helper("comm")? == "ocowatch\n" && of_helper("cmdline")?.starts_with("ocowatch\0");
        is_named.then_some(())
    });
}

#[test]
fn a_helper_that_was_killed_ends_the_watcher_with_a_word() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(&host, ""));
    let mut watcher = Watcher::start(&scene);
    let children = format!("/proc/{0}/task/{0}/children", watcher.pid());
    let helper = wait_for("the helper", || {
        std::fs::read_to_string(&children).ok().filter(|children| !children.trim().is_empty())
    });
    let killed = std::process::Command::new("kill").args(["-KILL", helper.trim()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(watcher.wait().code(), Some(1));
    watcher.wait_for_log("the helper that runs programs has died");
    assert!(!scene.control().exists());
}

#[test]
fn no_child_outlives_a_watcher_that_was_killed() {
    let scene = Scene::new("");
    let pids = scene.path("pids").display().to_string();
    let sleeps = scene.program("sleeps", &format!("#!/bin/sh\necho $$ >>{pids}\nexec sleep 1000\n"));
    scene.configure(&format!(
        "[hostgroup.g]\nhosts = [\"127.0.0.1\"]\ninterval = \"100ms\"\ntimeout = \"1h\"\n[hostgroup.g.service.s]\nprobe = {{ exec = [{sleeps:?}] }}\n"
    ));
    let mut watcher = Watcher::start(&scene);
    let pid = wait_for("a child", || {
        let pids = std::fs::read_to_string(&pids).ok()?;
        pids.lines().next().map(str::to_owned)
    });
    watcher.signal("KILL");
    watcher.wait();
    wait_for("the child to be gone", || {
        (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(())
    });
}

#[test]
fn a_second_watcher_is_refused_on_the_state_and_on_the_socket() {
    let host = Host::new("200 OK");
    let scene = Scene::new(&one(&host, ""));
    let _watcher = Watcher::start(&scene);
    // It listens at all of its sockets by then.
    scene.wait_for_words("g/s/a", "ok");
    let text = std::fs::read_to_string(scene.path("watch.toml")).unwrap();
    for (what, text) in [
        ("state", text.replace("control\"", "other/control\"")),
        ("control", text.replace("state\"", "elsewhere\"")),
    ] {
        let _ = std::fs::create_dir(scene.path("elsewhere"));
        let _ = std::fs::create_dir(scene.path("other"));
        std::fs::write(scene.path("watch.toml"), text).unwrap();
        let (status, last) = scene.refusal();
        assert_eq!(status, Some(1), "{last}");
        let path = scene.path(what).display().to_string();
        assert!(last.contains(&path) && last.contains("nother"), "{what}: {last}");
    }
    let left = std::fs::read_dir(scene.path("other")).unwrap().count();
    assert_eq!(left, 0, "its sockets are not left behind");
    // One whose socket `token` would be that of the first.
    std::fs::write(scene.path("watch.toml"), text.replace("control\"", "beside\"")).unwrap();
    let (status, last) = scene.refusal();
    assert!(status == Some(1) && last.contains("token: another program listens there"), "{last}");
    assert!(!scene.path("beside").exists(), "its socket is not left behind");
    scene.wait_for_words("g/s/a", "ok");
}

#[test]
fn what_stands_where_the_socket_should_is_left_alone() {
    let scene = Scene::new("");
    scene.file("control", "mine");
    let (status, last) = scene.refusal();
    assert_eq!(status, Some(1));
    assert!(last.contains("not a socket"), "{last}");
    assert_eq!(std::fs::read_to_string(scene.control()).unwrap(), "mine");
}

#[test]
fn a_log_that_nobody_reads_holds_up_nothing() {
    use std::process::Stdio;
    let host = Host::new("200 OK");
    let scene = Scene::new(&(one(&host, "") + "[hostgroup.push]\naccept-reports = true\n"));
    let mut command = scene.ocowatch(&[]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("the control socket", || std::os::unix::net::UnixStream::connect(scene.control()).ok());
    for code in [300, 200, 300] {
        let reports: Vec<_> = (0..5000)
            .map(|n| serde_json::json!({"name": format!("push/many/host{n}"), "code": code}))
            .collect();
        let order = serde_json::json!({"version": 1, "order": "report", "reports": reports});
        crate::talk::ask(&scene, &order.to_string());
    }
    host.say("350 KO 300-x");
    scene.wait_for_words("g/s/a", "ko");
    assert_eq!(scene.shown("push/many")["up"], 0);
    let killed = std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
    let status = wait_for("the end", || child.try_wait().unwrap());
    assert!(status.success());
}
