//! What stands in the database at the end, held against what was sent and acknowledged.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, atomic::Ordering::Relaxed},
};

use inhook::store::postgres::sqlx::{self, AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};

use crate::{
    Anyhow,
    change::{Mode, Ordering},
    sender::Sent,
};

pub(crate) const TABLES: &str = "
    create table effect (
        seq bigserial primary key, event text not null, stream text not null, rank bigint not null,
        last boolean not null, began timestamptz not null default clock_timestamp());
    create table other_half (
        event text not null, effect bigint not null, ended timestamptz not null default clock_timestamp());
    create table register (stream text primary key, fence bigint not null);
    create table written (
        seq bigserial primary key, event text not null, stream text not null, rank bigint not null,
        last boolean not null, fence bigint not null);
    create table completed (event text not null, fence bigint not null);
";

/// How many lines of one kind of violation are worth printing.
const LINES: usize = 5;

#[derive(Default)]
pub(crate) struct Verdict {
    /// The ledger's lines, in their order.
    pub(crate) ledger: Vec<(&'static str, u64)>,
    violations: BTreeMap<&'static str, Vec<String>>,
}

impl Verdict {
    pub(crate) fn violation(&mut self, rule: &'static str, what: String) {
        self.violations.entry(rule).or_default().push(what);
    }

    fn count(&mut self, name: &'static str, count: usize) {
        self.ledger.push((name, count as u64));
    }

