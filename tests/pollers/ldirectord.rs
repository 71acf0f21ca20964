//! ldirectord, with a stand-in for ipvsadm that keeps the table in files. The kernel's table is not touched.

use crate::host::Host;
use crate::journey::{Shows, Sight, journey};
use crate::running::{Running, find, have_all};
use crate::snippet::Snippet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Records every call, and the weight of the real server: no file, not in the table.
const IPVSADM: &str = r#"#!/bin/sh
cd "${0%/*}" || exit 1
echo "$*" >>calls
case $1 in
    -L)
        printf '%s\n' 'IP Virtual Server version 1.2.1 (size=4096)' 'Prot LocalAddress:Port Scheduler Flags' \
            '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn'
        [ ! -e service ] || echo "TCP  $(cat service) wlc"
        [ ! -e weight ] || echo "  -> $(cat real) Route $(cat weight) 0 0"
        ;;
    -A) echo "$3" >service ;;
    -D) rm -f service real weight ;;
    -a | -e)
        while [ $# -gt 0 ]; do
            case $1 in
                -r) echo "$2" >real ;;
                -w) echo "$2" >weight.new && mv weight.new weight ;;
            esac
            shift
        done
        ;;
    -d) rm -f real weight ;;
esac
"#;

#[test]
fn ldirectord_keeps_in_its_table_what_is_up() {
    if !have_all("ldirectord", &["ldirectord", "perl"]) {
        return;
    }
    let mut host = Host::new();
    let table = host.scene.path("table");
    fs::create_dir(&table).unwrap();
    let stand_in = host.scene.file("table/ipvsadm", IPVSADM);
    fs::set_permissions(stand_in, fs::Permissions::from_mode(0o755)).unwrap();
    let log = host.scene.path("ldirectord.log");
    let head = format!("checkinterval=1\nlogfile=\"{}\"\nquiescent=no\n", log.display());
    let file = Snippet::load("ldirectord.cf")
        .put("real=192.0.2.1:80", format!("real={}:80", host.ip()))
        .put("checkport=79", format!("checkport={}", host.port()))
        .after(&head)
        .write(&host.scene);
    // With -d it stays in the foreground and takes the ipvsadm of its working directory.
    let mut command = Command::new(find("ldirectord").expect("have_all has seen it"));
    command.current_dir(&table).arg("-d").arg(&file).arg("start");
    let mut ldirectord = Running::start(&mut command, host.scene.path("output"));
    journey("ldirectord", Shows::UpOrDown, &mut host, |_| {
        ldirectord.check();
        let weight = fs::read_to_string(table.join("weight")).unwrap_or_default();
        if !table.join("service").exists() {
            return Sight::none_yet();
        }
        Sight::new(!matches!(weight.trim(), "" | "0"), weight)
    });
    let calls = fs::read_to_string(table.join("calls")).unwrap();
    let real = format!("-r {}:80", host.ip());
    let count =
        |order: &str| calls.lines().filter(|call| call.starts_with(order) && call.contains(&real)).count();
    // At the start it puts the server in, takes it out until it has been asked, and puts it in again. Then the host
    // goes out three times.
    assert_eq!((count("-a "), count("-d ")), (5, 4), "{calls}");
}
