//! The events: what stands in their bodies, and which come when.

use fastrand::Rng;
use inhook::{Event, Place, store::Order};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ordering {
    None,
    Serial,
    Latest,
}

/// Which receiver takes it: the one that handles in a transaction, or the one that handles under a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mode {
    Tx,
    Lease,
}

impl Mode {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Tx => "/tx",
            Self::Lease => "/lease",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) id: String,
    pub(crate) stream: String,
    pub(crate) order: Ordering,
    pub(crate) rank: i64,
    pub(crate) last: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) r#type: String,
    pub(crate) timestamp: String,
    pub(crate) data: Change,
}

pub(crate) fn place(event: &Event) -> Option<Place> {
    let Change { stream, order, rank, last, .. } = event.raw().json::<Envelope>().ok()?.data;
    let order = match order {
        Ordering::None => return None,
        Ordering::Serial => Order::Serial,
        Ordering::Latest => Order::Latest,
    };
    let place = Place::new(stream, rank, order);
    Some(if last { place.last() } else { place })
}

/// How many changes an object sees until it is deleted.
const LIFE: i64 = 15;

/// Objects whose changes come one after another.
struct Lane {
    mode: Mode,
    order: Ordering,
    name: String,
    generation: u32,
    rank: i64,
    /// How often this lane's turn comes.
    weight: u32,
}

/// Makes one event after another, in the order in which their provider knows them.
pub(crate) struct Plan {
    lanes: Vec<Lane>,
    made: u64,
}

impl Plan {
    pub(crate) fn new() -> Self {
        let mut lanes = Vec::new();
        let groups = [
            (Mode::Tx, Ordering::None, 1, 70),
            (Mode::Tx, Ordering::Serial, 12, 2),
            (Mode::Tx, Ordering::Latest, 20, 2),
            (Mode::Lease, Ordering::None, 1, 20),
            (Mode::Lease, Ordering::Serial, 6, 1),
            (Mode::Lease, Ordering::Latest, 12, 2),
        ];
        for (mode, order, count, weight) in groups {
            for n in 0..count {
                let name = format!("{}/{order:?}/{n}", mode.path());
                lanes.push(Lane { mode, order, name, generation: 0, rank: 0, weight });
            }
        }
        Self { lanes, made: 0 }
    }

    pub(crate) fn next(&mut self, rng: &mut Rng) -> (Mode, Change) {
        let all: u32 = self.lanes.iter().map(|lane| lane.weight).sum();
        let mut at = rng.u32(..all);
        let chosen = self.lanes.iter().position(|lane| {
            let here = at < lane.weight;
            at = at.saturating_sub(lane.weight);
            here
        });
        let lane = &mut self.lanes[chosen.unwrap_or_default()];
        self.made += 1;
        let id = format!("evt_{}", self.made);
        if lane.order == Ordering::None {
            let change = Change { stream: id.clone(), id, order: lane.order, rank: 0, last: false };
            return (lane.mode, change);
        }
        lane.rank += 1;
        let last = lane.order == Ordering::Latest && lane.rank == LIFE;
        let stream = format!("{}/{}", lane.name, lane.generation);
        let change = Change { id, stream, order: lane.order, rank: lane.rank, last };
        if last {
            lane.generation += 1;
            lane.rank = 0;
        }
        (lane.mode, change)
    }
}
