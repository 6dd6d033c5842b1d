//! The receivers' processes: started, killed, paused, started again.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Anyhow, args::Break};

pub(crate) const RECEIVERS: usize = 3;

/// What came of it, by name; shared by all who count.
#[derive(Clone, Default)]
pub(crate) struct Counts(Arc<Mutex<BTreeMap<String, u64>>>);

impl Counts {
    pub(crate) fn add(&self, name: &str) {
        *lock(&self.0).entry(name.to_owned()).or_default() += 1;
    }

    pub(crate) fn all(&self) -> BTreeMap<String, u64> {
        lock(&self.0).clone()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the receivers listen at this moment.
#[derive(Clone, Default)]
pub(crate) struct Addresses(Arc<Mutex<[Option<SocketAddr>; RECEIVERS]>>);

impl Addresses {
    fn set(&self, n: usize, address: Option<SocketAddr>) {
        if let Some(slot) = lock(&self.0).get_mut(n) {
            *slot = address;
        }
    }

    /// Any of those that listen, paused ones included.
    pub(crate) fn any(&self) -> Option<SocketAddr> {
        let known: Vec<SocketAddr> = lock(&self.0).iter().flatten().copied().collect();
        fastrand::choice(known)
    }
}

struct Member {
    process: Child,
    hears: Option<ChildStdin>,
    /// Until then it stands still.
    paused: Option<Instant>,
    /// When it was found dead, and when it is started again.
    dead: Option<Instant>,
}

pub(crate) struct Fleet {
    socket: PathBuf,
    broken: Option<Break>,
    members: Vec<Member>,
    pub(crate) addresses: Addresses,
    pub(crate) counts: Counts,
    /// Those that ended without being told to.
    pub(crate) fallen: Vec<String>,
}

impl Fleet {
    pub(crate) fn start(socket: PathBuf, broken: Option<Break>) -> Anyhow<Self> {
        let mut fleet = Self {
            socket,
            broken,
            members: Vec::new(),
            addresses: Addresses::default(),
            counts: Counts::default(),
            fallen: Vec::new(),
        };
        for n in 0..RECEIVERS {
            let member = fleet.launch(n)?;
            fleet.members.push(member);
        }
        Ok(fleet)
    }

    /// This program once more, as the receiver of that number.
    fn launch(&self, n: usize) -> Anyhow<Member> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--receiver").arg(&self.socket);
        if let Some(broken) = self.broken {
            command.args(["--break", broken.name()]);
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let says = process.stdout.take().ok_or("no standard output")?;
        let (addresses, counts) = (self.addresses.clone(), self.counts.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(says).lines().map_while(Result::ok) {
                match line.split_once(' ') {
                    Some(("listens", address)) => addresses.set(n, address.parse().ok()),
                    Some(("dies", point)) => counts.add(&format!("killed: {point}")),
                    _ => counts.add(&line),
                }
            }
            addresses.set(n, None);
        });
        let hears = process.stdin.take();
        Ok(Member { process, hears, paused: None, dead: None })
    }

    /// Starts again what has died, and lets go on what was paused for long enough.
    pub(crate) fn tend(&mut self) -> Anyhow<()> {
        let now = Instant::now();
        for n in 0..self.members.len() {
            let member = &mut self.members[n];
            if member.paused.is_some_and(|until| until <= now) {
                member.paused = None;
                signal(&member.process, Signal::CONT)?;
            }
            if member.dead.is_none()
                && let Some(status) = member.process.try_wait()?
            {
                if status.signal() != Some(Signal::KILL.as_raw()) {
                    self.fallen.push(format!("receiver {n} ended by itself: {status}"));
                }
                member.paused = None;
                member.dead = Some(now + Duration::from_millis(fastrand::u64(..600)));
            }
            if member.dead.is_some_and(|again| again <= now) {
                self.members[n] = self.launch(n)?;
            }
        }
        Ok(())
    }

    pub(crate) fn kill(&mut self, n: usize) -> Anyhow<()> {
        let member = &mut self.members[n];
        if member.dead.is_none() && member.process.try_wait()?.is_none() {
            member.process.kill()?;
            self.counts.add("killed: anywhere");
        }
        Ok(())
    }

    /// Dies when it comes there next.
    pub(crate) fn arm(&mut self, n: usize, point: &str) {
        if let Some(hears) = &mut self.members[n].hears {
            // One that is gone by now is counted elsewhere.
            let _heard = hears.write_all(format!("{point}\n").as_bytes());
        }
    }

    pub(crate) fn pause(&mut self, n: usize, time: Duration) -> Anyhow<()> {
        let member = &mut self.members[n];
        if member.dead.is_none() && member.paused.is_none() && member.process.try_wait()?.is_none() {
            signal(&member.process, Signal::STOP)?;
            member.paused = Some(Instant::now() + time);
            self.counts.add("paused past the lease");
        }
        Ok(())
    }

    /// All of them run, whatever was going on; nobody is told to die any more.
    pub(crate) fn resume(&mut self) -> Anyhow<()> {
        for n in 0..self.members.len() {
            self.arm(n, "-");
            if self.members[n].paused.take().is_some() {
                signal(&self.members[n].process, Signal::CONT)?;
            }
        }
        Ok(())
    }

    pub(crate) fn end(mut self) -> Anyhow<Vec<String>> {
        self.tend()?;
        for member in &mut self.members {
            member.process.kill()?;
            member.process.wait()?;
        }
        Ok(std::mem::take(&mut self.fallen))
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for member in &mut self.members {
            let _killed = member.process.kill();
            let _ended = member.process.wait();
        }
    }
}

fn signal(process: &Child, signal: Signal) -> Anyhow<()> {
    let pid = Pid::from_raw(process.id().try_into()?).ok_or("no such process")?;
    // One that has died meanwhile is found by `tend`.
    let _sent = kill_process(pid, signal);
    Ok(())
}
