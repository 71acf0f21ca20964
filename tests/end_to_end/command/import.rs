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

    /// Lets other users come to the scripts, as they can below /etc.
    fn open_to_all(&self) {
        fs::set_permissions(self.scene.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs the scripts, giving `timeout` to those that want no other, and returns what was recorded of `name`.
    fn run(&self, timeout: &str, name: &str) -> String {
        let mut command = self.scene.oco(&["run-parts", "--timeout", timeout, self.into.to_str().unwrap()]);
        end(command.current_dir(self.scene.path("."))).expect_silent(0);
        fs::read_to_string(self.scene.status().join(name)).unwrap_or_default()
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

/// NRPE ran its commands as this user, from directories that he may write to.
#[test]
fn what_ran_as_nobody_does_not_run_as_root() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can become another user");
        return;
    }
    let import = Import::new();
    import.open_to_all();
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    let by_number = format!("nrpe_user={}\nnrpe_group=daemon\n", nobody.uid);
    let shown = "echo $(id -u) $(id -gn) $HOME | tr ' ' /; exit 1";
    for (around, group) in [("nrpe_user=root\nnrpe_user=nobody\n", "nogroup"), (by_number.as_str(), "daemon")]
    {
        let config = import.scene.file("nrpe.cfg", &format!("command[who]={shown}\n{around}"));
        let ended = end(&mut import.oco(&["--force"], &config));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        assert_eq!(import.mode("who"), 0o755);
        // All of the line, and not only what stands before its pipe.
        let expected = format!("210 {}/{group}/{}\n", nobody.uid, nobody.dir.display());
        assert_eq!(import.run("20s", "who").replace("//", "/"), expected.replace("//", "/"));
    }
}

#[test]
fn who_can_not_be_had_here_leaves_the_script_turned_off() {
    let import = Import::new();
    let cases = [
        ("nrpe_user=no-such-user\n", "it ran as no-such-user, but there is no such user here"),
        ("nrpe_user=4294967290\n", "it ran as 4294967290, but there is no such user here"),
        ("nrpe_user=a b;c\x1b\n", "it ran as a b;c?, but there is no such user here"),
        (
            "nrpe_user=nobody\nnrpe_group=no-such-group\n",
            "in the group no-such-group, but there is no such group here",
        ),
        ("nrpe_group=daemon\n", "it ran as root in the group daemon, but root keeps its own group here"),
    ];
    for (around, why) in cases {
        let config = import.scene.file("nrpe.cfg", &format!("command[who]=id -u $ARG1$\n{around}"));
        let ended = end(&mut import.oco(&["--force"], &config));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        assert!(
            ended.stdout.contains("who, turned off: $ARG1$ has to be written in; ")
                && ended.stdout.contains(why),
            "{ended:?}"
        );
        assert_eq!(import.mode("who"), 0o644);
        let script = fs::read_to_string(import.into.join("who")).unwrap();
        assert!(script.contains(why.trim_start_matches("it ")) && script.lines().count() == 6, "{script}");
    }
    let config = import.scene.file("nrpe.cfg", "command[who]=id -u\nnrpe_user=root\n");
    let ended = end(&mut import.oco(&["--force"], &config));
    assert!(ended.stdout.ends_with("/who\n") && import.mode("who") == 0o755, "{ended:?}");
}

#[test]
fn a_command_has_the_time_that_nrpe_gave_it() {
    let import = Import::new();
    let config = import.scene.file("nrpe.cfg", "command[slow]=sleep 1; echo in time\ncommand_timeout=120\n");
    assert_eq!(end(&mut import.oco(&[], &config)).status, Some(0));
    assert_eq!(import.run("100ms", "slow"), "200 in time\n");
    // So it is where nothing is said of it: 60 s.
    import.scene.file("nrpe.cfg", "command[slow]=sleep 1; echo in time\n");
    assert_eq!(end(&mut import.oco(&["--force"], &config)).status, Some(0));
    assert!(fs::read_to_string(import.into.join("slow")).unwrap().contains("\n# oco-timeout: 60s\n"));
    import.scene.file("nrpe.cfg", "command[slow]=sleep 600\ncommand_timeout=1\n");
    assert_eq!(end(&mut import.oco(&["--force"], &config)).status, Some(0));
    assert_eq!(import.run("60s", "slow"), "310 timed out after 1s\n");
    import.scene.file("nrpe.cfg", "command[slow]=true\ncommand_timeout=soon\n");
    let ended = end(&mut import.oco(&["--force"], &config));
    assert!(ended.stderr.contains("nrpe.cfg:2: expected command_timeout=SECONDS"), "{ended:?}");
    assert_eq!(ended.status, Some(3));
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
    import.open_to_all();
    let ended = end(&mut import.oco(&[], Path::new(DEBIANS)));
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let names = names_in(&import.into);
    for name in ["check_load", "check_total_procs", "check_users", "check_zombie_procs"] {
        assert!(names.iter().any(|found| found == name), "{name} is not in {names:?}");
    }
    let recorded = import.run("30s", "check_users");
    assert!(recorded.contains("USERS "), "{recorded}");
    let script = fs::read_to_string(import.into.join("check_users")).unwrap();
    assert!(
        script.contains("\n# oco-timeout: 60s\n") && script.contains("exec runuser -u nagios -- "),
        "{script}"
    );
}
