//! The completions in etc/completions are those of the command lines. `OCO_WRITE=1` writes them anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use clap::Command;
use clap_complete::{Shell, generate};
use std::path::Path;
use std::process::Stdio;

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

fn programs() -> [(&'static str, Command); 2] {
    [("oco", oco::command::command_line()), ("ocod", oco::daemon::command_line())]
}

fn file_name(program: &str, shell: Shell) -> String {
    match shell {
        Shell::Bash => format!("{program}.bash"),
        Shell::Zsh => format!("_{program}"),
        Shell::Fish => format!("{program}.fish"),
        other => panic!("no completions for {other}"),
    }
}

#[test]
fn completions_are_those_of_the_command_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("etc/completions");
    for (program, mut command) in programs() {
        for shell in SHELLS {
            let mut made = Vec::new();
            generate(shell, &mut command, program, &mut made);
            let path = folder.join(file_name(program, shell));
            if std::env::var_os("OCO_WRITE").is_some() {
                std::fs::write(&path, &made).unwrap();
            }
            let shipped = std::fs::read(&path).unwrap_or_default();
            assert!(shipped == made, "{} is out of date: run this test with OCO_WRITE=1", path.display());
        }
    }
}

/// Every option and subcommand of the help stands in every completion.
#[test]
fn completions_name_every_option() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("etc/completions");
    for (program, mut command) in programs() {
        command.build();
        let mut words = Vec::new();
        for command in std::iter::once(&command).chain(command.get_subcommands()) {
            words.extend(command.get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned));
            words.extend(command.get_subcommands().map(|command| command.get_name().to_owned()));
        }
        assert!(words.len() > 2, "{words:?}");
        for shell in SHELLS {
            let text = std::fs::read_to_string(folder.join(file_name(program, shell))).unwrap();
            for word in &words {
                assert!(text.contains(word.as_str()), "{shell} completion of {program} lacks {word}");
            }
        }
    }
}

/// bash itself completes `oco st` and the checks of a shell's syntax are passed by the others, where they are here.
#[test]
fn shells_take_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("etc/completions");
    let script =
        "source oco.bash; COMP_WORDS=(oco st); COMP_CWORD=1; _oco oco st oco; echo \"${COMPREPLY[*]}\"";
    let output =
        std::process::Command::new("bash").args(["-c", script]).current_dir(&folder).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "status\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for (shell, files) in [("zsh", ["_oco", "_ocod"]), ("fish", ["oco.fish", "ocod.fish"])] {
        for file in files {
            let mut command = std::process::Command::new(shell);
            let status = command.args(["-n", file]).current_dir(&folder).stdin(Stdio::null()).status();
            match status {
                Ok(status) => assert!(status.success(), "{shell} -n {file}"),
                Err(error) => println!("skipped: {shell}: {error}"),
            }
        }
    }
}
