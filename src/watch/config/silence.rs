//! What a silent fleet costs: how many sockets wait at once when nobody answers.

use super::{Probe, Settings, TableKind};
use crate::limits::RESERVED_DESCRIPTORS;

impl Settings {
    /// Sockets that are open at once when no target answers: each target's for its timeout in each interval.
    pub fn sockets_of_a_silent_fleet(&self) -> u64 {
        let of_group = |group: &super::Group| {
            let hosts = u128::try_from(group.hosts.len()).unwrap_or(u128::MAX);
            let waiting = group.services.iter().map(|service| {
                let (timeout, interval) =
                    (service.timing.timeout.as_millis(), service.timing.interval.as_millis());
                if has_socket(&service.probe) {
                    hosts.saturating_mul(timeout).div_ceil(interval.max(1)).min(hosts)
                } else {
                    0
                }
            });
            waiting.sum::<u128>()
        };
        u64::try_from(self.groups.iter().map(of_group).sum::<u128>()).unwrap_or(u64::MAX)
    }

    /// Descriptors that no probe gets, where `descriptors` are allowed.
    pub fn kept_of(&self, descriptors: u64) -> u64 {
        self.reserved_descriptors().min(descriptors / 2)
    }

    /// The same where there are enough.
    pub fn reserved_descriptors(&self) -> u64 {
        let asked =
            self.tables.iter().filter(|table| matches!(table.kind, TableKind::Haproxy { .. })).count();
        let told = self.alertmanager.as_ref().map_or(0, |alertmanager| alertmanager.urls.len());
        RESERVED_DESCRIPTORS.saturating_add(u64::try_from(asked.saturating_add(told)).unwrap_or(u64::MAX))
    }

    /// The warning, in one line, where `descriptors` are too few for a silent fleet.
    pub fn warning_of_silence(&self, descriptors: u64) -> Option<String> {
        let sockets = self.sockets_of_a_silent_fleet();
        let kept = self.kept_of(descriptors);
        let room = descriptors.saturating_sub(kept);
        (sockets > room).then(|| {
            format!(
                "a silent fleet needs {sockets} sockets at once (targets / interval x timeout), and {descriptors} open \
                 files are allowed, of which {kept} are kept for all that is no probe: what can't be probed then is unknown; raise the limit (LimitNOFILE=), or make \
                 timeouts shorter or intervals longer"
            )
        })
    }
}

/// Whether a probe has a socket of its own for each target. Pings share one, and children have a bound of their own.
fn has_socket(probe: &Probe) -> bool {
    match probe {
        Probe::Oco { .. } | Probe::Tcp { .. } | Probe::Banner(_) | Probe::Http(_) | Probe::Udp(_) => true,
        Probe::Ping | Probe::Exec(_) | Probe::Mon(_) | Probe::Report(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::RESERVED_DESCRIPTORS;

    #[test]
    fn a_silent_fleet_is_warned_of_where_descriptors_are_few() {
        let hosts: Vec<String> = (0..1000).map(|n| format!("\"10.0.{}.{}\"", n / 256, n % 256)).collect();
        let text = format!(
            "[hostgroup.a]\nhosts = [{}]\ninterval = \"10s\"\ntimeout = \"3s\"\n\
             [hostgroup.a.service.oco]\nprobe = \"oco\"\n[hostgroup.a.service.up]\nprobe = \"ping\"\n\
             [hostgroup.a.service.slow]\nprobe = {{ tcp = true, port = 25 }}\ntimeout = \"1m\"\n",
            hosts.join(", ")
        );
        let settings = parse(&text).unwrap();
        assert_eq!(settings.sockets_of_a_silent_fleet(), 300 + 1000);
        let enough = 1300 + RESERVED_DESCRIPTORS;
        assert_eq!(settings.warning_of_silence(enough), None);
        let warning = settings.warning_of_silence(enough - 1).unwrap();
        let allowed =
            format!("{} open files are allowed, of which {RESERVED_DESCRIPTORS} are kept", enough - 1);
        assert!(warning.contains("1300 sockets") && warning.contains(&allowed), "{warning}");
        assert!(!warning.contains('\n') && !warning.contains("  "));
        assert_eq!(parse("").unwrap().warning_of_silence(0), None);
        let warning = settings.warning_of_silence(256).unwrap();
        assert!(warning.contains("256 open files are allowed, of which 128 are kept"), "{warning}");
    }

    #[test]
    fn balancers_and_alertmanagers_have_descriptors_of_their_own() {
        let text = "[hostgroup.a]\nhosts = [\"192.0.2.1\"]\n[hostgroup.a.service.oco]\nprobe = \"oco\"\n\
                    [alertmanager]\nurls = [\"http://a\", \"http://b\"]\n\
                    [[table]]\nkind = \"haproxy\"\nservice = \"a/oco\"\nsocket = \"/run/haproxy.sock\"\nbackend = \"a\"\n\
                    [[table]]\nkind = \"exec\"\nservice = \"a/oco\"\ncommand = [\"changed\"]\n";
        assert_eq!(parse(text).unwrap().reserved_descriptors(), RESERVED_DESCRIPTORS + 3);
    }
}
