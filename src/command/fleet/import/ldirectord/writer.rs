//! Writes the plan as a watch.toml.

use super::super::document::{Document, command, list};
use super::super::names::header_part;
use super::plan::{Alert, Plan, Pool};
use super::table::Table;

/// The text of a watch.toml.
pub(super) fn write(plan: &Plan) -> String {
    let mut document = Document::default();
    document.comment(
        "Made of an ldirectord.cf. What is not taken, or not quite, stands in comments as \"line N: ...\".",
    );
    document.block(&plan.notes);
    document.section(&[], "[defaults]");
    document.comment("To ldirectord a server is back after one success.");
    document.key("rise", "1");
    for pool in &plan.pools {
        write_pool(&mut document, pool);
    }
    document.into_text()
}

fn write_pool(document: &mut Document, pool: &Pool) {
    let header = header_part(&pool.name);
    document.section(&pool.notes, &format!("[hostgroup.{header}]"));
    if let Some(text) = &pool.text {
        document.comment(text);
    }
    document.key("hosts", &list(&pool.hosts));
    document.section(&[], &format!("[hostgroup.{header}.service.{}]", header_part(&pool.service)));
    document.key("probe", &pool.probe);
    document.length("interval", pool.interval);
    document.length("timeout", pool.timeout);
    document.key("fall", &pool.fall.to_string());
    if let Some(length) = pool.max_silence {
        document.length("max-silence", length);
    }
    let service = format!("{}/{}", pool.name, pool.service);
    if let Some(table) = &pool.table {
        write_table(document, &service, table);
    }
    if let Some(Alert { addresses, every }) = &pool.alert {
        document.section(&[], "[[alert]]");
        document.key("of", &list(std::slice::from_ref(&service)));
        document.key("on", &list(&["ko", "ok", "partial"].map(str::to_owned)));
        if let Some(every) = every {
            document.length("every", *every);
        }
        if let Some(text) = &pool.text {
            document.text("text", text);
        }
        let words: Vec<String> =
            std::iter::once("mail.alert".to_owned()).chain(addresses.iter().cloned()).collect();
        document.key("command", &command(&words));
    }
}

fn write_table(document: &mut Document, service: &str, table: &Table) {
    document.section(&[], "[[table]]");
    document.text("kind", "lvs");
    document.text("service", service);
    document.text("virtual", &table.virtual_service);
    document.text("scheduler", &table.scheduler);
    if let Some(length) = table.persistent {
        document.length("persistent", length);
    }
    document.text("forward", table.forward);
    if let Some(port) = table.port {
        document.key("port", &port.to_string());
    }
    document.key("weight", &table.weight.to_string());
    if table.quiesce {
        document.key("quiesce", "true");
    }
    if let Some(fallback) = &table.fallback {
        document.text("fallback", fallback);
    }
}
