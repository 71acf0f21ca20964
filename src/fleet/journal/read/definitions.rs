//! What the file says of nodes and levels. Rows that only others can have written are left out.

use super::Look;
use crate::calendar::{Hours, Period};
use crate::journal::{Definitions, LevelDefinition, NodeDefinition};
use crate::level::{CountedAs, Promise};
use crate::object::{ObjectName, Pattern};
use rusqlite::Row;

pub(super) fn definitions(look: &Look<'_>) -> rusqlite::Result<Definitions> {
    let mut found = Definitions::default();
    let mut nodes =
        look.connection.prepare_cached("SELECT name, title, rule, members FROM node ORDER BY id")?;
    let mut rows = nodes.query([])?;
    while let Some(row) = rows.next()? {
        found.nodes.extend(node(row)?);
    }
    let mut levels = look
        .connection
        .prepare_cached("SELECT name, of, target, period, hours, unknown FROM level ORDER BY id")?;
    let mut rows = levels.query([])?;
    while let Some(row) = rows.next()? {
        found.levels.extend(level(row)?);
    }
    Ok(found)
}

fn node(row: &Row<'_>) -> rusqlite::Result<Option<NodeDefinition>> {
    let Ok(name) = ObjectName::parse(row.get_ref(0)?.as_str()?) else { return Ok(None) };
    let members = row.get_ref(3)?.as_str()?.split(' ').filter_map(|member| Pattern::parse(member).ok());
    Ok(Some(NodeDefinition { name, title: row.get(1)?, rule: row.get(2)?, members: members.collect() }))
}

fn level(row: &Row<'_>) -> rusqlite::Result<Option<LevelDefinition>> {
    let (name, of) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
    let hours: Option<String> = row.get(4)?;
    let read = (|| {
        Some((
            ObjectName::parse(name).ok()?,
            ObjectName::parse(of).ok()?,
            Period::parse(row.get_ref(3).ok()?.as_str().ok()?).ok()?,
            hours.as_deref().map(Hours::parse).transpose().ok()?,
            CountedAs::from_word(row.get_ref(5).ok()?.as_str().ok()?)?,
        ))
    })();
    let Some((name, of, period, hours, unknown)) = read else { return Ok(None) };
    let promise = Promise { target: row.get(2)?, period, hours, unknown };
    Ok(Some(LevelDefinition { name, of, promise }))
}
