//! An alert program that writes down how it was called.

use crate::scene::{Scene, wait_for};
use std::path::PathBuf;

/// How an alert program was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables that begin with MON_ or OCO_, as `NAME=VALUE`.
    pub variables: Vec<String>,
    /// Lines of its standard input.
    pub lines: Vec<String>,
}

impl Call {
    /// The value of a variable; none: there is none.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }

    /// OCO_EVENT.
    pub fn event(&self) -> &str {
        self.variable("OCO_EVENT").unwrap_or_default()
    }

    /// Whether it has this argument.
    pub fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|one| one == argument)
    }

    /// The argument behind this option.
    pub fn option(&self, name: &str) -> Option<&str> {
        let place = self.arguments.iter().position(|one| one == name)?;
        self.arguments.get(place + 1).map(String::as_str)
    }
}

/// Such a program.
pub struct Recorder {
    pub program: PathBuf,
    calls: PathBuf,
}

impl Recorder {
    /// One of this name, which then goes on with this shell code.
    pub fn new(scene: &Scene, name: &str, then: &str) -> Recorder {
        let calls = scene.path(&format!("{name}.calls"));
        std::fs::create_dir(&calls).unwrap();
        let shown = calls.display();
        let program = scene.program(
            name,
            &format!(
                "#!/bin/sh\nfile={shown}/$(date +%s%N).$$\n{{ for one; do printf '%s\\0' \"$one\"; done; printf '\\1'\n\
                 env | grep -E '^(MON|OCO)_' | LC_ALL=C sort; printf '\\1'; cat; }} >\"$file.part\"\n\
                 mv \"$file.part\" \"$file\"\n{then}\n"
            ),
        );
        Recorder { program, calls }
    }

    /// Its name for a command of the file.
    pub fn path(&self) -> String {
        self.program.display().to_string()
    }

    /// How it was called until now, in the order of time.
    pub fn calls(&self) -> Vec<Call> {
        let files = std::fs::read_dir(&self.calls).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|last| last != "part")).collect();
        files.sort();
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            let mut parts = text.splitn(3, '\u{1}');
            let arguments = parts.next().unwrap().split_terminator('\0').map(str::to_owned).collect();
            let variables = parts.next().unwrap().lines().map(str::to_owned).collect();
            Call { arguments, variables, lines: parts.next().unwrap().lines().map(str::to_owned).collect() }
        };
        files.iter().map(read).collect()
    }

    /// The calls, when there are so many.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Call> {
        let what = format!("{count} calls, there were {:#?}", self.calls());
        wait_for(&what, || Some(self.calls()).filter(|calls| calls.len() >= count))
    }

    /// The words of `on` of all calls, with `-u` where that was given.
    pub fn events(&self) -> Vec<String> {
        let word = |call: &Call| format!("{}{}", call.event(), if call.has("-u") { " -u" } else { "" });
        self.calls().iter().map(word).collect()
    }
}
