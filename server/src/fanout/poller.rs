//! The thread that finishes sends which the kernel did not take at once. It also runs delayed tasks of the hub.
//!
//! A thread that sends to a client never waits for it. The bytes that the kernel does not take stay in the client's
//! outbox, a [`PollTarget`]. The outbox asks the poller for a wakeup when the socket takes bytes again
//! ([`Poller::arm`]). For the next paced message, and to notice a client that has stalled, it asks for a wakeup at a
//! time ([`Poller::schedule_wakeup`]). One wakeup is one call of [`PollTarget::on_wakeup`]; if bytes still wait after
//! it, the outbox asks again.
//!
//! The poller also bounds the memory of all backlogs together: while they exceed [`Bounds::total_bytes`], it
//! disconnects the client with the largest one.
//!
//! Outboxes call the poller while they hold their own lock. So the poller never calls an outbox while it holds the lock
//! of its timers. A wakeup may come for an outbox that has nothing to do; a wakeup that was asked for is never lost.

use super::{ClientId, DisconnectReason};
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

/// The poller's view of an outbox. Outboxes use the poller, so the poller knows them by this trait only.
pub(super) trait PollTarget: Send + Sync {
    /// Returns the client that the outbox sends to.
    fn client(&self) -> ClientId;
    /// Returns the connection to wait for.
    fn stream(&self) -> &Arc<Stream>;
    /// Returns the number of bytes that wait.
    fn queued_bytes(&self) -> usize;
    /// Sends what can go out at `now`. Called when the socket takes bytes again or is dead, or at a scheduled time.
    fn on_wakeup(self: Arc<Self>, now: Instant);
    /// Ends the connection.
    fn disconnect(&self, why: DisconnectReason);
}

/// Counts the bytes that wait for all clients.
#[derive(Debug)]
pub(super) struct Meter {
    queued: AtomicUsize,
    limit: usize,
}

impl Meter {
    pub(super) fn add(&self, bytes: usize) {
        self.queued.fetch_add(bytes, Relaxed);
    }

    pub(super) fn subtract(&self, bytes: usize) {
        self.queued.fetch_sub(bytes, Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.queued.load(Relaxed) > self.limit
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
    /// The outboxes that asked for a wakeup and are still connected.
    outboxes: HashMap<ClientId, Arc<dyn PollTarget>>,
    /// The scheduled wakeups, earliest first. Those of outboxes that are gone stay until they are due.
    wakeups: BinaryHeap<Reverse<(Instant, ClientId)>>,
    /// Keyed by time and a sequence number, which keeps tasks of the same time apart. Each room may have a task, and
    /// each session whose connection was lost.
    tasks: BTreeMap<(Instant, u64), TimerTask>,
    last_task: u64,
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
            meter: Meter { queued: AtomicUsize::new(0), limit: bounds.total_bytes },
            bounds,
            thread: Mutex::new(None),
        });
        let worker = poller.clone();
        let thread = std::thread::Builder::new().name("poller".into()).spawn(move || worker.run())?;
        *poller.thread.lock() = Some(thread);
        Ok(poller)
    }

    /// Runs `task` once on the poller's thread after `time`, unless the poller has stopped by then. The task must be
    /// short: slow clients are served by the same thread.
    pub fn run_after(&self, time: Duration, task: impl FnOnce() + Send + 'static) {
        let mut timers = self.timers.lock();
        timers.last_task += 1;
        let key = (Instant::now() + time, timers.last_task);
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
    pub fn queued_bytes(&self) -> usize {
        self.meter.queued.load(Relaxed)
    }

    /// Stops the thread and waits for its end.
    pub fn stop(&self) {
        self.timers.lock().stopped = true;
        self.readiness.wake();
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }

    /// Wakes `outbox` once when its connection takes bytes again or is dead.
    ///
    /// # Errors
    /// The kernel has no memory or no watches left.
    pub(super) fn arm<T: PollTarget + 'static>(&self, outbox: &Arc<T>) -> io::Result<()> {
        self.timers.lock().outboxes.entry(outbox.client()).or_insert_with(|| outbox.clone());
        self.readiness.arm(outbox.stream(), outbox.client())
    }

    /// Wakes `outbox` at `at`.
    pub(super) fn schedule_wakeup<T: PollTarget + 'static>(&self, outbox: &Arc<T>, at: Instant) {
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
    pub(super) fn remove(&self, outbox: &impl PollTarget) {
        if self.timers.lock().outboxes.remove(&outbox.client()).is_some() {
            self.readiness.forget(outbox.stream());
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
                // Outboxes hold the poller: dropping them here breaks the reference cycle. They are dropped without the
                // lock, which is never held while code of other modules runs.
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
                    log::error!("poller: panic in a scheduled task; this task is left out, the other ones run");
                }
            }
            for outbox in due {
                if catch_unwind(AssertUnwindSafe(|| outbox.clone().on_wakeup(now))).is_err() {
                    log::error!(
                        "poller: panic while sending client={}; this client is disconnected, others are not affected",
                        outbox.client()
                    );
                    outbox.disconnect(DisconnectReason::Broken);
                }
            }
            if self.meter.is_over() {
                self.disconnect_largest_backlogs();
            }
        }
    }

    /// Disconnects the clients with the largest backlogs until all backlogs together are within their bound.
    fn disconnect_largest_backlogs(&self) {
        let mut all: Vec<_> = self.timers.lock().outboxes.values().cloned().collect();
        all.sort_by_cached_key(|outbox| outbox.queued_bytes());
        while self.meter.is_over()
            && let Some(outbox) = all.pop()
        {
            outbox.disconnect(DisconnectReason::TooSlow);
        }
    }
}
