//! What is asked of every store that has transactions and outlives its process.

use std::{fmt::Debug, ops::Range};

use inhook::store::{Claim, Slot, TransactionalStore};

use crate::{
    polls::drop_after,
    slots::{granted, slot},
};

/// How many polls to try: the first few are too few, the last many enough.
pub(crate) const POLLS: Range<usize> = 0..60;

pub(crate) async fn begin<S: TransactionalStore<Tx: Debug>>(store: &S, slot: &Slot) -> S::Tx {
    granted(store.begin(slot).await.unwrap()).tx
}

/// A delivery that is sent again until it is a duplicate.
pub(crate) async fn deliver_in_tx<S: TransactionalStore<Tx: Debug>>(
    store: &S,
    slot: &Slot,
    effect: impl AsyncFn(&mut S::Tx),
) {
    loop {
        match store.begin(slot).await.unwrap() {
            Claim::Granted(mut begun) => {
                effect(&mut begun.tx).await;
                store.commit(begun.tx, slot, None).await.unwrap();
            }
            Claim::Duplicate(None) => return,
            Claim::Busy { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Wherever a transaction is dropped, what it wrote and its mark are both there or neither.
pub(crate) async fn all_or_nothing<S: TransactionalStore<Tx: Debug>>(
    store: &S,
    affect: impl AsyncFn(&mut S::Tx, &str),
    effects: impl AsyncFn(&str) -> i64,
) {
    let mut done = 0;
    for polls in POLLS {
        let id = format!("evt_{polls}");
        let slot = slot(&id);
        let whole = async {
            let mut tx = begin(store, &slot).await;
            affect(&mut tx, &id).await;
            store.commit(tx, &slot, None).await.unwrap();
        };
        let whole = drop_after(polls, whole).await;
        let marked = match store.begin(&slot).await.unwrap() {
            Claim::Granted(_) => 0,
            Claim::Duplicate(None) => 1,
            other => panic!("{other:?}"),
        };
        assert_eq!(effects(&id).await, marked);
        if whole.is_some() {
            assert_eq!(marked, 1);
            done += 1;
        }
    }
    assert!((1..POLLS.end).contains(&done));
}
