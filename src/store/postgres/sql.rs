//! Statements, with the names of the tables in them.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use sqlx::AssertSqlSafe;

use super::sqlx;

macro_rules! now {
    ($given:literal) => {
        concat!("coalesce(", $given, "::bigint, (extract(epoch from clock_timestamp()) * 1000000)::bigint)")
    };
}

const NOW: &str = now!("$5");
/// A subquery, which PostgreSQL works out once for all rows and looks up in an index; for one row it is slower.
const TIME: &str = concat!("(select ", now!("$1"), ")");

const TURN: &str = "case when not @wait then false when $7::bigint is null then true
    else pg_advisory_xact_lock($7) is not null end";
const WAIT: &str = "set_config('lock_timeout', $6, true) is not null";

/// A store's statements. They are many, long and always the same, so each is made once.
pub(super) struct Statements {
    /// `"schema"."prefix`, which each table's name ends.
    tables: String,
    made: RwLock<HashMap<&'static str, Arc<str>>>,
}

impl Statements {
    pub(super) fn new(schema: &str, prefix: &str) -> Self {
        Self { tables: format!("\"{schema}\".\"{prefix}"), made: RwLock::default() }
    }

    pub(super) fn tables(&self) -> &str {
        &self.tables
    }

    /// The statement with the tables' names (`@table_event@end`), `@now` for the time (`$5`) and `@wait`, a condition that
    /// sets how long a lock is waited for (`$6`) until the transaction ends. `@turn` is the same, and then waits for the
    /// caller's [turn](super::row::Row::turn) (`$7`), if that is not null. `@time` is the time as a statement's `$1`.
    pub(super) fn get(&self, sql: &'static str) -> AssertSqlSafe<Arc<str>> {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        AssertSqlSafe(made.unwrap_or_else(|| {
            let mut all = self.made.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(sql).or_insert_with(|| self.fill(sql).into()))
        }))
    }

    /// Only names that were checked get in here: what is asked for is bound.
    fn fill(&self, sql: &str) -> String {
        let parts = [
            ("@now", NOW),
            ("@time", TIME),
            ("@turn", TURN),
            ("@wait", WAIT),
            ("@table_", &self.tables),
            ("@end", "\""),
        ];
        parts.iter().fold(sql.to_owned(), |sql, (name, text)| sql.replace(name, text))
    }
}
