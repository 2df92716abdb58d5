//! What happens, one after the other, on one thread: inputs go into the node, and what it wants done is done.

use super::broadcast::Broadcast;
use super::limits::{NEWS, TICK_MS};
use super::links::Links;
use super::node::{Effect, Input, Node};
use super::pins::Pins;
use crate::link::News;
use crate::ui::clock::now;
use crossbeam_channel::{Receiver, Sender};
use landline_common::{Event, What, json};
use std::collections::VecDeque;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(TICK_MS);
/// While the screen is slow, it is looked after so often.
const SLOW: Duration = Duration::from_millis(20);
/// So long is waited for good-byes to be out.
const LEAVING: Duration = Duration::from_millis(500);

/// The node with everything it acts through.
pub struct Engine {
    /// When the program began.
    pub start: Instant,
    /// The member.
    pub node: Node,
    /// Its links.
    pub links: Links,
    /// Its hellos.
    pub broadcast: Arc<Broadcast>,
    /// Keys of people it met.
    pub pins: Pins,
    /// Where the screen takes its news from.
    pub news: Sender<(u64, News)>,
    /// News that the screen has not taken yet.
    pub waiting: VecDeque<Event<'static>>,
    /// News that were left out since, because too many waited.
    pub left_out: usize,
}

impl Engine {
    /// Runs until one leaves.
    pub fn run(mut self, inputs: &Receiver<Input>) {
        let mut tick = Instant::now();
        loop {
            let at = Instant::now();
            let input = if at >= tick {
                tick = at + TICK;
                Input::Tick
            } else {
                let wait = if self.waiting.is_empty() { tick - at } else { (tick - at).min(SLOW) };
                match inputs.recv_timeout(wait) {
                    Ok(input) => input,
                    Err(_) => {
                        self.pass_on();
                        continue;
                    }
                }
            };
            if self.step(input).is_break() {
                return self.links.finish(LEAVING);
            }
            self.pass_on();
        }
    }

    /// Takes note of what happened, and of what came at once of what was done then.
    fn step(&mut self, input: Input) -> ControlFlow<()> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in self.node.step(input, now(self.start)) {
                inputs.extend(self.carry_out(effect)?);
            }
        }
        Continue(())
    }

    /// Does it. What came of it at once is an input.
    fn carry_out(&mut self, effect: Effect) -> ControlFlow<(), Option<Input>> {
        match effect {
            Effect::Announce => self.broadcast.announce(),
            Effect::Answer(to) => self.broadcast.answer(to),
            Effect::Dial(dial, address) => {
                let dialled = self.links.dial(dial, address);
                return Continue(dialled.err().map(|_| Input::Failed(dial.id, false)));
            }
            Effect::Send(number, frame) => self.links.send(number, &frame),
            Effect::Close(number) => self.links.close(number),
            // Who asked waits for the answer.
            Effect::Tell(event) if self.waiting.len() < NEWS || event.reply.is_some() => self.waiting.push_back(event),
            Effect::Tell(_) => self.left_out += 1,
            Effect::Show(private, event) if self.waiting.len() < NEWS => {
                self.waiting.push_back(event);
                return Continue(Some(Input::Shown(private)));
            }
            // It is not confirmed, so it comes again.
            Effect::Show(..) => {}
            Effect::Pin(name, key) => match self.pins.add(&name, &key) {
                Ok(true) => {}
                Ok(false) => return Continue(Some(Input::PinsFull)),
                Err(why) => {
                    let text = format!("the key of {name} cannot be remembered: {why:#}");
                    self.waiting.push_back(What::info(text).at(now(self.start).wall));
                }
            },
            Effect::Leave => return Break(()),
        }
        Continue(None)
    }

    /// Gives the screen what it takes now.
    fn pass_on(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            let mut line = Vec::new();
            json::write(&event, &mut line);
            let line = String::from_utf8_lossy(&line).trim_end().into();
            let news = News::Event { event: Box::new(event), line, by_program: true };
            if let Err(full) = self.news.try_send((0, news)) {
                if let (_, News::Event { event, .. }) = full.into_inner() {
                    self.waiting.push_front(*event);
                }
                return;
            }
        }
        if self.left_out > 0 {
            let text = format!("{} lines came too fast to be shown here; /history has them", self.left_out);
            self.waiting.push_back(What::info(text).at(now(self.start).wall));
            self.left_out = 0;
        }
    }
}
