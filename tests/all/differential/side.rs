//! Who is asked.

use std::{future::Future, pin::Pin, time::Duration};

use bytes::Bytes;
use inhook::{
    Answer, Event, Verifier, dangerous,
    provider::STRIPE,
    store::{
        CachedStore, Claim, DeadLetterStore, Gap, Held, IdempotencyStore, MemoryStore, Order, OrderingStore, PgStore,
        Rank, RedisStore, Slot, SqliteStore, Stream, Token, TransactionalStore,
        postgres::sqlx::{self, Executor as _},
        redis::redis::cmd,
        sqlite::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
    },
    testing::ManualClock,
};
use time::{OffsetDateTime, macros::datetime};

use super::ask::{key, lasts, rank, stream};
use crate::{postgres::server::database, redis::server::Server};

/// A whole second, and so is all that is added: a store may round, and here nothing is there to be rounded.
const START: OffsetDateTime = datetime!(2026-11-21 06:41 UTC);
/// What is longer is for ever, which each store writes in its own way.
const FOR_EVER: Duration = Duration::from_secs(86_400 * 3650);

/// What is asked of each side. A grant is known by its number.
#[derive(Debug)]
pub(super) enum Step<'a> {
    Claim(&'a Slot),
    Transact(&'a Slot, Option<Option<&'static str>>),
    Extend(usize, &'a Slot, u64),
    Complete(usize, &'a Slot, Option<&'static str>),
    Release(usize, &'a Slot),
    Bury(usize, &'a Slot),
    Forget(usize),
    Purge(u32),
    Advance(u64),
    Skip(usize, u64),
    Blocked(Option<usize>, u32),
    Letters(Option<usize>, u32),
    Discard(usize),
}

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Granted {
        twin: bool,
        gap: bool,
    },
    Duplicate(Option<Answer>),
    Conflict,
    Stale,
    /// Not for how long it is told to wait that something lower may pass: of several with one rank any may be meant.
    Busy(Option<Duration>),
    Held(Held),
    Is(bool),
    Blocked(Vec<(Stream, Rank, Option<OffsetDateTime>, u64)>),
    Letters(Vec<String>),
    Done,
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

pub(super) trait Party {
    fn name(&self) -> &'static str;
    fn take<'a>(&'a mut self, step: &'a Step<'a>) -> Pending<'a, Said>;
}

/// A store with a clock of its own: a transaction lasts a second, and at its end the others have not begun.
pub(super) struct Side<S> {
    name: &'static str,
    store: S,
    time: ManualClock,
    tokens: Vec<Token>,
    last: Token,
}

/// The transaction of a handler, or a claim where there is none.
pub(super) trait Transacts: OrderingStore + DeadLetterStore {
    async fn transact(&self, slot: &Slot, time: &ManualClock, answer: Option<Option<Answer>>) -> Said;
}

fn said<G>(slot: &Slot, claim: Claim<G>, granted: impl FnOnce(G) -> Said) -> Said {
    match claim {
        Claim::Granted(grant) => granted(grant),
        Claim::Duplicate(answer) => Said::Duplicate(answer),
        Claim::Conflict => Said::Conflict,
        Claim::Stale => Said::Stale,
        Claim::Busy { retry_after } => {
            assert!(!retry_after.is_zero());
            let order = slot.place.as_ref().map(|place| place.order);
            let may_pass = matches!(order, Some(Order::Sequence { on_gap: Gap::Proceed, .. }));
            Said::Busy((!may_pass).then_some(retry_after.min(FOR_EVER)))
        }
        _ => panic!("neither granted nor refused"),
    }
}

const SECOND: Duration = Duration::from_secs(1);

async fn in_tx<S: TransactionalStore>(
    store: &S,
    slot: &Slot,
    time: &ManualClock,
    answer: Option<Option<Answer>>,
) -> Said {
    let mut begun = None;
    let said = said(slot, store.begin(slot).await.unwrap(), |grant| {
        let said = Said::Granted { twin: grant.twin, gap: grant.gap };
        begun = Some(grant.tx);
        said
    });
    time.advance(SECOND);
    match (begun, answer) {
        (None, _) => {}
        (Some(tx), None) => store.rollback(tx).await.unwrap(),
        (Some(tx), Some(answer)) => store.commit(tx, slot, answer.as_ref()).await.unwrap(),
    }
    said
}

async fn by_claim<S: IdempotencyStore>(
    store: &S,
    slot: &Slot,
    time: &ManualClock,
    answer: Option<Option<Answer>>,
) -> Said {
    let mut token = None;
    let said = said(slot, store.claim(slot).await.unwrap(), |grant| {
        token = Some(grant.token);
        Said::Granted { twin: grant.twin, gap: grant.gap }
    });
    time.advance(SECOND);
    let held = match (token, answer) {
        (None, _) => Held::Yes,
        (Some(token), None) => store.release(slot, token).await.unwrap(),
        (Some(token), Some(answer)) => store.complete(slot, token, answer.as_ref()).await.unwrap(),
    };
    assert_eq!(held, Held::Yes);
    said
}

macro_rules! transacts {
    ($how:ident: $($store:ty),+) => {
        $(impl Transacts for $store {
            async fn transact(&self, slot: &Slot, time: &ManualClock, answer: Option<Option<Answer>>) -> Said {
                $how(self, slot, time, answer).await
            }
        })+
    };
}
transacts!(in_tx: SqliteStore, PgStore);
transacts!(by_claim: MemoryStore, CachedStore<MemoryStore>, RedisStore);

fn answer(text: Option<&str>) -> Option<Answer> {
    text.map(|text| if text.is_empty() { Answer::success() } else { Answer::text(text) })
}

fn event() -> Event {
    let verifier = Verifier::new(&STRIPE, "whsec_c2VjcmV0").unwrap();
    let body = Bytes::from_static(br#"{"id":"evt_1","type":"invoice.paid","created":1790000000,"data":{"object":{}}}"#);
    dangerous::unverified(&verifier, (&http::HeaderMap::new(), body)).unwrap().into_events().remove(0)
}

impl<S: Transacts> Side<S> {
    async fn claim(&mut self, slot: &Slot) -> Said {
        let mut token = None;
        let said = said(slot, self.store.claim(slot).await.unwrap(), |grant| {
            token = Some(grant.token);
            Said::Granted { twin: grant.twin, gap: grant.gap }
        });
        if let Some(token) = token {
            assert!(token > self.last);
            self.last = token;
            self.tokens.push(token);
        }
        said
    }

    async fn take(&mut self, step: &Step<'_>) -> Said {
        let store = &self.store;
        match *step {
            Step::Claim(slot) => return self.claim(slot).await,
            Step::Transact(slot, end) => return store.transact(slot, &self.time, end.map(answer)).await,
            Step::Extend(n, slot, lease) => store.extend(slot, self.tokens[n], lasts(lease)).await.map(Said::Held),
            Step::Complete(n, slot, text) => {
                store.complete(slot, self.tokens[n], answer(text).as_ref()).await.map(Said::Held)
            }
            Step::Release(n, slot) => store.release(slot, self.tokens[n]).await.map(Said::Held),
            Step::Bury(n, slot) => store.bury(slot, self.tokens[n], &event(), &n.to_string()).await.map(Said::Held),
            Step::Forget(at) => store.forget(&key(at)).await.map(Said::Is),
            Step::Purge(limit) => {
                let gone = store.purge(limit).await.unwrap();
                assert!(gone <= limit.into());
                Ok(Said::Done)
            }
            Step::Advance(by) => {
                self.time.advance(Duration::from_secs(by));
                Ok(Said::Done)
            }
            Step::Skip(at, to) => {
                let stream = stream(at);
                store.skip(&stream, &rank(&stream.name, to)).await.map(Said::Is)
            }
            Step::Blocked(after, limit) => store.blocked(after.map(stream).as_ref(), limit).await.map(|blocked| {
                // Of several with the lowest rank, any may be the one that is told of.
                let told = |waiting, since| (waiting == 1).then_some(since);
                let rows = blocked.into_iter().map(|b| (b.stream, b.rank, told(b.waiting, b.since), b.waiting));
                Said::Blocked(rows.collect())
            }),
            Step::Letters(after, limit) => {
                let after = match after {
                    Some(at) => self.letter(at).await,
                    None => None,
                };
                let letters = self.store.dead_letters(after, limit).await;
                letters.map(|letters| {
                    assert!(letters.is_sorted_by(|a, b| a.id < b.id));
                    let told = |mut letter: inhook::store::DeadLetter| {
                        letter.id = 0;
                        format!("{letter:?}")
                    };
                    Said::Letters(letters.into_iter().map(told).collect())
                })
            }
            Step::Discard(at) => match self.letter(at).await {
                Some(id) => self.store.discard(id).await.map(Said::Is),
                None => Ok(Said::Done),
            },
        }
        .unwrap_or_else(|e| panic!("{}: {step:?}: {e}", self.name))
    }

    async fn letter(&self, at: usize) -> Option<u64> {
        let all = self.store.dead_letters(None, u32::MAX).await.unwrap();
        all.get(at).map(|letter| letter.id)
    }
}

impl<S: Transacts> Party for Side<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn take<'a>(&'a mut self, step: &'a Step<'a>) -> Pending<'a, Said> {
        Box::pin(Side::take(self, step))
    }
}

