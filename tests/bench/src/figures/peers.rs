//! What others cost that answer a poller. Each runs in the foreground, in a directory of its own, on loopback.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cost::{Pairing, ratio};
use super::{Bench, Effort, FILES};
use crate::Result;
use crate::files::{Scratch, StatusFiles};
use crate::load::Closing;
use crate::meter;
use crate::report::{Figure, Report};
use crate::servers::{Server, Talk, find_program, free_address};

pub fn nginx(bench: &Bench, report: &mut Report) -> Result<()> {
    let Some(program) = find_program("nginx") else {
        return not_installed(report, "nginx");
    };
    let (scratch, address) = (Scratch::new()?, free_address()?);
    let config =
        fill(&scratch, "nginx.conf", include_str!("../../peers/nginx.conf"), &[("ADDRESS", &address)])?;
    let mut command = Command::new(program);
    command.arg("-c").arg(config).arg("-p").arg(scratch.path());
    let peer = Server::start("nginx", command, address, Talk::Http("/"), scratch)?;
    compare(bench, bench.effort, &peer, &ratio("CPU against nginx `return 200`", Some(0.7)), report)
}

pub fn haproxy(bench: &Bench, report: &mut Report) -> Result<()> {
    let Some(program) = find_program("haproxy") else {
        return not_installed(report, "haproxy");
    };
    let (scratch, address) = (Scratch::new()?, free_address()?);
    let config =
        fill(&scratch, "haproxy.cfg", include_str!("../../peers/haproxy.cfg"), &[("ADDRESS", &address)])?;
    let mut command = Command::new(program);
    command.arg("-db").arg("-f").arg(config);
    let peer = Server::start("haproxy", command, address, Talk::Http("/"), scratch)?;
    compare(
        bench,
        bench.effort,
        &peer,
        &ratio("CPU against HAProxy `http-request return`", Some(0.7)),
        report,
    )
}

pub fn xinetd(bench: &Bench, report: &mut Report) -> Result<()> {
    let Some(program) = find_program("xinetd") else {
        return not_installed(report, "xinetd");
    };
    let files = StatusFiles::new(FILES)?;
    let (scratch, address) = (Scratch::new()?, free_address()?);
    scratch.file("status.sh", include_str!("../../peers/status.sh"))?;
    let user = nix::unistd::geteuid();
    let values: [(&str, &dyn ToString); 4] = [
        ("USER", &user),
        ("IP", &address.ip()),
        ("PORT", &address.port()),
        ("FILES", &files.path().display()),
    ];
    let config = fill(&scratch, "xinetd.conf", include_str!("../../peers/xinetd.conf"), &values)?;
    let mut command = Command::new(program);
    command.args(["-dontfork", "-f"]).arg(config).arg("-pidfile").arg(scratch.path().join("pid"));
    let mut peer = Server::start("xinetd", command, address, Talk::Line, scratch)?;
    peer.backlog = 60;
    let figure = ratio("CPU against xinetd and a shell script", Some(1.0 / 120.0));
    compare(bench, bench.effort.slow_server(), &peer, &figure, report)
}

/// Reads its files for each request; for comparison only.
pub fn node_exporter(bench: &Bench, report: &mut Report) -> Result<()> {
    let Some(program) = find_program("prometheus-node-exporter") else {
        return not_installed(report, "node_exporter");
    };
    let (scratch, address) = (Scratch::new()?, free_address()?);
    for i in 0..FILES {
        let sample = format!("oco_check_code{{check=\"check-{i}\"}} 200\n");
        scratch.file(&format!("check-{i}.prom"), &sample)?;
    }
    let mut command = Command::new(program);
    command.args(["--collector.disable-defaults", "--collector.textfile", "--web.max-requests=0"]);
    command.arg(format!("--collector.textfile.directory={}", scratch.path().display()));
    command.arg(format!("--web.listen-address={address}"));
    let peer = Server::start("node_exporter", command, address, Talk::Http("/metrics"), scratch)?;
    let figure = ratio("CPU against node_exporter's textfile collector", None);
    compare(bench, bench.effort.slow_server(), &peer, &figure, report)
}

/// Write a configuration file, with the values for its `@NAMES@`; `@DIR@` is where it is written.
fn fill(scratch: &Scratch, name: &str, template: &str, values: &[(&str, &dyn ToString)]) -> Result<PathBuf> {
    let directory = Path::display(scratch.path());
    let mut text = template.replace("@DIR@", &directory.to_string());
    for (name, value) in values {
        text = text.replace(&format!("@{name}@"), &value.to_string());
    }
    Ok(scratch.file(name, &text)?)
}

fn compare(bench: &Bench, effort: Effort, peer: &Server, figure: &Figure, report: &mut Report) -> Result<()> {
    let files = StatusFiles::new(FILES)?;
    let ocod = bench.programs.ocod(&files)?;
    let pairing = Pairing::measure(&effort, Closing::AtOnce, &ocod, peer)?;
    let resident = meter::memory(peer.pid)?.resident / 1024;
    report.add(figure, &pairing.cpu, format!("{}, {resident} KiB resident", pairing.cpu_detail()));
    Ok(())
}

fn not_installed(report: &mut Report, name: &str) -> Result<()> {
    report.skip(&format!("CPU against {name}"), "not installed");
    Ok(())
}
