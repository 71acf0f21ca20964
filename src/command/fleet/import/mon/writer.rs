//! Writes the plan as a watch.toml.

use super::super::document::{Document, command, list, written};
use super::super::names::header_part;
use super::alerts::Alert;
use super::plan::{Group, Plan, Probe, Service};
use super::record::After;
use std::time::Duration;

/// How long a monitor may take: mon sets it no time.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The text of a watch.toml.
pub(super) fn write(plan: &Plan) -> String {
    let mut document = Document::default();
    document
        .comment("Made of a mon.cf. What is not taken, or not quite, stands in comments as \"line N: ...\".");
    document.block(&plan.notes);
    document.section(&[], "[defaults]");
    document.comment("To mon the first failure is one, and a monitor may take as long as it likes.");
    document.key("fall", "1");
    document.key("rise", "1");
    document.length("timeout", TIMEOUT);
    if let Some(hours) = &plan.maintenance {
        document.section(&[], "[[maintenance]]");
        document.key("of", &list(&["*/*".to_owned()]));
        document.text("hours", hours);
    }
    for group in &plan.groups {
        write_group(&mut document, group);
    }
    document.into_text()
}

fn write_group(document: &mut Document, group: &Group) {
    let header = header_part(&group.name);
    document.section(&group.notes, &format!("[hostgroup.{header}]"));
    if !group.hosts.is_empty() {
        document.key("hosts", &list(&group.hosts));
    }
    if group.accept_reports {
        document.key("accept-reports", "true");
    }
    for service in &group.services {
        let name = header_part(&service.name);
        document.section(&service.notes, &format!("[hostgroup.{header}.service.{name}]"));
        write_service(document, service);
    }
}

fn write_service(document: &mut Document, service: &Service) {
    if let Some(text) = &service.text {
        document.comment(text);
    }
    match &service.probe {
        Probe::Monitor(words) => document.key("probe", &format!("{{ mon = {} }}", command(words))),
        Probe::Report(within) => {
            document.key("probe", &format!("{{ report = \"{}\" }}", written(*within)));
        }
    }
    if let Some(interval) = service.interval {
        document.length("interval", interval);
    }
    if !service.depends.is_empty() {
        document.key("depends", &list(&service.depends));
    }
    let of = list(std::slice::from_ref(&service.full_name));
    if let Some(hours) = &service.maintenance {
        document.section(&[], "[[maintenance]]");
        document.key("of", &of);
        document.text("hours", hours);
    }
    for alert in &service.alerts {
        document.section(&alert.notes, "[[alert]]");
        document.text("name", &alert.name);
        document.key("of", &of);
        write_alert(document, alert, service.text.as_deref());
    }
}

fn write_alert(document: &mut Document, alert: &Alert, text: Option<&str>) {
    document.key("on", &list(&alert.on.iter().map(|event| (*event).to_owned()).collect::<Vec<_>>()));
    match alert.after {
        Some(After::Failures(count)) => document.key("after", &count.to_string()),
        Some(After::Time(length)) => document.length("after", length),
        None => {}
    }
    if let Some(every) = alert.every {
        document.length("every", every);
    }
    if let Some(limit) = alert.limit {
        document.key("limit", &limit.to_string());
    }
    if let Some(hours) = &alert.hours {
        document.text("hours", hours);
    }
    if let Some(text) = text {
        document.text("text", text);
    }
    match alert.commands.as_slice() {
        [words] => document.key("command", &command(words)),
        steps => {
            let steps: Vec<String> =
                steps.iter().map(|words| format!("    {{ command = {} }},\n", command(words))).collect();
            document.key("steps", &format!("[\n{}]", steps.concat()));
        }
    }
}
