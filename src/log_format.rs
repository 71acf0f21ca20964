//! The form of the log: one line an entry on stderr, with the time unless the journal adds it.

use env_logger::Env;
use std::io::Write;
use std::time::SystemTime;

/// Starts logging at `level` and above, or as `RUST_LOG` says.
pub fn start(level: &str) {
    // systemd sets this to say that stderr is the journal, which keeps the time itself.
    let is_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    env_logger::Builder::from_env(Env::default().default_filter_or(level))
        .format(move |out, record| {
            let level = record.level().as_str().to_lowercase();
            if is_journal {
                return writeln!(out, "{level}: {}", record.args());
            }
            let time = humantime::format_rfc3339_seconds(SystemTime::now());
            writeln!(out, "{time} {level}: {}", record.args())
        })
        .init();
}
