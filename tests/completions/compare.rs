//! What holds for the completions of each program, whichever package it is in.

use clap::Command;
use clap_complete::{Shell, generate};
use std::path::Path;
use std::process::Stdio;

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

fn file_name(program: &str, shell: Shell) -> String {
    match shell {
        Shell::Bash => format!("{program}.bash"),
        Shell::Zsh => format!("_{program}"),
        Shell::Fish => format!("{program}.fish"),
        other => panic!("no completions for {other}"),
    }
}

/// The files are what is made of the command line now.
pub fn is_current(folder: &Path, program: &str, mut command: Command) {
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

/// Every option and subcommand of the help stands in every file.
pub fn is_complete(folder: &Path, program: &str, mut command: Command) {
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

/// The syntax of the files passes the checks of those shells that are here.
pub fn is_taken(folder: &Path, program: &str) {
    for shell in SHELLS {
        let file = file_name(program, shell);
        let mut command = std::process::Command::new(shell.to_string());
        match command.args(["-n", &file]).current_dir(folder).stdin(Stdio::null()).status() {
            Ok(status) => assert!(status.success(), "{shell} -n {file}"),
            Err(error) => println!("skipped: {shell}: {error}"),
        }
    }
}

/// bash itself completes `word` behind the program to `whole`.
pub fn bash_completes(folder: &Path, program: &str, word: &str, whole: &str) {
    let script = format!(
        "source {program}.bash; COMP_WORDS=({program} {word}); COMP_CWORD=1; _{program} {program} {word} {program}; \
         echo \"${{COMPREPLY[*]}}\""
    );
    let output =
        std::process::Command::new("bash").args(["-c", &script]).current_dir(folder).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(stdout, format!("{whole}\n"), "{stderr}");
}
