//! What the file says of nodes and levels, in place of what it said before.

use crate::journal::Definitions;
use crate::object::Pattern;
use rusqlite::{Transaction, params};

pub(super) fn defined(transaction: &Transaction<'_>, definitions: &Definitions) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM node", [])?;
    transaction.execute("DELETE FROM level", [])?;
    let mut statement = transaction
        .prepare_cached("INSERT INTO node (id, name, title, rule, members) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (id, node) in (0_i64..).zip(&definitions.nodes) {
        let members: Vec<&str> = node.members.iter().map(Pattern::as_str).collect();
        statement.execute(params![id, node.name.as_str(), node.title, node.rule, members.join(" ")])?;
    }
    let mut statement = transaction.prepare_cached(
        "INSERT INTO level (id, name, of, target, period, hours, unknown) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (id, level) in (0_i64..).zip(&definitions.levels) {
        let promise = &level.promise;
        statement.execute(params![
            id,
            level.name.as_str(),
            level.of.as_str(),
            promise.target,
            promise.period.to_string(),
            promise.hours.as_ref().map(ToString::to_string),
            promise.unknown.word(),
        ])?;
    }
    Ok(())
}
