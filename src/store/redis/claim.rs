//! Keys: taken, held, done, forgotten.

use std::time::Duration;

use redis::Cmd;

use super::{
    super::{Claim, Gap, Grant, Held, IdempotencyStore, Key, Order, Slot, Token, verdict::PATIENCE},
    Connection, RedisStore,
    name::{member, micros, stream},
    redis,
    script::Script,
};
use crate::{Answer, Error};

impl<C: Connection> IdempotencyStore for RedisStore<C> {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        let print = slot.fingerprint.filter(|_| slot.twins);
        let mut keys = self.keys(slot);
        keys.push(self.names().tokens());
        keys.extend(print.map(|print| self.names().twins(&slot.key, &print)));
        let member = stream(slot).as_ref().map(member);
        let arguments = |command: &mut Cmd| {
            command.arg(flag(member.is_some())).arg(micros(slot.lease)).arg(micros(slot.remember)).arg(slot.generation);
            command.arg(slot.fingerprint.as_ref().map_or(&[][..], |print| print));
            command.arg(flag(print.is_some())).arg(&*slot.key.id);
            let (Some(place), Some(member)) = (&slot.place, &member) else { return };
            let previous = place.rank.previous();
            command.arg(member).arg(place.rank.as_bytes()).arg(hex(place.rank.as_bytes()));
            command.arg(previous.as_ref().map_or(&[][..], |rank| rank.as_bytes()));
            let (order, wait, block) = match place.order {
                Order::Serial => ("serial", Duration::ZERO, false),
                Order::Latest => ("latest", Duration::ZERO, false),
                Order::Sequence { wait, on_gap } => ("sequence", wait, on_gap == Gap::Block),
            };
            command.arg(order).arg(flag(place.last)).arg(micros(wait)).arg(flag(block)).arg(PATIENCE);
        };
        let (verdict, number, beside): (String, u64, Vec<u8>) = self.run(&self.scripts.claim, &keys, arguments).await?;
        Ok(match verdict.as_str() {
            "granted" => Claim::Granted(Grant {
                token: Token(number),
                twin: beside.ends_with(b"twin"),
                gap: beside.starts_with(b"gap"),
            }),
            "duplicate" if beside.is_empty() => Claim::Duplicate(None),
            "duplicate" => Claim::Duplicate(Some(Answer::from_record(&beside)?)),
            "conflict" => Claim::Conflict,
            "stale" => Claim::Stale,
            "busy" => Claim::Busy { retry_after: Duration::from_micros(number) },
            _ => return Err(unheard_of()),
        })
    }

    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        let member = stream(slot).as_ref().map(member);
        let arguments = |command: &mut Cmd| {
            command.arg(flag(member.is_some())).arg(token.0).arg(micros(lease)).arg(&member);
        };
        self.held(&self.scripts.extend, &self.keys(slot), arguments).await
    }

    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        self.finish(&self.scripts.complete, slot, token, answer, &[], |_| {}).await
    }

    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        let member = stream(slot).as_ref().map(member);
        let arguments = |command: &mut Cmd| {
            command.arg(flag(member.is_some())).arg(token.0).arg(&member);
        };
        self.held(&self.scripts.release, &self.keys(slot), arguments).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        let mut listed = Vec::new();
        loop {
            let mut keys = vec![self.names().event(key)];
            if !listed.is_empty() {
                keys.push(self.names().twins(key, &listed));
            }
            let arguments = |command: &mut Cmd| {
                command.arg(&*key.id).arg(&listed);
            };
            match self.said(&self.scripts.forget, &keys, arguments).await? {
                Said::Held => return Ok(true),
                Said::Lost => return Ok(false),
                Said::Again(print) => listed = print,
            }
        }
    }

    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        self.unlist(u64::from(limit)).await
    }
}

/// What a script says to whoever has a token.
enum Said {
    Held,
    Lost,
    /// The mark that it would remove is listed under this fingerprint, and a script may only use names that it was given.
    Again(Vec<u8>),
}

impl<C: Connection> RedisStore<C> {
    /// Those that every verb of a slot begins with: its event and, with a place, its stream.
    fn keys(&self, slot: &Slot) -> Vec<String> {
        let mut keys = Vec::with_capacity(7);
        keys.push(self.names().event(&slot.key));
        keys.extend(stream(slot).into_iter().flat_map(|stream| self.names().stream(&stream)));
        keys
    }

    /// Puts the mark in the claim's place by a script that goes on from there, with keys and arguments of its own.
    pub(super) async fn finish(
        &self,
        script: &Script,
        slot: &Slot,
        token: Token,
        answer: Option<&Answer>,
        more: &[String],
        rest: impl Fn(&mut Cmd) + Send + Sync,
    ) -> Result<Held, Error> {
        let print = slot.fingerprint.filter(|_| slot.twins);
        let member = stream(slot).as_ref().map(member);
        let answer = answer.map(Answer::to_record).unwrap_or_default();
        let mut listed = Vec::new();
        loop {
            let mut keys = self.keys(slot);
            keys.extend(print.map(|print| self.names().twins(&slot.key, &print)));
            if !listed.is_empty() {
                keys.push(self.names().twins(&slot.key, &listed));
            }
            keys.extend_from_slice(more);
            let arguments = |command: &mut Cmd| {
                command.arg(flag(member.is_some())).arg(token.0).arg(micros(slot.remember)).arg(slot.generation);
                command.arg(slot.fingerprint.as_ref().map_or(&[][..], |print| print));
                command.arg(flag(print.is_some())).arg(&*slot.key.id).arg(&listed).arg(&answer);
                let rank = slot.place.as_ref().map(|place| &place.rank);
                let rank = rank.map_or(&[][..], |rank| rank.as_bytes());
                command.arg(member.as_deref().unwrap_or_default()).arg(rank).arg(hex(rank));
                command.arg(flag(slot.place.as_ref().is_some_and(|place| place.last)));
                rest(command);
            };
            match self.said(script, &keys, arguments).await? {
                Said::Held => return Ok(Held::Yes),
                Said::Lost => return Ok(Held::Lost),
                Said::Again(print) => listed = print,
            }
        }
    }

    async fn held(
        &self,
        script: &Script,
        keys: &[String],
        arguments: impl Fn(&mut Cmd) + Send + Sync,
    ) -> Result<Held, Error> {
        match self.said(script, keys, arguments).await? {
            Said::Held => Ok(Held::Yes),
            Said::Lost => Ok(Held::Lost),
            Said::Again(_) => Err(unheard_of()),
        }
    }

    async fn said(
        &self,
        script: &Script,
        keys: &[String],
        arguments: impl Fn(&mut Cmd) + Send + Sync,
    ) -> Result<Said, Error> {
        let (verdict, bytes): (String, Vec<u8>) = self.run(script, keys, arguments).await?;
        match verdict.as_str() {
            "held" => Ok(Said::Held),
            "lost" => Ok(Said::Lost),
            "again" => Ok(Said::Again(bytes)),
            _ => Err(unheard_of()),
        }
    }
}

fn unheard_of() -> Error {
    Error::store("a script answered what it never does")
}

fn flag(set: bool) -> &'static str {
    if set { "1" } else { "" }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
