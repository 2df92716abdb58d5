//! The thread that looks after outboxes that could not send at once. It is also the only timer.

use super::ClientId;
use super::outbox::{Cut, Outbox};
use crate::net::{Readiness, Stream};
use crate::ranked::Ranked;
use landline_common::Limits;
use landline_common::limits::count;
use parking_lot::Mutex;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What clients that do not read may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes waiting for one client.
    pub backlog_bytes: usize,
    /// Bytes waiting for all clients.
    pub total_bytes: usize,
    /// Time without progress.
    pub stalled: Duration,
}

impl Bounds {
    /// The bounds among the limits.
    #[must_use]
    pub fn of(limits: &Limits) -> Bounds {
        Bounds {
            backlog_bytes: count(limits.backlog_bytes),
            total_bytes: count(limits.backlog_total_bytes),
            stalled: Limits::seconds(limits.stalled_seconds),
        }
    }
}

/// How many bytes wait for all clients.
#[derive(Debug)]
pub(super) struct Meter {
    waiting: AtomicUsize,
    most: usize,
}

impl Meter {
    pub(super) fn more(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Relaxed);
    }

    pub(super) fn less(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.waiting.load(Relaxed) > self.most
    }
}

/// The poller's handle.
#[derive(Debug)]
pub struct Poller {
    readiness: Readiness,
    agenda: Ranked<Agenda, 5>,
    pub(super) meter: Meter,
    pub(super) bounds: Bounds,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Something to be done at a time, on the poller's thread.
type Task = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Agenda {
    outboxes: HashMap<ClientId, Arc<Outbox>>,
    reminders: BinaryHeap<Reverse<(Instant, ClientId)>>,
    /// Few, so they stand in no order.
    tasks: Vec<(Instant, Task)>,
    stopped: bool,
}

impl Agenda {
    /// When there is something to do next.
    fn next(&self) -> Option<Instant> {
        let reminder = self.reminders.peek().map(|Reverse((at, _))| *at);
        reminder.into_iter().chain(self.tasks.iter().map(|(at, _)| *at)).min()
    }
}

impl fmt::Debug for Agenda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (outboxes, tasks) = (self.outboxes.len(), self.tasks.len());
        f.debug_struct("Agenda").field("outboxes", &outboxes).field("tasks", &tasks).finish_non_exhaustive()
    }
}

impl Poller {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread or no descriptor left.
    pub fn start(bounds: Bounds) -> io::Result<Arc<Poller>> {
        let poller = Arc::new(Poller {
            readiness: Readiness::new()?,
            agenda: Ranked::default(),
            meter: Meter { waiting: AtomicUsize::new(0), most: bounds.total_bytes },
            bounds,
            thread: Mutex::new(None),
        });
        let worker = poller.clone();
        let thread = std::thread::Builder::new().name("poller".into()).spawn(move || worker.run())?;
        *poller.thread.lock() = Some(thread);
        Ok(poller)
    }

    /// Does something after a while, unless the poller has ended by then. It may not take long: slow clients wait for
    /// the same thread.
    pub fn after(&self, time: Duration, task: impl FnOnce() + Send + 'static) {
        self.agenda.lock().tasks.push((Instant::now() + time, Box::new(task)));
        self.readiness.wake();
    }

    /// How many bytes wait for all clients together.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.meter.waiting.load(Relaxed)
    }

    /// Ends the thread and waits for it.
    pub fn stop(&self) {
        self.agenda.lock().stopped = true;
        self.readiness.wake();
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }

    /// Gives `outbox` a turn once `stream`, its own, takes bytes again.
    pub(super) fn arm(&self, outbox: &Arc<Outbox>, stream: &Arc<Stream>) -> io::Result<()> {
        self.agenda.lock().outboxes.entry(outbox.client()).or_insert_with(|| outbox.clone());
        self.readiness.arm(stream, outbox.client())
    }

    /// Gives `outbox` a turn at `at`.
    pub(super) fn remind(&self, outbox: &Arc<Outbox>, at: Instant) {
        let mut agenda = self.agenda.lock();
        agenda.outboxes.entry(outbox.client()).or_insert_with(|| outbox.clone());
        let earliest = agenda.reminders.peek().is_none_or(|Reverse((first, _))| at < *first);
        agenda.reminders.push(Reverse((at, outbox.client())));
        drop(agenda);
        if earliest {
            self.readiness.wake();
        }
    }

    pub(super) fn forget(&self, client: ClientId, stream: &Stream) {
        if self.agenda.lock().outboxes.remove(&client).is_some() {
            self.readiness.forget(stream);
        }
    }

    pub(super) fn wake(&self) {
        self.readiness.wake();
    }

    fn run(&self) {
        let mut clients = Vec::new();
        loop {
            let next = self.agenda.lock().next();
            self.readiness.wait(next.map(|at| at.saturating_duration_since(Instant::now())), &mut clients);
            let now = Instant::now();
            let mut agenda = self.agenda.lock();
            if agenda.stopped {
                // The outboxes hold the poller: letting go of them breaks the ring. Not under the lock.
                let ended = std::mem::take(&mut *agenda);
                agenda.stopped = true;
                drop(agenda);
                drop(ended);
                return;
            }
            while let Some(Reverse((at, client))) = agenda.reminders.peek().copied()
                && at <= now
            {
                agenda.reminders.pop();
                clients.push(client);
            }
            let due: Vec<_> = clients.drain(..).filter_map(|c| agenda.outboxes.get(&c).cloned()).collect();
            let tasks: Vec<_> = agenda.tasks.extract_if(.., |(at, _)| *at <= now).collect();
            drop(agenda);
            for (_, task) in tasks {
                if catch_unwind(AssertUnwindSafe(task)).is_err() {
                    log::error!("a panic in something that was to be done later");
                }
            }
            for outbox in due {
                if catch_unwind(AssertUnwindSafe(|| outbox.turn(now))).is_err() {
                    log::error!("a panic while sending to client {}", outbox.client());
                    outbox.cut(Cut::Broken);
                }
            }
            if self.meter.is_over() {
                self.cut_the_largest();
            }
        }
    }

    fn cut_the_largest(&self) {
        let mut all: Vec<_> = self.agenda.lock().outboxes.values().cloned().collect();
        all.sort_by_cached_key(|outbox| outbox.waiting());
        while self.meter.is_over()
            && let Some(outbox) = all.pop()
        {
            outbox.cut(Cut::TooSlow);
        }
    }
}
