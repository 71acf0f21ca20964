//! A table that is full.

use crate::process::ticks;
use crate::scene::{Scene, have, wait_for, wrap};
use crate::server::{Ocod, answer, connect, connect_from, read_line};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

const PLACES: usize = 8;

fn start(scene: &Scene, places: usize) -> Command {
    scene.check("http", "200\n");
    let listen = "[[listen]]\naddress = \"127.0.0.1:0\"\n";
    let config = scene.file("ocod.toml", &format!("max-connections = {places}\n{listen}"));
    scene.ocod(&["-c", config.to_str().unwrap()])
}

/// One address once held more than its share. To find out that it does not any more must not take a walk through the
/// table for each client that comes later.
#[test]
fn a_flood_that_is_over_makes_no_later_answer_dearer() {
    const MANY: u16 = 4_000;
    let scene = Scene::new();
    let cost = |flood: u16| {
        let ocod = Ocod::spawn(start(&scene, MANY.into()));
        let line = answer("200 OK oco");
        let mut kept = Vec::new();
        let mut come = |client: [u8; 4]| {
            let mut stream = connect_from(client, ocod.address());
            assert_eq!(read_line(&mut stream), line);
            // It does not close, so that it keeps its place.
            kept.push(stream);
        };
        (0..flood).for_each(|_| come([127, 0, 0, 3]));
        (1..=MANY).map(u16::to_be_bytes).for_each(|[high, low]| come([127, 1, high, low]));
        let before = ticks(ocod.pid());
        (1..=MANY).map(u16::to_be_bytes).for_each(|[high, low]| come([127, 2, high, low]));
        ticks(ocod.pid()) - before
    };
    let (calm, flooded) = (cost(0), cost(MANY / 2));
    assert!(flooded < 2 * calm + 5, "{flooded} ticks after a flood, {calm} without one");
}

/// Every client still waits for its line, as where the kernel has no memory for sockets (tcp_mem), so that nobody may
/// be closed to make room. A client can't bring that about: whatever its window, the kernel takes a line. So strace
/// plays the kernel.
#[test]
fn full_of_clients_that_wait_for_their_line_it_does_not_spin() {
    let scene = Scene::new();
    let can_trace = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !have("strace") || !can_trace.is_ok_and(|status| status.success()) {
        println!("skipped: strace is missing or may not trace here");
        return;
    }
    let trace = scene.path("trace");
    let mut strace = Command::new("strace");
    strace.args(["-D", "-I2", "-qq", "-e", "signal=none", "-e", "trace=sendto,epoll_wait"]);
    strace.args(["-e", "inject=sendto:error=EAGAIN", "-o"]).arg(&trace);
    let ocod = Ocod::spawn(wrap(&strace, &start(&scene, PLACES)));
    let sleeps = || fs::read_to_string(&trace).unwrap_or_default().matches("epoll_wait(").count();
    let sends = || fs::read_to_string(&trace).unwrap_or_default().matches("sendto(").count();
    let _waiting: Vec<TcpStream> = (0..PLACES).map(|_| connect(ocod.address())).collect();
    wait_for("as many lines", || (sends() >= PLACES).then_some(()));
    let mut more: Vec<TcpStream> = (0..PLACES).map(|_| connect(ocod.address())).collect();
    let before = (ticks(ocod.pid()), sleeps());
    // This measures a rate, within the two seconds after which those who wait are given up.
    std::thread::sleep(Duration::from_secs(1));
    let (ran, slept) = (ticks(ocod.pid()) - before.0, sleeps() - before.1);
    assert!(ran < 30 && slept < 60, "it spins: {ran} ticks and {slept} calls in a second");
    // The kernel has memory again.
    let tracer = crate::process::tracer(ocod.pid()).expect("strace");
    kill(Pid::from_raw(tracer.cast_signed()), Signal::SIGTERM).unwrap();
    for stream in &mut more {
        assert_eq!(read_line(stream), answer("200 OK oco"));
    }
    ocod.expect("200 OK oco");
    ocod.wait_for_log("every connection still waits for its line: trying again every 100ms");
}
