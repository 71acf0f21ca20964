//! Xymon's xymonnet, one run after the other, with its report printed instead of sent.

use crate::host::Host;
use crate::journey::{Shows, Sight, journey};
use crate::running::{have_all, output};
use crate::snippet::Snippet;
use std::fs;
use std::process::Command;

const XYMONNET: &str = "/usr/lib/xymon/server/bin/xymonnet";

#[test]
fn xymonnet_turns_red() {
    if !have_all("Xymon", &[XYMONNET]) {
        return;
    }
    let mut host = Host::new();
    let protocols = Snippet::load("xymon-protocols.cfg").put("port 79", format!("port {}", host.port()));
    fs::create_dir(host.scene.path("etc")).unwrap();
    host.scene.file("etc/protocols.cfg", protocols.text());
    let hosts = host.scene.file("hosts.cfg", &format!("{} web1 # oco noconn\n", host.ip()));
    let home = host.scene.path(".");
    journey("xymonnet", Shows::UpOrDown, &mut host, |_| {
        let mut command = Command::new(XYMONNET);
        command.args(["--no-update", "--noping", "--no-ares", "--dns=ip", "--checkresponse=red"]);
        command.env("HOSTSCFG", &hosts).env("XYMONHOME", &home).env("XYMONTMP", &home);
        command.env("XYMSRV", "127.0.0.1").env("XYMONNETWORK", "").env("MACHINE", "x").env("TASKSLEEP", "60");
        let (_, text) = output(&mut command);
        let colour = text.split("web1.oco ").nth(1).and_then(|rest| rest.split(' ').next());
        match colour {
            Some("green") => Sight::new(true, text),
            Some("red") => Sight::new(false, text),
            other => panic!("web1 is {other:?}: {text}"),
        }
    });
}
