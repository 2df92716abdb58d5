//! The thread that finishes sends which the kernel did not take at once. It also runs delayed tasks of the hub.
//!
//! A thread that sends to a client never waits for it. What the kernel does not take stays in the client's outbox, and
//! the outbox asks the poller for a wakeup: when the socket takes bytes again ([`Poller::arm`]), or at a time
//! ([`Poller::schedule`]) for the next paced message and to notice a client that has stalled. One wakeup is one call of
//! [`Outbox::on_wakeup`]; if bytes still wait after it, the outbox asks again.
//!
//! The poller also bounds the memory of all backlogs together: while they exceed [`Bounds::total_bytes`], it
//! disconnects the client with the largest one.
//!
//! Outboxes call the poller while they hold their own lock. So the poller never calls an outbox while it holds the lock
//! of its timers. A wakeup may come for an outbox that has nothing to do; a wakeup that was asked for is never lost.

use super::ClientId;
use super::outbox::{DisconnectReason, Outbox};
use crate::net::{Readiness, Stream};
use crate::ordered_mutex::OrderedMutex;
use landline_common::Limits;
use landline_common::limits::count;
use parking_lot::Mutex;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Bounds on the memory and time that clients may cost if they do not read.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most bytes that may wait for one client.
    pub backlog_bytes: usize,
    /// Most bytes that may wait for all clients together.
    pub total_bytes: usize,
    /// Time without progress after which a client is disconnected.
    pub stalled: Duration,
}

impl Bounds {
    /// Picks the bounds from the limits.
    #[must_use]
    pub fn of(limits: &Limits) -> Bounds {
        Bounds {
            backlog_bytes: count(limits.backlog_bytes),
            total_bytes: count(limits.backlog_total_bytes),
            stalled: Limits::seconds(limits.stalled_seconds),
        }
    }
}

/// Counts the bytes that wait for all clients.
#[derive(Debug)]
pub(super) struct Meter {
    waiting: AtomicUsize,
    most: usize,
}

impl Meter {
    pub(super) fn add(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Relaxed);
    }

    pub(super) fn subtract(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.waiting.load(Relaxed) > self.most
    }
}

/// The handle of the poller's thread.
#[derive(Debug)]
pub struct Poller {
    readiness: Readiness,
    started: Instant,
    timers: OrderedMutex<Timers, 5>,
    pub(super) meter: Meter,
    pub(super) bounds: Bounds,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A function that runs once on the poller's thread.
type TimerTask = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Timers {
    /// The outboxes that asked for a wakeup and are not cut.
    outboxes: HashMap<ClientId, Arc<Outbox>>,
    /// The scheduled wakeups, earliest first. Those of outboxes that are gone stay until they are due.
    wakeups: BinaryHeap<Reverse<(Instant, ClientId)>>,
    /// By time and a number: each room may have a task, and each session whose connection was lost.
    tasks: BTreeMap<(Instant, u64), TimerTask>,
    tasks_so_far: u64,
    stopped: bool,
}

impl Timers {
    /// Returns the time of the earliest wakeup or task.
    fn next(&self) -> Option<Instant> {
        let wakeup = self.wakeups.peek().map(|Reverse((at, _))| *at);
        let task = self.tasks.first_key_value().map(|((at, _), _)| *at);
        wakeup.into_iter().chain(task).min()
    }

    /// Takes out the tasks that are due.
    fn due_tasks(&mut self, now: Instant) -> impl Iterator<Item = TimerTask> + use<> {
        let later = self.tasks.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.tasks, later).into_values()
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outboxes = self.outboxes.len();
        let tasks = self.tasks.len();
        f.debug_struct("Timers").field("outboxes", &outboxes).field("tasks", &tasks).finish_non_exhaustive()
    }
}

impl Poller {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no threads or descriptors left.
    pub fn start(bounds: Bounds) -> io::Result<Arc<Poller>> {
        let poller = Arc::new(Poller {
            readiness: Readiness::new()?,
            started: Instant::now(),
            timers: OrderedMutex::default(),
            meter: Meter { waiting: AtomicUsize::new(0), most: bounds.total_bytes },
            bounds,
            thread: Mutex::new(None),
        });
        let worker = poller.clone();
        let thread = std::thread::Builder::new().name("poller".into()).spawn(move || worker.run())?;
        *poller.thread.lock() = Some(thread);
        Ok(poller)
    }