    /// Prints them, and says how many there are.
    pub(crate) fn print(&self) -> usize {
        for (rule, all) in &self.violations {
            println!("VIOLATION: {rule}: {} times", all.len());
            all.iter().take(LINES).for_each(|line| println!("  {line}"));
        }
        self.violations.values().map(Vec::len).sum()
    }
}

/// A row of `effect` or `written`.
type Write = (i64, String, String, i64, bool, i64);

pub(crate) async fn judge(options: &PgConnectOptions, sent: &[Arc<Sent>]) -> Anyhow<Verdict> {
    let mut verdict = Verdict::default();
    let mut db = PgConnection::connect_with(options).await?;
    let effects: Vec<Write> =
        sqlx::query_as("select seq, event, stream, rank, last, 0::bigint from effect order by seq")
            .fetch_all(&mut db)
            .await?;
    let writes: Vec<Write> = sqlx::query_as("select seq, event, stream, rank, last, fence from written order by seq")
        .fetch_all(&mut db)
        .await?;
    let completed = sqlx::query_as("select event, fence from completed").fetch_all(&mut db).await?;
    let completed = completed.into_iter().collect();
    for (mode, rows, completed) in [(Mode::Tx, &effects, None), (Mode::Lease, &writes, Some(&completed))] {
        acknowledged(&mut verdict, mode, rows, sent);
        orderly(&mut verdict, rows, completed, sent);
    }
    once(&mut verdict, &effects);
    fenced(&mut verdict, &writes);
    whole(&mut verdict, &mut db).await?;
    apart(&mut verdict, &mut db, sent).await?;
    Ok(verdict)
}

/// Every event that was acknowledged took effect, or its stream had gone past it.
fn acknowledged(verdict: &mut Verdict, mode: Mode, rows: &[Write], sent: &[Arc<Sent>]) {
    let mut times: HashMap<&str, u64> = HashMap::new();
    let mut highest: HashMap<&str, i64> = HashMap::new();
    for (_, event, stream, rank, ..) in rows {
        *times.entry(event).or_default() += 1;
        let mark = highest.entry(stream).or_insert(*rank);
        *mark = (*rank).max(*mark);
    }
    let (mut acknowledged, mut stale, mut others, mut unheard) = (0, 0, 0, 0);
    for one in sent.iter().filter(|one| one.mode == mode) {
        let change = &one.change;
        let done = times.remove(change.id.as_str()).is_some();
        if !one.acknowledged.load(Relaxed) {
            others += 1;
            unheard += usize::from(done);
            if !one.is_given_up() {
                verdict.violation("an event was never acknowledged", format!("{change:?}"));
            }
            continue;
        }
        acknowledged += 1;
        let gone_past = change.order == Ordering::Latest
            && highest.get(change.stream.as_str()).is_some_and(|mark| *mark > change.rank);
        stale += usize::from(!done && gone_past);
        if !done && !gone_past {
            verdict.violation("an acknowledged event was lost", format!("{change:?}"));
        }
    }
    for event in times.keys() {
        verdict.violation("something took effect that was never sent", (*event).to_owned());
    }
    let names = match mode {
        Mode::Tx => [
            "in a transaction: acknowledged",
            "  of them stale, and so without effect",
            "  not acknowledged, given up by the sender",
            "    of them done all the same, whole",
            "  effects",
        ],
        Mode::Lease => [
            "under a lease: acknowledged",
            "  of them stale, and so not written",
            "  not acknowledged, given up by the sender",
            "    of them done all the same",
            "  writes, those included that were done again after a crash",
        ],
    };
    for (name, count) in names.into_iter().zip([acknowledged, stale, others, unheard, rows.len()]) {
        verdict.count(name, count);
    }
}

/// No stream of the latest state went backwards, and nothing came after its tombstone.
///
/// Under a lease, a holder may die after its write and before the mark: then an older event is not stale yet. So there
/// only what was `completed` counts.
fn orderly(verdict: &mut Verdict, rows: &[Write], completed: Option<&HashSet<(String, i64)>>, sent: &[Arc<Sent>]) {
    let known: HashMap<&str, Ordering> = sent.iter().map(|s| (s.change.id.as_str(), s.change.order)).collect();
    let mut highest: HashMap<&str, Option<&Write>> = HashMap::new();
    for row in rows {
        let (_, event, stream, rank, _, fence) = row;
        if known.get(event.as_str()) != Some(&Ordering::Latest) {
            continue;
        }
        let mark = highest.entry(stream).or_default();
        if let Some((_, other, _, above, last, _)) = mark.filter(|mark| *rank < mark.3) {
            let rule = if *last { "a tombstone was overrun" } else { "a stream went backwards" };
            verdict.violation(rule, format!("{stream}: {rank} ({event}) after {above} ({other})"));
        } else if completed.is_none_or(|all| all.contains(&(event.clone(), *fence))) {
            *mark = Some(row);
        }
    }
    let tombstones = highest.values().flatten().filter(|row| row.4).count();
    verdict.count("  streams of the latest state", highest.len());
    verdict.count("    of them ended by a tombstone", tombstones);
}

/// In a transaction, no event took effect twice.
fn once(verdict: &mut Verdict, effects: &[Write]) {
    let mut times: HashMap<&str, u64> = HashMap::new();
    for (_, event, ..) in effects {
        *times.entry(event).or_default() += 1;
    }
    for (event, times) in times.into_iter().filter(|(_, times)| *times > 1) {
        verdict.violation("an event took effect more than once", format!("{event}: {times} times"));
    }
}

/// Under a lease, each write to a register is of a later holder than the one before.
fn fenced(verdict: &mut Verdict, writes: &[Write]) {
    let mut fences: HashMap<&str, i64> = HashMap::new();
    let mut times: HashMap<&str, u64> = HashMap::new();
    for (_, event, stream, _, _, fence) in writes {
        *times.entry(event).or_default() += 1;
        if let Some(before) = fences.insert(stream, *fence)
            && before >= *fence
        {
            verdict.violation("a holder wrote that had lost its lease", format!("{event}: {fence} after {before}"));
        }
    }
    let again = times.values().filter(|times| **times > 1).count();
    verdict.count("  events handled again after a crash or a pause", again);
}

/// Nothing is half done: both of a handler's writes are there, or neither, and the mark with them.
async fn whole(verdict: &mut Verdict, db: &mut PgConnection) -> Anyhow<()> {
    let done = "select convert_from(id, 'UTF8') as event from inhook_event
        where consumer = 'tx' and done_generation is not null";
    let checks = [
        (
            "an event is half done",
            "select event from effect e where not exists (select from other_half o where o.effect = e.seq)
            union all
            select event from other_half o where not exists (select from effect e where o.effect = e.seq)"
                .to_owned(),
        ),
        ("an effect has no mark", format!("select event from effect except select event from ({done}) d")),
        ("a mark has no effect", format!("select event from ({done}) d except select event from effect")),
        (
            "a claim outlived the test in a transaction",
            "select convert_from(id, 'UTF8') from inhook_event where consumer = 'tx' and token is not null".to_owned(),
        ),
    ];
    for (rule, sql) in checks {
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *db).await?;
        for event in found {
            verdict.violation(rule, event);
        }
    }
    Ok(())
}

/// In a transaction, no two events of a serial stream were handled at the same time.
async fn apart(verdict: &mut Verdict, db: &mut PgConnection, sent: &[Arc<Sent>]) -> Anyhow<()> {
    let serial: HashSet<&str> = sent
        .iter()
        .filter(|one| one.mode == Mode::Tx && one.change.order == Ordering::Serial)
        .map(|one| one.change.stream.as_str())
        .collect();
    let found: Vec<(String, String)> = sqlx::query_as(
        "select stream, event from (
            select e.stream, e.event, e.began, lag(h.ended) over (partition by e.stream order by e.began) as before
            from effect e join other_half h on h.effect = e.seq
        ) o where before > began",
    )
    .fetch_all(db)
    .await?;
    for (stream, event) in found.into_iter().filter(|(stream, _)| serial.contains(stream.as_str())) {
        verdict.violation("two events of a serial stream were handled at once", format!("{stream}: {event}"));
    }
    verdict.count("  serial streams in a transaction", serial.len());
    Ok(())
}
