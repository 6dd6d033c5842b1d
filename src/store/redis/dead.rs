//! Dead letters: kept whole, until somebody has looked at them.

use std::collections::HashMap;

use redis::{Cmd, cmd};

use super::{
    super::{DeadLetter, DeadLetterStore, Held, Key, Slot, Token},
    Connection, RedisStore,
    name::date,
    redis,
};
use crate::{Error, Event};

/// A letter is an entry of a Redis stream whose id is `0-` and the letter's.
impl<C: Connection> DeadLetterStore for RedisStore<C> {
    async fn bury(&self, slot: &Slot, token: Token, event: &Event, error: &str) -> Result<Held, Error> {
        let (key, record) = (&slot.key, event.to_record());
        let tenant = key.tenant.as_ref().map(|tenant| ["=", tenant].concat()).unwrap_or_default();
        let letter = |command: &mut Cmd| {
            command.arg(&*key.source).arg(&tenant).arg(&*key.consumer).arg(&record).arg(error);
        };
        let more = [self.names().tokens(), self.names().letters()];
        self.finish(&self.scripts.bury, slot, token, None, &more, letter).await
    }

    async fn dead_letters(&self, after: Option<u64>, limit: u32) -> Result<Vec<DeadLetter>, Error> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let from = after.map_or("-".to_owned(), |after| format!("(0-{after}"));
        let page = |command: &mut Cmd| {
            command.arg(&from).arg(limit);
        };
        let found: Vec<(String, HashMap<String, Vec<u8>>)> =
            self.run(&self.scripts.letters, &[self.names().letters()], page).await?;
        found.into_iter().map(|(id, fields)| letter(&id, fields)).collect()
    }

    async fn discard(&self, id: u64) -> Result<bool, Error> {
        let mut removal = cmd("XDEL");
        removal.arg(self.names().letters()).arg(format!("0-{id}"));
        let mut connection = self.connection.clone();
        let removed: u64 = removal.query_async(&mut connection).await.map_err(Error::store)?;
        Ok(removed > 0)
    }
}

fn letter(id: &str, mut fields: HashMap<String, Vec<u8>>) -> Result<DeadLetter, Error> {
    let broken = || Error::store("a dead letter cannot be read");
    let id = id.strip_prefix("0-").and_then(|id| id.parse().ok()).ok_or_else(broken)?;
    let record = fields.remove("event").ok_or_else(broken)?;
    let mut text = |name: &str| String::from_utf8(fields.remove(name).ok_or_else(broken)?).map_err(Error::store);
    let key = Key {
        source: text("source")?,
        tenant: text("tenant")?.strip_prefix('=').map(str::to_owned),
        consumer: text("consumer")?,
        id: text("key")?,
    };
    let generation = text("generation")?.parse().map_err(Error::store)?;
    let buried_at = date(text("buried_at")?.parse().map_err(Error::store)?);
    DeadLetter::new(id, key, &record, generation, text("error")?, buried_at)
}
