//! Streams: those that stand still, and how they go on.

use redis::Cmd;

use super::{
    super::{Blocked, OrderingStore, Rank, Stream, verdict::SKIPPED},
    Connection, RedisStore,
    claim::hex,
    name::{date, member, micros, stream_of},
    redis,
};
use crate::Error;

/// How many streams one script looks at: others wait meanwhile.
const PAGE: u64 = 50;

impl<C: Connection> OrderingStore for RedisStore<C> {
    async fn blocked(&self, after: Option<&Stream>, limit: u32) -> Result<Vec<Blocked>, Error> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut blocked, mut after) = (Vec::new(), after.map(member));
        while blocked.len() < limit {
            let rows = self.rows(after.as_deref(), PAGE).await?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            blocked.extend(rows.into_iter().filter(|(_, row)| row.state == 1).filter_map(|(member, row)| {
                let rank = data_encoding::HEXLOWER.decode(row.rank.as_bytes()).ok()?;
                Some(Blocked::new(stream_of(&member)?, Rank::bytes(rank), date(row.since), row.waiting))
            }));
        }
        blocked.truncate(limit);
        Ok(blocked)
    }

    async fn skip(&self, stream: &Stream, rank: &Rank) -> Result<bool, Error> {
        let Some(previous) = rank.previous() else { return Ok(false) };
        let arguments = |command: &mut Cmd| {
            command.arg(member(stream)).arg(previous.as_bytes()).arg(hex(previous.as_bytes())).arg(micros(SKIPPED));
        };
        self.run(&self.scripts.skip, &self.names().stream(stream), arguments).await
    }
}

/// What a stream in which something waits is like.
struct Row {
    /// -1: nothing waits any more, and the stream is no longer listed. 1: something has waited for long enough.
    state: i64,
    rank: String,
    since: i64,
    waiting: u64,
}

impl<C: Connection> RedisStore<C> {
    /// The next streams in which something waits, as they are listed.
    async fn rows(&self, after: Option<&[u8]>, count: u64) -> Result<Vec<(Vec<u8>, Row)>, Error> {
        let from = after.map_or(b"-".to_vec(), |after| [b"(", after].concat());
        let mut keys = vec![self.names().streams()];
        let page = |command: &mut Cmd| {
            command.arg(&from).arg(count);
        };
        let members: Vec<Vec<u8>> = self.run(&self.scripts.listed, &keys, page).await?;
        if members.is_empty() {
            return Ok(Vec::new());
        }
        for member in &members {
            let stream = stream_of(member).ok_or_else(|| Error::store("a listed stream cannot be read"))?;
            let [stream, waiting, _] = self.names().stream(&stream);
            keys.extend([stream, waiting]);
        }
        let arguments = |command: &mut Cmd| {
            command.arg(&members);
        };
        let rows: Vec<(i64, String, i64, u64)> = self.run(&self.scripts.blocked, &keys, arguments).await?;
        let rows = rows.into_iter().map(|(state, rank, since, waiting)| Row { state, rank, since, waiting });
        Ok(members.into_iter().zip(rows).collect())
    }

    /// Takes streams off the list that Redis has expired since, and says how many.
    pub(super) async fn unlist(&self, limit: u64) -> Result<u64, Error> {
        let (mut gone, mut after) = (0, None);
        while gone < limit {
            let rows = self.rows(after.as_deref(), PAGE.min(limit - gone)).await?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            gone += rows.iter().map(|(_, row)| u64::from(row.state < 0)).sum::<u64>();
        }
        Ok(gone)
    }
}
