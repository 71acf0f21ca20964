//! `oco import-nrpe`: commands of NRPE become scripts that `oco run-parts` runs.

use super::{end, names_in};
use crate::scene::Scene;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file of Debian's nagios-nrpe-server.
const DEBIANS: &str = "/etc/nagios/nrpe.cfg";

/// An import in a scene.
struct Import {
    scene: Scene,
    into: PathBuf,
}

impl Import {
    fn new() -> Import {
        let scene = Scene::new();
        let into = scene.path("checks.d");
        fs::create_dir(&into).unwrap();
        fs::set_permissions(&into, fs::Permissions::from_mode(0o755)).unwrap();
        Import { scene, into }
    }

    fn oco(&self, arguments: &[&str], file: &Path) -> Command {
        let mut command = self.scene.oco(&["import-nrpe"]);
        command.args(arguments).arg(file).arg(&self.into);
        command
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.into.join(name)).unwrap().mode() & 0o7777
    }
}

#[test]
fn what_nrpe_ran_runs_as_a_check() {
    let import = Import::new();
    let more = import.scene.path("nrpe.d");
    fs::create_dir_all(more.join("deeper")).unwrap();
    fs::write(more.join("deeper/web.cfg"), "command[web]=echo web is $$0; exit 2\n").unwrap();
    fs::write(more.join("off.conf"), "command[off]=true\n").unwrap();
    let config = import.scene.file(
        "nrpe.cfg",
        &format!(
            "command_prefix=env WHO=nrpe\ncommand[load]=false\nserver_port=5666\n\
             command[load]=sh -c 'echo load of $WHO | cat; exit 1'\ncommand[disk]=check_disk -w $ARG1$\n\
             include_dir={}\ninclude={}\n",
            more.display(),
            import.scene.path("nrpe.cfg").display()
        ),
    );
    let ended = end(&mut import.oco(&[], &config));
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(names_in(&import.into), ["disk", "load", "web"]);
    assert_eq!((import.mode("load"), import.mode("web"), import.mode("disk")), (0o755, 0o755, 0o644));
    assert!(ended.stdout.contains("disk, turned off: $ARG1$ has to be written in\n"), "{ended:?}");

    let parts = import.into.to_str().unwrap();
    assert_eq!(end(&mut import.scene.oco(&["run-parts", parts])).status, Some(0));
    let recorded = |name: &str| fs::read_to_string(import.scene.status().join(name)).unwrap_or_default();
    assert_eq!(recorded("load"), "210 load of nrpe\n");
    assert_eq!(recorded("web"), format!("300 web is {parts}/web\n"));
    assert_eq!(recorded("disk"), "");

    // A second time changes nothing.
    let ended = end(&mut import.oco(&[], &config));
    assert_eq!(
        (ended.status, ended.stderr.as_str(), ended.stdout.matches("is up to date").count()),
        (Some(0), "", 3),
        "{ended:?}"
    );
}

#[test]
fn what_is_there_stays_unless_forced() {
    let import = Import::new();
    let config = import.scene.file("nrpe.cfg", "command[load]=true\n");
    fs::write(import.into.join("load"), "mine").unwrap();
    let ended = end(&mut import.oco(&[], &config));
    ended.expect_error(3, &["nrpe.cfg:1: command[load]: ", "/load is there already; --force replaces it"]);
    assert_eq!(fs::read_to_string(import.into.join("load")).unwrap(), "mine");
    // A link is not followed, wherever it leads.
    fs::remove_file(import.into.join("load")).unwrap();
    symlink(import.scene.path("elsewhere"), import.into.join("load")).unwrap();
    assert_eq!(end(&mut import.oco(&[], &config)).status, Some(3));
    assert_eq!(end(&mut import.oco(&["--force"], &config)).status, Some(0));
    assert!(!import.scene.path("elsewhere").exists());
    assert_eq!(names_in(&import.into), ["load"]);
    assert_eq!(import.mode("load"), 0o755);
}

