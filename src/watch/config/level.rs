//! Levels, and who else is told: status files that ocod answers from, another board.

use super::alert::all;
use super::names::Known;
use super::section::{Culprit, Section, wrong};
use super::value::{Length, LevelPeriod, LevelTarget, List, Object, Url, WeeklyHours};
use super::{Forward, Level, Tls};
use oco::config::DEFAULT_DIRECTORY;
use oco::logic::name::{check_name, is_heard_everywhere};
use oco_fleet::level::{CountedAs, Promise};
use oco_fleet::object::Kind;
use oco_fleet::value::{FilePath, Name, Names};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;

/// How often another board is told, unless the settings say otherwise.
const FORWARD_EVERY: Duration = Duration::from_secs(60);

/// `[slo.NAME]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, as [slo.NAME]")]
pub(super) struct LevelSection {
    of: Spanned<Object>,
    target: LevelTarget,
    period: LevelPeriod,
    hours: Option<WeeklyHours>,
    unknown: Option<UnknownWord>,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum UnknownWord {
    Excluded,
    Up,
    Down,
}

impl Section<LevelSection> {
    pub(super) fn level(self, known: &Known<'_>) -> Result<Level, Culprit> {
        let promise = Promise {
            target: self.keys.target.0,
            period: self.keys.period.0,
            hours: self.keys.hours.map(|hours| hours.0),
            unknown: match self.keys.unknown {
                None | Some(UnknownWord::Excluded) => CountedAs::Excluded,
                Some(UnknownWord::Up) => CountedAs::Up,
                Some(UnknownWord::Down) => CountedAs::Down,
            },
        };
        Ok(Level {
            name: self.name,
            of: known.object(self.keys.of, &[Kind::Service, Kind::Target, Kind::Node])?,
            promise,
        })
    }
}

/// `[publish]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, as [publish]")]
pub(super) struct PublishSection {
    dir: Option<FilePath>,
}

impl PublishSection {
    pub(super) fn directory(self) -> PathBuf {
        self.dir.map_or_else(|| PathBuf::from(DEFAULT_DIRECTORY), |dir| dir.0)
    }
}

/// Checks that each of these can be the name of a status file of its own. They come with the places where they are given.
pub(super) fn published(
    names: impl Iterator<Item = (String, std::ops::Range<usize>)>,
) -> Result<(), Culprit> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (name, span) in names {
        let file = file_name(&name);
        let why = match check_name(file.as_bytes()) {
            Err(error) => error.to_string(),
            Ok(_) if is_heard_everywhere(&file) => {
                "that file is set by hand, and takes the whole host out".to_owned()
            }
            Ok(_) => match files.get(&file) {
                Some(other) => format!("{other} would be the same file"),
                None => {
                    files.insert(file, name);
                    continue;
                }
            },
        };
        return Err(Culprit { span, what: format!("{name} can't be published as {file:?}: {why}") });
    }
    Ok(())
}

/// The status file of a service, `GROUP.SERVICE`, or of a node, `NAME`.
pub(super) fn file_name(name: &str) -> String {
    name.strip_prefix("node:").map_or_else(|| name.replacen('/', ".", 1), str::to_owned)
}

/// `[forward]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [forward]")]
pub(super) struct ForwardSection {
    url: Url,
    name: Name,
    key_file: FilePath,
    of: Option<List<Spanned<Names>>>,
    every: Option<Spanned<Length>>,
}

impl ForwardSection {
    pub(super) fn forward(self, known: &Known<'_>) -> Result<Forward, Culprit> {
        let kinds = [Kind::Service, Kind::Target, Kind::Node, Kind::Level];
        let of = self.of.map(|of| known.patterns(of, &kinds)).transpose()?;
        if let Some(every) = &self.every
            && every.get_ref().0 < Duration::from_secs(1)
        {
            return Err(wrong(every, "expected at least 1s"));
        }
        Ok(Forward {
            tls: self.url.0.starts_with("https://").then(|| Tls::by_authorities(None)),
            url: self.url.0,
            name: self.name.0,
            key_file: self.key_file.0,
            of: of.unwrap_or_else(all),
            every: self.every.map_or(FORWARD_EVERY, |every| every.into_inner().0),
        })
    }
}
