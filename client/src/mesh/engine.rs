//! The mesh's main loop, on one thread: feeds inputs to the node and carries out the node's effects.
//!
//! The channel to the UI is bounded, and this thread must never block on it: the links would then go silent and other
//! members would give them up. So events wait in `waiting`, and above a limit they are counted instead of kept.

use super::broadcast::Broadcast;
use super::limits::{EVENTS, TICK_MS};
use super::links::Links;
use super::node::{Node, NodeEffect, NodeInput};
use super::pins::Pins;
use crate::clock::now;
use crate::connection::ConnectionEvent;
use crossbeam_channel::{Receiver, Sender};
use landline_common::{Event, EventKind, json};
use std::collections::VecDeque;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(TICK_MS);
/// Interval between attempts to pass events on while the UI is slow.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);
/// Time limit for sending the goodbyes.
const FINISH_TIMEOUT: Duration = Duration::from_millis(500);

/// The node with the parts that carry out its effects.
pub struct Engine {
    /// Start of the program, from which the node's clock counts.
    pub start: Instant,
    /// The pure state of this member.
    pub node: Node,
    /// Open links.
    pub links: Links,
    /// Sockets for hellos.
    pub broadcast: Arc<Broadcast>,
    /// File of known keys.
    pub pins: Pins,
    /// Channel to the UI.
    pub news: Sender<(u64, ConnectionEvent)>,
    /// Events that did not fit into the channel yet.
    pub waiting: VecDeque<Event<'static>>,
    /// Number of events dropped because too many waited.
    pub dropped: usize,
}

impl Engine {
    /// Runs until the user leaves.
    pub fn run(mut self, inputs: &Receiver<NodeInput>) {
        let mut next_tick = Instant::now();
        loop {
            let at = Instant::now();
            let input = if at >= next_tick {
                next_tick = at + TICK;
                NodeInput::Tick
            } else {
                let until_tick = next_tick - at;
                let wait = if self.waiting.is_empty() { until_tick } else { until_tick.min(RETRY_INTERVAL) };
                match inputs.recv_timeout(wait) {
                    Ok(input) => input,
                    Err(_) => {
                        self.pass_on();
                        continue;
                    }
                }
            };
            if self.step(input).is_break() {
                return self.links.finish(FINISH_TIMEOUT);
            }
            self.pass_on();
        }
    }

    /// Steps the node with an input, and with the inputs that its effects cause at once.
    fn step(&mut self, input: NodeInput) -> ControlFlow<()> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in self.node.step(input, now(self.start)) {
                inputs.extend(self.carry_out(effect)?);
            }
        }
        Continue(())
    }

    /// Carries out an effect. Returns an input if it has an immediate result.
    fn carry_out(&mut self, effect: NodeEffect) -> ControlFlow<(), Option<NodeInput>> {
        match effect {
            NodeEffect::Announce => self.broadcast.announce(),
            NodeEffect::AnswerHello(to) => self.broadcast.answer(to),
            NodeEffect::Dial(dial, address) => {
                let dialed = self.links.dial(dial, address);
                return Continue(
                    dialed.err().map(|_| NodeInput::DialFailed { id: dial.id, is_unauthenticated: false }),
                );
            }
            NodeEffect::Send(number, frame) => self.links.send(number, &frame),
            NodeEffect::Close(number) => self.links.close(number),
            // Answers are queued above the limit, too, since the UI waits for each of them.
            NodeEffect::Emit(event) if self.waiting.len() < EVENTS || event.reply.is_some() => {
                self.waiting.push_back(event)
            }
            NodeEffect::Emit(_) => self.dropped += 1,
            NodeEffect::EmitPrivate(private, event) if self.waiting.len() < EVENTS => {
                self.waiting.push_back(event);
                return Continue(Some(NodeInput::PrivateDisplayed(private)));
            }
            // Dropped without `NodeInput::PrivateDisplayed`, so the sender gets no confirmation and repeats it.
            NodeEffect::EmitPrivate(..) => {}
            NodeEffect::Pin(name, key) => match self.pins.add(&name, &key) {
                Ok(true) => {}
                Ok(false) => return Continue(Some(NodeInput::PinsFull)),
                Err(why) => {
                    let text = format!("cannot save the key of {name}: {why:#}");
                    self.waiting.push_back(EventKind::info(text).at(now(self.start).wall));
                }
            },
            NodeEffect::Repin(name, key) => {
                if let Err(why) = self.pins.replace(&name, &key) {
                    let text = format!("the key of {name} is accepted for this run only: {why:#}");
                    self.waiting.push_back(EventKind::info(text).at(now(self.start).wall));
                }
            }
            NodeEffect::Leave => return Break(()),
        }
        Continue(None)
    }

    /// Passes waiting events to the UI without blocking. When all are passed, tells how many were dropped.
    fn pass_on(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            let mut line = Vec::new();
            json::write(&event, &mut line);
            let line = String::from_utf8_lossy(&line).trim_end().into();
            let news = ConnectionEvent::Event { event: Box::new(event), line, by_program: true };
            if let Err(full) = self.news.try_send((0, news)) {
                if let (_, ConnectionEvent::Event { event, .. }) = full.into_inner() {
                    self.waiting.push_front(*event);
                }
                return;
            }
        }
        if self.dropped > 0 {
            let text = format!("{} messages came too fast to be shown; /history has them", self.dropped);
            self.waiting.push_back(EventKind::info(text).at(now(self.start).wall));
            self.dropped = 0;
        }
    }
}