    /// Runs `task` on the poller's thread after `time`, unless the poller has stopped by then. The task must be short:
    /// slow clients are served by the same thread.
    pub fn after(&self, time: Duration, task: impl FnOnce() + Send + 'static) {
        let mut timers = self.timers.lock();
        timers.tasks_so_far += 1;
        let key = (Instant::now() + time, timers.tasks_so_far);
        timers.tasks.insert(key, Box::new(task));
        let is_first = timers.tasks.first_key_value().is_some_and(|(first, _)| *first == key);
        drop(timers);
        if is_first {
            self.readiness.wake();
        }
    }

    /// Returns the time since the start, by a monotonic clock.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns the number of bytes that wait for all clients together.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.meter.waiting.load(Relaxed)
    }

    /// Stops the thread and waits for its end.
    pub fn stop(&self) {
        self.timers.lock().stopped = true;
        self.readiness.wake();
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }

    /// Wakes `outbox` once when `stream`, its connection, takes bytes again or is dead.
    pub(super) fn arm(&self, outbox: &Arc<Outbox>, stream: &Arc<Stream>) -> io::Result<()> {
        self.timers.lock().outboxes.entry(outbox.client()).or_insert_with(|| outbox.clone());
        self.readiness.arm(stream, outbox.client())
    }

    /// Wakes `outbox` at `at`.
    pub(super) fn schedule(&self, outbox: &Arc<Outbox>, at: Instant) {
        let mut timers = self.timers.lock();
        timers.outboxes.entry(outbox.client()).or_insert_with(|| outbox.clone());
        let is_earliest = timers.wakeups.peek().is_none_or(|Reverse((first, _))| at < *first);
        timers.wakeups.push(Reverse((at, outbox.client())));
        drop(timers);
        if is_earliest {
            // The thread waits for a later time.

            self.readiness.wake();
        }
    }

    /// Drops the outbox of a connection that has ended.
    pub(super) fn forget(&self, client: ClientId, stream: &Stream) {
        if self.timers.lock().outboxes.remove(&client).is_some() {
            self.readiness.forget(stream);
        }
    }

    /// Makes the thread check all bounds and timers now.
    pub(super) fn wake(&self) {
        self.readiness.wake();
    }

    fn run(&self) {
        let mut clients = Vec::new();
        loop {
            let next = self.timers.lock().next();
            self.readiness.wait(next.map(|at| at.saturating_duration_since(Instant::now())), &mut clients);
            let now = Instant::now();
            let mut timers = self.timers.lock();
            if timers.stopped {
                // Outboxes hold the poller: dropping them here breaks the reference cycle. Not under the lock, which is
                // never held while foreign code runs.
                let ended = std::mem::take(&mut *timers);
                timers.stopped = true;
                drop(timers);
                drop(ended);
                return;
            }
            while let Some(Reverse((at, client))) = timers.wakeups.peek().copied()
                && at <= now
            {
                timers.wakeups.pop();
                clients.push(client);
            }
            let due: Vec<_> = clients.drain(..).filter_map(|c| timers.outboxes.get(&c).cloned()).collect();
            let tasks = timers.due_tasks(now);
            drop(timers);
            for task in tasks {
                if catch_unwind(AssertUnwindSafe(task)).is_err() {
                    log::error!("a panic in a scheduled task");
                }
            }
            for outbox in due {
                if catch_unwind(AssertUnwindSafe(|| outbox.on_wakeup(now))).is_err() {
                    log::error!("a panic while sending to client {}", outbox.client());
                    outbox.cut(DisconnectReason::Broken);
                }
            }
            if self.meter.is_over() {
                self.cut_largest_backlogs();
            }
        }
    }

    /// Disconnects the clients with the largest backlogs until all backlogs together are within their bound.
    fn cut_largest_backlogs(&self) {
        let mut all: Vec<_> = self.timers.lock().outboxes.values().cloned().collect();
        all.sort_by_cached_key(|outbox| outbox.waiting());
        while self.meter.is_over()
            && let Some(outbox) = all.pop()
        {
            outbox.cut(DisconnectReason::TooSlow);
        }
    }
}
