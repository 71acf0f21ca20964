//! A network of its own, where port 79 and the examples' addresses are free, and where nothing gets out.

use crate::running::output;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Makes the network, copies `oco` to where keepalived trusts it, and stays until its standard input ends.
const SET_UP: &str = "set -e
    ip link set lo up
    ip link add eth0 type veth peer name peer
    ip link set peer up
    ip link set eth0 up
    ip addr add 192.0.2.1/24 dev eth0
    mount -t tmpfs -o mode=755 oco /mnt
    cp \"$1\" /mnt/oco
    echo ready
    exec cat";

pub struct Namespace {
    child: Child,
}

impl Namespace {
    /// None where it can't be made, with the reason said.
    pub fn new(test: &str, oco: &Path) -> Option<Namespace> {
        let mut child = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", SET_UP, "sh"])
            .arg(oco)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("read from sh");
        if line.trim() == "ready" {
            return Some(Namespace { child });
        }
        let failed = child.wait_with_output().expect("wait for sh");
        println!("skip: {test}: no network of its own: {}", String::from_utf8_lossy(&failed.stderr).trim());
        None
    }

    /// What runs a command in it.
    pub fn enter(&self) -> Vec<String> {
        let pid = self.child.id().to_string();
        ["nsenter", "-t", &pid, "--net", "--mount", "--"].map(str::to_owned).to_vec()
    }

    /// The IPv4 addresses of its interface.
    pub fn addresses(&self) -> String {
        let words = self.enter();
        let (_, text) = output(
            Command::new(&words[0]).args(&words[1..]).args(["ip", "-4", "addr", "show", "dev", "eth0"]),
        );
        text
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
