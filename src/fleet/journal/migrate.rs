//! Versions of the schema: an older one is brought up to date in one transaction, a newer one is refused.

use rusqlite::{Connection, TransactionBehavior};

/// `PRAGMA application_id` of a journal, "ocow": what tells it from others' databases.
pub(super) const APPLICATION_ID: i64 = 0x6f63_6f77;
/// What makes each version of the one before, from an empty file on. They are only ever added to.
pub(super) const MIGRATIONS: &[&str] =
    &[include_str!("schema.sql"), include_str!("definitions.sql"), include_str!("figures.sql")];

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// This version of a journal; 0: nothing yet.
    Version(i64),
    /// Somebody else's.
    Foreign,
}

/// What the file is, without a change to it.
pub(super) fn schema_of(connection: &Connection) -> rusqlite::Result<Schema> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (pragma("application_id")?, pragma("user_version")?) {
        (APPLICATION_ID, version) => Schema::Version(version),
        (0, 0) if tables == 0 => Schema::Version(0),
        _ => Schema::Foreign,
    })
}

/// The newest version that `migrations` lead to.
pub(super) fn newest(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}

/// Brings a file of `version` up to the newest. Whether there was anything to do.
pub(super) fn migrate(
    connection: &mut Connection,
    version: i64,
    migrations: &[&str],
) -> rusqlite::Result<bool> {
    let done = usize::try_from(version).unwrap_or(0);
    let to_do = migrations.get(done..).unwrap_or_default();
    if to_do.is_empty() {
        return Ok(false);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in to_do {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", newest(migrations))?;
    transaction.commit()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[&str] = &[
        "CREATE TABLE a (x)",
        "ALTER TABLE a ADD COLUMN y; CREATE TABLE b (z)",
        "INSERT INTO a VALUES (1, 2)",
    ];

    #[test]
    fn each_version_is_brought_up_to_the_newest() {
        for version in 0..=STEPS.len() {
            let mut connection = Connection::open_in_memory().unwrap();
            assert_eq!(schema_of(&connection).unwrap(), Schema::Version(0));
            migrate(&mut connection, 0, &STEPS[..version]).unwrap();
            let found = schema_of(&connection).unwrap();
            assert_eq!(found, Schema::Version(newest(&STEPS[..version])));
            let is_older = version < STEPS.len();
            assert_eq!(migrate(&mut connection, newest(&STEPS[..version]), STEPS).unwrap(), is_older);
            assert_eq!(schema_of(&connection).unwrap(), Schema::Version(3));
            let sum: i64 = connection.query_row("SELECT x + y FROM a", [], |row| row.get(0)).unwrap();
            assert_eq!(sum, 3);
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_older_version_whole() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, 0, &STEPS[..1]).unwrap();
        let broken = [STEPS[0], STEPS[1], "INSERT INTO nothing VALUES (1)"];
        assert!(migrate(&mut connection, 1, &broken).is_err());
        assert_eq!(schema_of(&connection).unwrap(), Schema::Version(1));
        assert!(connection.prepare("SELECT y FROM a").is_err());
        migrate(&mut connection, 1, STEPS).unwrap();
    }

    #[test]
    fn others_databases_are_told_apart() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert_eq!(schema_of(&connection).unwrap(), Schema::Foreign);
        connection.pragma_update(None, "application_id", 42).unwrap();
        assert_eq!(schema_of(&connection).unwrap(), Schema::Foreign);
    }

    #[test]
    fn the_schema_is_taken_by_sqlite() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, 0, MIGRATIONS).unwrap();
        assert_eq!(schema_of(&connection).unwrap(), Schema::Version(newest(MIGRATIONS)));
    }
}
