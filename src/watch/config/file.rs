//! The format of the file: its sections and keys. What a key may hold is `value`'s, what they mean together `build`'s.

use super::alert::{AlertSection, AlertmanagerSection, IncidentSection, MaintenanceSection};
use super::host::{CanaryEntry, HostEntry};
use super::level::{ForwardSection, LevelSection, PublishSection};
use super::node::NodeSection;
use super::probe::ProbeKey;
use super::section::{Repeated, Sections};
use super::table::TableSection;
use super::value::{Address, Length, List, Object, Share, SocketPath, Url};
use super::{Flap, Timing};
use crate::limits::{MOST_FLAP_CHANGES, PROBES_IN_A_ROW};
use oco_fleet::value::{FilePath, Number, Word, Zone};
use std::time::Duration;
use toml::Spanned;

/// Where the file has tables.
pub(super) const TABLES: [&str; 19] = [
    "defaults",
    "defaults.flap",
    "canary",
    "hostgroup.*",
    "hostgroup.*.flap",
    "hostgroup.*.service.*",
    "hostgroup.*.service.*.flap",
    "node.*",
    "alert[]",
    "alert[].steps[]",
    "alertmanager",
    "table[]",
    "maintenance[]",
    "journal",
    "incident",
    "slo.*",
    "publish",
    "figures",
    "forward",
];

/// The whole file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub state_dir: Option<FilePath>,
    pub control: Option<SocketPath>,
    pub control_group: Option<Word>,
    pub user: Option<Word>,
    pub resolve_every: Option<Length>,
    pub metrics: Option<Address>,
    pub base_url: Option<Url>,
    pub time_zone: Option<Zone>,
    pub defaults: Option<Defaults>,
    pub canary: Option<CanarySection>,
    #[serde(default)]
    pub hostgroup: Sections<GroupSection>,
    #[serde(default)]
    pub node: Sections<NodeSection>,
    #[serde(default)]
    pub alert: Repeated<Spanned<AlertSection>>,
    pub alertmanager: Option<AlertmanagerSection>,
    #[serde(default)]
    pub table: Repeated<Spanned<TableSection>>,
    #[serde(default)]
    pub maintenance: Repeated<MaintenanceSection>,
    pub journal: Option<KeepSection>,
    pub incident: Option<IncidentSection>,
    #[serde(default)]
    pub slo: Sections<LevelSection>,
    pub publish: Option<PublishSection>,
    pub figures: Option<KeepSection>,
    pub forward: Option<ForwardSection>,
}

/// A number of probes one after the other.
type InARow = Number<1, PROBES_IN_A_ROW>;

/// Declares a section that has the keys of `[defaults]` besides its own ones: serde's `flatten` would forget where values
/// stand, and which keys are unknown.
macro_rules! with_timing {
    ($($(#[$meta:meta])* struct $name:ident { $($(#[$of_key:meta])* $key:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        pub(super) struct $name {
            $($(#[$of_key])* pub $key: $type,)*
            interval: Option<Length>,
            fast_interval: Option<Length>,
            timeout: Option<Length>,
            fall: Option<InARow>,
            rise: Option<InARow>,
            max_silence: Option<Length>,
            flap: Option<FlapSection>,
        }

        impl $name {
            /// When to probe and how to judge, as far as this says.
            pub(super) fn timing(&self) -> TimingKeys {
                TimingKeys {
                    interval: self.interval.as_ref().map(|length| length.0),
                    fast_interval: self.fast_interval.as_ref().map(|length| length.0),
                    timeout: self.timeout.as_ref().map(|length| length.0),
                    fall: self.fall.map(|number| number.0),
                    rise: self.rise.map(|number| number.0),
                    max_silence: self.max_silence.as_ref().map(|length| length.0),
                    changes: self.flap.as_ref().and_then(|flap| flap.changes).map(|number| number.0),
                    within: self.flap.as_ref().and_then(|flap| flap.within.as_ref()).map(|length| length.0),
                    calm: self.flap.as_ref().and_then(|flap| flap.calm.as_ref()).map(|length| length.0),
                }
            }
        }
    )*};
}

with_timing! {
    /// `[defaults]`.
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [defaults]")]
    struct Defaults {}

    /// `[hostgroup.NAME]`.
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [hostgroup.NAME]")]
    struct GroupSection {
        hosts: Option<List<Spanned<HostEntry>>>,
        #[serde(default)]
        accept_reports: bool,
        #[serde(default)]
        service: Sections<ServiceSection>,
    }

    /// `[hostgroup.NAME.service.NAME]`.
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, as [hostgroup.NAME.service.NAME]")]
    struct ServiceSection {
        probe: Spanned<ProbeKey>,
        need: Option<Spanned<Share>>,
        #[serde(default)]
        depends: Vec<Spanned<Object>>,
    }
}

/// `flap`: each key by itself comes from the nearest that has it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, as { changes = 6, within = \"10m\", calm = \"5m\" }")]
struct FlapSection {
    changes: Option<Number<2, MOST_FLAP_CHANGES>>,
    within: Option<Length>,
    calm: Option<Length>,
}

/// What one section says of the timing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TimingKeys {
    interval: Option<Duration>,
    fast_interval: Option<Duration>,
    timeout: Option<Duration>,
    fall: Option<u32>,
    rise: Option<u32>,
    max_silence: Option<Duration>,
    changes: Option<u32>,
    within: Option<Duration>,
    calm: Option<Duration>,
}

impl TimingKeys {
    /// What this says, else what `outer` says.
    pub(super) fn within(self, outer: TimingKeys) -> TimingKeys {
        TimingKeys {
            interval: self.interval.or(outer.interval),
            fast_interval: self.fast_interval.or(outer.fast_interval),
            timeout: self.timeout.or(outer.timeout),
            fall: self.fall.or(outer.fall),
            rise: self.rise.or(outer.rise),
            max_silence: self.max_silence.or(outer.max_silence),
            changes: self.changes.or(outer.changes),
            within: self.within.or(outer.within),
            calm: self.calm.or(outer.calm),
        }
    }

    /// With the program's own defaults for what nobody says. What is fast is never slower than the interval, which another
    /// section may have made short.
    pub(super) fn timing(self) -> Timing {
        let interval = self.interval.unwrap_or(Duration::from_secs(10));
        Timing {
            interval,
            fast_interval: self.fast_interval.unwrap_or(interval).min(interval),
            timeout: self.timeout.unwrap_or(Duration::from_secs(3)),
            fall: self.fall.unwrap_or(3),
            rise: self.rise.unwrap_or(2),
            max_silence: self.max_silence.unwrap_or(Duration::from_secs(5 * 60)),
            flap: Flap {
                changes: self.changes.unwrap_or(6),
                within: self.within.unwrap_or(Duration::from_secs(10 * 60)),
                calm: self.calm.unwrap_or(Duration::from_secs(5 * 60)),
            },
        }
    }
}

/// `[canary]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, as [canary]")]
pub(super) struct CanarySection {
    pub hosts: List<Spanned<CanaryEntry>>,
}

/// `[journal]` and `[figures]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table, as [journal]")]
pub(super) struct KeepSection {
    pub keep: Option<Length>,
}
