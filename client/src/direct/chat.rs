//! One direct chat, from when it was accepted to its end: what the screens' thread holds of it, and its own thread.

use super::dial::reach;
use super::ending::Ending;
use super::meet::Pair;
use super::offer::Waiting;
use super::{LOCAL, news};
use crate::link::News;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use landline_common::event::Text;
use landline_common::{NameKey, What};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Messages that wait to be written; the link is as good as gone long before that.
const QUEUE: usize = 64;
/// So long a goodbye may take.
pub(super) const LEAVING: Duration = Duration::from_secs(1);

/// How the two come together.
pub(super) enum Way {
    /// The other one comes.
    Wait(Waiting),
    /// We go there.
    Dial(Vec<SocketAddr>),
}

/// Something that is said, and the label of the command that said it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// What.
    pub text: String,
    /// What the answer carries.
    pub label: Option<String>,
}

/// A chat, as the screens' thread holds it.
#[derive(Debug)]
pub(super) struct Chat {
    /// Its number among all local ones: news of one that is over are none.
    pub number: u64,
    /// The other one's name, as the server says it.
    pub with: Box<str>,
    /// What that is compared by.
    pub who: NameKey,
    /// What both compare.
    pub fingerprint: Box<str>,
    /// Both have met.
    pub open: bool,
    said: Sender<Line>,
    control: Arc<Control>,
    /// Closed when its thread has ended.
    gone: Receiver<()>,
}

impl Chat {
    /// Begins, on a thread of its own. What comes of it is news.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn begin((number, with): (u64, &str), pair: Pair, way: Way, out: Sender<(u64, News)>) -> std::io::Result<Chat> {
        let (said, queue) = bounded(QUEUE);
        let (done, gone) = bounded(0);
        let control = Arc::new(Control::default());
        let fingerprint: Box<str> = pair.own.public().fingerprint_with(&pair.theirs).into();
        let teller = Teller { out, number, with: with.into() };
        let (theirs, numbers) = (control.clone(), fingerprint.clone());
        let run = move || {
            live((&pair, &numbers), way, &queue, (&theirs, &teller));
            drop(done);
        };
        std::thread::Builder::new().name("direct".into()).spawn(run)?;
        let who = NameKey::of(with);
        Ok(Chat { number, with: with.into(), who, fingerprint, open: false, said, control, gone })
    }

    /// Says something. A link that takes nothing is given up: nothing that was said is lost without a word.
    pub fn say(&self, text: String, label: Option<String>) {
        if let Err(TrySendError::Full(_)) = self.said.try_send(Line { text, label }) {
            self.control.end(Ending::Stuck);
            self.control.cut();
        }
    }

    /// Why it is ending, if it is: its thread has not told so yet.
    pub fn ending(&self) -> Option<Ending> {
        self.control.reason()
    }

    /// Ends it: what was said before still goes out. The end of its thread.
    pub fn end(self, ending: Ending) -> Receiver<()> {
        self.control.end(ending);
        self.gone
    }

    /// The same, but its end is still news.
    pub fn stop(&mut self, ending: Ending) {
        self.control.end(ending);
        // Nothing more can be said: that is how its thread knows.
        self.said = bounded(0).0;
    }
}

/// The way of a chat, from end to end.
fn live(
    (pair, fingerprint): (&Pair, &str),
    way: Way,
    queue: &Receiver<Line>,
    (control, teller): (&Arc<Control>, &Teller),
) {
    let met = match way {
        Way::Wait(waiting) => waiting.come(queue),
        Way::Dial(targets) => reach(&targets, pair, queue),
    };
    match met {
        Ok(met) => {
            let fingerprint = fingerprint.to_owned().into();
            teller.tell(What::DirectConnected { with: teller.with(), fingerprint });
            super::peer::talk(met, queue, control, teller);
        }
        Err(why) => teller.ended(why.or(control.reason()).unwrap_or(Ending::Left)),
    }
}

/// How the two threads of a chat, and the screens', end it together.
#[derive(Debug, Default)]
pub(super) struct Control {
    ending: OnceLock<(Ending, Instant)>,
    stream: OnceLock<TcpStream>,
}

impl Control {
    /// It ends here, and that is why. The first reason counts.
    fn end(&self, ending: Ending) {
        let _ = self.ending.set((ending, Instant::now()));
    }

    /// Why it ends here, if it does.
    pub fn reason(&self) -> Option<Ending> {
        self.ending.get().map(|(ending, _)| *ending)
    }

    /// The stream that is cut when it must be.
    pub fn hold(&self, stream: TcpStream) {
        let _ = self.stream.set(stream);
        if self.reason() == Some(Ending::Stuck) {
            self.cut();
        }
    }

    fn cut(&self) {
        if let Some(stream) = self.stream.get() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Where even a goodbye does not get through.
    pub fn cut_if_late(&self) {
        if self.ending.get().is_some_and(|(_, since)| since.elapsed() > LEAVING) {
            self.cut();
        }
    }
}

/// Tells news of one chat.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    out: Sender<(u64, News)>,
    number: u64,
    with: Box<str>,
}

impl Teller {
    /// The other one's name.
    pub fn with(&self) -> Text<'static> {
        self.with.to_string().into()
    }

    /// Tells something.
    pub fn tell(&self, what: What<'static>) {
        self.answer(what, None);
    }

    /// Tells that a line has gone out, to the command that said it.
    pub fn answer(&self, what: What<'static>, label: Option<&str>) {
        // Nobody listens any more when the program ends.
        let _ = self.out.send((LOCAL | self.number, news(what, label)));
    }

    /// That it is over.
    pub fn ended(&self, ending: Ending) {
        self.tell(What::DirectEnded { with: self.with(), reason: ending.sentence(&self.with).into() });
    }
}
