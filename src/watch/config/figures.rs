//! How much is measured: more series than are kept are warned of.

use super::{Group, Settings};
use crate::limits::FIGURE_SERIES;

impl Settings {
    /// The warning, in one line, where the targets alone make more series of figures than are kept. How many labels
    /// their plugins have nobody knows before they run.
    pub fn warning_of_figures(&self) -> Option<String> {
        self.figures_keep?;
        let of_group = |group: &Group| {
            let timed = group.services.iter().filter(|service| service.probe.asks_each_host()).count();
            group.hosts.len().saturating_mul(timed)
        };
        let targets = self.groups.iter().map(of_group).fold(0, usize::saturating_add);
        (targets > FIGURE_SERIES).then(|| {
            format!(
                "figures: {targets} targets have response times, and {FIGURE_SERIES} series are kept: those of others are \
                 left out; leave so many to Prometheus"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn more_targets_than_series_are_warned_of() {
        let warning = |hosts: usize, more: &str| {
            let hosts: Vec<String> =
                (0..hosts).map(|n| format!("\"10.0.{}.{}\"", n / 256, n % 256)).collect();
            let text = format!(
                "{more}[hostgroup.a]\nhosts = [{}]\n[hostgroup.a.service.oco]\nprobe = \"oco\"\n\
                 [hostgroup.a.service.up]\nprobe = \"ping\"\n[hostgroup.a.service.mon]\nprobe = {{ mon = [\"m\"] }}\n",
                hosts.join(", ")
            );
            parse(&text).unwrap().warning_of_figures()
        };
        assert_eq!(warning(5000, "[figures]\n"), None);
        assert_eq!(warning(5001, ""), None);
        let said = warning(5001, "[figures]\n").unwrap();
        assert!(said.contains("10002 targets") && said.contains("10000 series"), "{said}");
        assert!(!said.contains('\n') && !said.contains("  "));
    }
}
