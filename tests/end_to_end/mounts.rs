//! Files and directories that are mounted, and mounted over.

use crate::scene::Scene;
use crate::server::Ocod;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mount that ends with the test.
pub struct Mount(PathBuf);

impl Mount {
    /// Mounts what `arguments` of mount(8) say at `place`; none, with the reason said, if that can't be done here.
    pub fn new(arguments: &[&str], place: &Path) -> Option<Mount> {
        let output = Command::new("mount").args(arguments).arg(place).output();
        match output {
            Ok(output) if output.status.success() => Some(Mount(place.to_owned())),
            other => {
                println!("skipped: nothing can be mounted here: {other:?}");
                None
            }
        }
    }

    /// The file `source`, at `place` as well.
    pub fn bind(source: &Path, place: &Path) -> Option<Mount> {
        Mount::new(&["--bind", source.to_str().unwrap()], place)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let status = Command::new("umount").arg(&self.0).stderr(Stdio::null()).status();
        if !std::thread::panicking() {
            assert!(status.is_ok_and(|status| status.success()), "ocod keeps the file system busy");
        }
    }
}

/// As containers are given single files: what happens to them is told where they come from.
#[test]
fn a_file_that_is_a_mount_point_is_seen_to_change() {
    let scene = Scene::new();
    let (source, file) = (scene.file("source", "200\n"), scene.status().join("http"));
    scene.check("http", "500\n");
    let Some(mount) = Mount::bind(&source, &file) else { return };
    let ocod = Ocod::start(&scene);
    for _ in 0..10 {
        ocod.expect("200 OK oco");
        fs::write(&source, "300\n").unwrap();
        ocod.expect("350 KO oco 300-http");
        fs::write(&source, "210\n").unwrap();
        ocod.expect("250 OK, but oco 210-http");
        let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
        fs::File::options().append(true).open(&source).unwrap().set_modified(hour_ago).unwrap();
        ocod.expect("350 KO oco 300-http");
        fs::write(&source, "200\n").unwrap();
    }
    ocod.expect("200 OK oco");
    drop(mount);
    // What was below it counts again.
    ocod.expect("550 KO oco 500-http");
    scene.check("http", "210\n");
    ocod.expect("250 OK, but oco 210-http");
}

/// No event tells that something is mounted over a file. A touch of the directory makes ocod look at all, as does a
/// reload.
#[test]
fn a_file_that_is_mounted_over_later_is_seen_when_asked_to_look() {
    let scene = Scene::new();
    let (source, file) = (scene.file("source", "300\n"), scene.status().join("http"));
    scene.check("http", "200\n");
    scene.check("load", "200\n");
    let ocod = Ocod::start(&scene);
    ocod.expect("200 OK oco");
    let Some(mount) = Mount::bind(&source, &file) else { return };
    let touched = Command::new("touch").arg(scene.status()).status();
    assert!(touched.expect("run touch").success());
    ocod.expect("350 KO oco 300-http");
    fs::write(&source, "210\n").unwrap();
    ocod.expect("250 OK, but oco 210-http");
    drop(mount);
    ocod.expect("200 OK oco");
    let Some(_mount) = Mount::bind(&source, &file) else { return };
    ocod.signal("HUP");
    ocod.wait_for_log("info: reloaded");
    ocod.expect("250 OK, but oco 210-http");
    fs::write(&source, "300\n").unwrap();
    ocod.expect("350 KO oco 300-http");
}