#[test]
fn what_can_not_be_taken_over_is_named() {
    let import = Import::new();
    let config = import.scene.file(
        "nrpe.cfg",
        "command[two words]=true\ncommand[oco]=true\ncommand[../../x]=true\ncommand[good]=true\nnonsense\n\
         command[open=true\ninclude=/no/such/file\ninclude_dir=/no/such/directory\ncommand[nul]=a\0b\n",
    );
    let ended = end(&mut import.oco(&[], &config));
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert_eq!(names_in(&import.into), ["good"]);
    assert_eq!(ended.stderr.lines().count(), 8, "{}", ended.stderr);
    for line in [
        ":1: command[two words]: no check can have this name: ",
        ":2: command[oco]: no check can have this name: ",
        ":3: command[../../x]: no check can have this name: ",
        ":5: expected NAME=VALUE",
        ":6: expected command[NAME]=LINE",
        ":7: read /no/such/file: no such file or directory",
        ":8: read /no/such/directory: no such file or directory",
        ":9: command[nul]: a NUL in the line",
    ] {
        assert!(ended.stderr.contains(line), "{line:?} is not in {}", ended.stderr);
    }
}

#[test]
fn files_that_are_none_are_one_clear_line() {
    let import = Import::new();
    end(&mut import.oco(&[], Path::new("/no/such.cfg")))
        .expect_error(3, &["read /no/such.cfg: no such file or directory"]);
    let empty = import.scene.file("empty.cfg", "# nothing\n");
    end(&mut import.oco(&[], &empty)).expect_error(3, &["empty.cfg: no command[NAME]=LINE in it"]);
    let large = import.scene.file("large.cfg", &"#\n".repeat(600_000));
    end(&mut import.oco(&[], &large)).expect_error(3, &["large.cfg: too large; expected at most 1048576"]);
    let good = import.scene.file("good.cfg", "command[load]=true\n");
    fs::remove_dir(&import.into).unwrap();
    end(&mut import.oco(&[], &good)).expect_error(3, &["write ", "checks.d/load: no such file or directory"]);
    for depth in 0..20 {
        let next = import.scene.path(&format!("deep{}.cfg", depth + 1));
        import.scene.file(&format!("deep{depth}.cfg"), &format!("include={}\n", next.display()));
    }
    let ended = end(&mut import.oco(&[], &import.scene.path("deep0.cfg")));
    assert!(ended.stderr.contains("deep17.cfg: included more than 16 deep"), "{ended:?}");
}

/// File names come from whoever made the files, also those of directories that are included.
#[test]
fn names_of_files_can_not_make_the_terminal_obey() {
    let import = Import::new();
    let missing = import.scene.path("gone\x1b[31m.cfg");
    end(&mut import.oco(&[], &missing)).expect_error(3, &["gone?[31m.cfg: no such file or directory"]);
    let config = import.scene.file("odd\x1b[31m.cfg", "command[load]=true\nnonsense\n");
    let ended = end(&mut import.oco(&[], &config));
    assert!(ended.stderr.contains("odd?[31m.cfg:2: expected"), "{ended:?}");
    let into = import.scene.path("to\x1b[31m");
    fs::create_dir(&into).unwrap();
    let good = import.scene.file("good.cfg", "command[load]=true\n");
    let mut command = import.scene.oco(&["import-nrpe"]);
    let ended = end(command.arg(&good).arg(&into));
    assert!(ended.status == Some(0) && ended.stdout.ends_with("to?[31m/load\n"), "{ended:?}");
    let status = into.join("no");
    let ended = end(&mut import.scene.oco(&["-d", status.to_str().unwrap(), "set", "load", "200"]));
    ended.expect_error(3, &["to?[31m/no/load: no such file or directory"]);
}

/// The configuration that Debian ships, with its plugins.
#[test]
fn debians_own_configuration_is_taken_over() {
    if !Path::new(DEBIANS).exists() {
        println!("skipped: {DEBIANS} is not here; its package is nagios-nrpe-server");
        return;
    }
    let import = Import::new();
    let ended = end(&mut import.oco(&[], Path::new(DEBIANS)));
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let names = names_in(&import.into);
    for name in ["check_load", "check_total_procs", "check_users", "check_zombie_procs"] {
        assert!(names.iter().any(|found| found == name), "{name} is not in {names:?}");
    }
    assert_eq!(end(&mut import.scene.oco(&["run-parts", import.into.to_str().unwrap()])).status, Some(0));
    let recorded = fs::read_to_string(import.scene.status().join("check_users")).unwrap();
    assert!(recorded.contains("USERS "), "{recorded}");
}
