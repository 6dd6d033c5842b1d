//! What happens to the receivers and to their database while the events come.

use std::time::{Duration, Instant};

use fastrand::Rng;
use inhook::store::postgres::sqlx::{self, Connection, PgConnection};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    Anyhow, LEASE,
    fleet::{Fleet, RECEIVERS},
    postgres::Server,
    probe::Point,
};

const STEP: Duration = Duration::from_millis(50);
/// Between two blows against the database, at least.
const RECOVERY: Duration = Duration::from_secs(5);

pub(crate) struct Trouble {
    rng: Rng,
    next: Instant,
    next_server: Instant,
}

impl Trouble {
    pub(crate) fn new(seed: u64) -> Self {
        let now = Instant::now();
        Self { rng: Rng::with_seed(seed), next: now + Duration::from_secs(1), next_server: now + RECOVERY }
    }

    /// Makes it until then.
    pub(crate) async fn until(&mut self, end: Instant, fleet: &mut Fleet, server: &mut Server) -> Anyhow<()> {
        while Instant::now() < end {
            fleet.tend()?;
            if self.next <= Instant::now() {
                self.strike(fleet, server).await?;
                self.next = Instant::now() + Duration::from_millis(self.rng.u64(150..1100));
            }
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }

    async fn strike(&mut self, fleet: &mut Fleet, server: &mut Server) -> Anyhow<()> {
        let n = self.rng.usize(..RECEIVERS);
        match self.rng.u32(..100) {
            0..25 => fleet.kill(n)?,
            25..65 => {
                let point = self.rng.choice(Point::ALL).unwrap_or(Point::Committed);
                fleet.arm(n, &format!("{point:?}"));
            }
            65..88 => fleet.pause(n, LEASE + Duration::from_millis(self.rng.u64(300..1500)))?,
            kind if self.next_server <= Instant::now() => {
                match kind % 3 {
                    0 => {
                        fleet.counts.add("PostgreSQL: stopped at once");
                        signal(server.postmaster.id(), Signal::QUIT)?;
                        server.postmaster.wait()?;
                    }
                    1 => {
                        fleet.counts.add("PostgreSQL: killed");
                        server.postmaster.kill()?;
                        server.postmaster.wait()?;
                    }
                    _ => {
                        fleet.counts.add("PostgreSQL: a connection's process killed");
                        kill_one(server).await?;
                    }
                }
                tokio::task::block_in_place(|| server.wait())?;
                self.next_server = Instant::now() + RECOVERY;
            }
            _ => {}
        }
        Ok(())
    }
}

/// After which the server ends all others and recovers by itself.
async fn kill_one(server: &Server) -> Anyhow<()> {
    let mut conn = PgConnection::connect_with(&server.options()).await?;
    let pid: Option<i32> = sqlx::query_scalar(
        "select pid from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid() order by random() limit 1",
    )
    .fetch_optional(&mut conn)
    .await?;
    if let Some(pid) = pid {
        signal(pid.try_into()?, Signal::KILL)?;
    }
    Ok(())
}

fn signal(pid: u32, signal: Signal) -> Anyhow<()> {
    let pid = Pid::from_raw(pid.try_into()?).ok_or("no such process")?;
    // One that has gone by itself meanwhile is as good.
    let _sent = kill_process(pid, signal);
    Ok(())
}
