//! ocowatch(8) explains each table and column of the schema.

use super::super::migrate::{MIGRATIONS, migrate};
use rusqlite::Connection;
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../../man/ocowatch.8");

/// `TABLE.COLUMN` of all that a new journal has.
fn columns_of_schema() -> BTreeSet<String> {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection, 0, MIGRATIONS).unwrap();
    let query = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(query).unwrap();
    let row =
        |row: &rusqlite::Row<'_>| Ok(format!("{}.{}", row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// The same of the page: `.It Sy TABLE`, in which `.It Cm COLUMN , COLUMN` follow.
fn columns_of_page() -> BTreeSet<String> {
    let (_, from) = PAGE.split_once("\n.\\\" SCHEMA").unwrap();
    let (schema, _) = from.split_once("\n.\\\" END OF SCHEMA").unwrap();
    let mut table = "";
    let mut columns = BTreeSet::new();
    for line in schema.lines() {
        if let Some(name) = line.strip_prefix(".It Sy ") {
            table = name;
        } else if let Some(names) = line.strip_prefix(".It Cm ") {
            columns.extend(names.split(" , ").map(|column| format!("{table}.{column}")));
        }
    }
    columns
}

#[test]
fn the_man_page_explains_each_table_and_column() {
    let (schema, page) = (columns_of_schema(), columns_of_page());
    assert!(schema.len() > 50, "{schema:?}");
    let missing: Vec<_> = schema.difference(&page).collect();
    let gone: Vec<_> = page.difference(&schema).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not in the page: {missing:?}; only there: {gone:?}");
}

#[test]
fn the_man_page_has_the_version_of_the_schema() {
    assert!(PAGE.contains(&format!("\n.Ss Schema\nVersion {}.\n", MIGRATIONS.len())));
}