/// Those that outlive a case.
pub(super) struct Stores {
    sqlite: (SqliteStore, tempfile::TempDir),
    postgres: Option<PgStore>,
    redis: Option<(RedisStore, Server)>,
}

impl Stores {
    pub(super) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = SqliteConnectOptions::new().filename(dir.path().join("inhook.db")).create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect_with(file.journal_mode(SqliteJournalMode::Wal)).await.unwrap();
        let sqlite = SqliteStore::new(pool).await.unwrap();
        // No power is lost here, and waiting for the disk takes longer than all else.
        sqlite.pool().execute("pragma synchronous = off").await.unwrap();
        let postgres = match database().await {
            Some(database) => Some(PgStore::new(database.pool(2).await).await.unwrap()),
            None => None,
        };
        let redis = match Server::start(&[]) {
            Some(server) => Some((server.store().await, server)),
            None => None,
        };
        Self { sqlite: (sqlite, dir), postgres, redis }
    }

    /// Nothing is in them.
    pub(super) async fn fresh(&self) -> Vec<Box<dyn Party>> {
        const EMPTY: &str = "delete from inhook_event; delete from inhook_stream; delete from inhook_dead_letter";
        let mut sides: Vec<Box<dyn Party>> = Vec::new();
        let memory = ManualClock::at(START);
        sides.push(side("memory", memory.clone(), MemoryStore::new().clock(memory.clock())));
        let cached = ManualClock::at(START);
        let behind = MemoryStore::new().clock(cached.clock());
        // For no longer than time stands still: what is over in the store may still be known in front of it.
        let front = CachedStore::new(behind).ttl(SECOND).clock(cached.clock());
        sides.push(side("cached", cached, front));
        let (store, _) = &self.sqlite;
        store.pool().execute(sqlx::raw_sql(EMPTY)).await.unwrap();
        let time = ManualClock::at(START);
        sides.push(side("sqlite", time.clone(), store.clone().clock(time.clock())));
        if let Some(store) = &self.postgres {
            store.pool().execute(sqlx::raw_sql(EMPTY)).await.unwrap();
            let time = ManualClock::at(START);
            sides.push(side("postgres", time.clone(), store.clone().clock(time.clock())));
        }
        if let Some((store, _)) = &self.redis {
            let mut connection = store.connection().clone();
            let _: () = cmd("FLUSHALL").query_async(&mut connection).await.unwrap();
            let time = ManualClock::at(START);
            sides.push(side("redis", time.clone(), store.clone().clock(time.clock())));
        }
        sides
    }
}

fn side<S: Transacts>(name: &'static str, time: ManualClock, store: S) -> Box<dyn Party> {
    Box::new(Side { name, store, time, tokens: Vec::new(), last: Token(0) })
}
