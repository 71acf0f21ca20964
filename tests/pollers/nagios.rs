//! Nagios' own daemon with nagios.cfg and `check_oco`. What it thinks is read from its status file.

use crate::host::Host;
use crate::journey::{Shows, Sight, journey};
use crate::running::{Running, find, have_all, output};
use crate::snippet::{Snippet, shipped};
use std::path::Path;
use std::process::Command;

/// The host, the person and the time that the service in nagios.cfg names.
const AROUND: &str = "
define host {
    host_name web1
    address ADDRESS
    max_check_attempts 1
    check_period 24x7
    notification_period 24x7
    contacts root
}
define timeperiod {
    timeperiod_name 24x7
    alias always
    sunday 00:00-24:00
    monday 00:00-24:00
    tuesday 00:00-24:00
    wednesday 00:00-24:00
    thursday 00:00-24:00
    friday 00:00-24:00
    saturday 00:00-24:00
}
define command {
    command_name nobody
    command_line /bin/true
}
define contact {
    contact_name root
    host_notification_period 24x7
    service_notification_period 24x7
    host_notification_commands nobody
    service_notification_commands nobody
}
";

/// Unlike the default: seconds in place of minutes, a status file that is young, and no other user.
const MAIN: &str = "interval_length=1
status_update_interval=1
check_external_commands=0
use_syslog=0
illegal_macro_output_chars=`~$&|'\"<>
";

/// What the status file says of the service.
fn sight(status: &Path) -> Sight {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let Some(service) = text.split("servicestatus {").nth(1) else { return Sight::none_yet() };
    let value = |key: &str| service.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
    let shown = value("plugin_output").unwrap_or_default();
    match (value("has_been_checked"), value("current_state")) {
        (Some("1"), Some("0" | "1")) => Sight::new(true, shown),
        (Some("1"), Some("2")) => Sight::new(false, shown),
        (Some("0") | None, _) => Sight::none_yet(),
        other => panic!("{other:?}: {service}"),
    }
}

#[test]
fn nagios_shows_what_check_oco_says() {
    if !have_all("Nagios", &["nagios4", "bash", "timeout"]) {
        return;
    }
    let mut host = Host::new();
    let plugin = format!("{} -p {}", shipped("check_oco").display(), host.port());
    let objects =
        Snippet::load("nagios.cfg").put("/usr/lib/nagios/plugins/check_oco", plugin).write(&host.scene);
    let around = host.scene.file("around.cfg", &AROUND.replace("ADDRESS", &host.ip()));
    let (_, user) = output(Command::new("id").arg("-un"));
    let (_, group) = output(Command::new("id").arg("-gn"));
    let mut main = format!("{MAIN}nagios_user={user}nagios_group={group}");
    for file in [objects, around] {
        main += &format!("cfg_file={}\n", file.display());
    }
    let files = [
        ("log_file", "log"),
        ("object_cache_file", "cache"),
        ("status_file", "status.dat"),
        ("lock_file", "lock"),
        ("query_socket", "query"),
        ("temp_file", "temporary"),
        ("check_result_path", "."),
        ("temp_path", "."),
    ];
    for (key, name) in files {
        main += &format!("{key}={}\n", host.scene.path(name).display());
    }
    let main = host.scene.file("main.cfg", &main);
    let program = find("nagios4").expect("have_all has seen it");
    let (done, text) = output(Command::new(&program).arg("-v").arg(&main));
    assert!(done && text.contains("Total Warnings: 0"), "{text}");
    let mut nagios = Running::start(Command::new(&program).arg(&main), host.scene.path("output"));
    journey("Nagios", Shows::TheLine, &mut host, |host| {
        nagios.check();
        sight(&host.scene.path("status.dat"))
    });
}
