//! Whoever asks may go away at any moment.

use super::*;
use crate::{
    polls::drop_after,
    transactions::{POLLS, all_or_nothing},
};

/// One connection, which must come back from whatever became of its last user.
async fn store(path: &Path) -> SqliteStore {
    let options =
        SqliteConnectOptions::new().filename(path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    with_effects(SqliteStore::new(pool).await.unwrap()).await
}

#[tokio::test]
async fn a_claim_is_had_or_not_wherever_it_was_dropped() {
    let (_dir, path) = file();
    let store = store(&path).await;
    let later = store.clone().clock(Clock::new(|| OffsetDateTime::now_utc() + LEASE));
    let mut done = 0;
    for polls in POLLS {
        let slot = placed(&format!("evt_{polls}"), "cus_1", 1, Order::Serial);
        match drop_after(polls, store.claim(&slot)).await {
            Some(claim) => {
                assert_eq!(store.release(&slot, granted(claim.unwrap()).token).await.unwrap(), Held::Yes);
                done += 1;
            }
            // Either nobody has it, or the one who was dropped, until the lease is over.
            None => match store.claim(&slot).await.unwrap() {
                Claim::Granted(grant) => assert_eq!(store.release(&slot, grant.token).await.unwrap(), Held::Yes),
                Claim::Busy { .. } => {
                    complete(&later, &slot).await;
                }
                other => panic!("{other:?}"),
            },
        }
    }
    assert!((1..POLLS.end).contains(&done));
}

#[tokio::test]
async fn a_completion_is_done_or_not_wherever_it_was_dropped() {
    let (_dir, path) = file();
    let store = store(&path).await;
    let mut done = 0;
    for polls in POLLS {
        let slot = placed(&format!("evt_{polls}"), "cus_1", u64::try_from(polls).unwrap(), Order::Latest);
        let grant = claim(&store, &slot).await;
        let first = drop_after(polls, store.complete(&slot, grant.token, None)).await;
        let again = store.complete(&slot, grant.token, None).await.unwrap();
        if let Some(first) = first {
            assert_eq!((first.unwrap(), again), (Held::Yes, Held::Lost));
            done += 1;
        }
        assert!(matches!(store.claim(&slot).await.unwrap(), Claim::Duplicate(None)));
    }
    assert!((1..POLLS.end).contains(&done));
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_wherever_it_was_dropped() {
    let (_dir, path) = file();
    let store = store(&path).await;
    all_or_nothing(
        &store,
        async |tx: &mut SqliteTx, id: &str| affect(tx, id).await,
        async |id| effects(&store, id).await,
    )
    .await;
}
