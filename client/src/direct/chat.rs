//! One encrypted chat from acceptance to end: [`Chat`] is the UI thread's handle, [`run_chat`] the chat's own thread.
//!
//! | step | `Chat::open` | `Control::reason` | events |
//! |---|---|---|---|
//! | waiting or dialing | false | none | |
//! | connected | true | none | `DirectConnected`, then `DirectTalk` |
//! | closing | false | set | texts queued before still go out, then a goodbye |
//! | over | (removed) | | `DirectEnded`, always the last event |

use super::close_reason::CloseReason;
use super::dial::dial_any;
use super::handshake::ExpectedKeys;
use super::offer::AcceptHandle;
use super::{CHAT_BIT, local_event};
use crate::connection::ConnectionEvent;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use landline_common::event::Text;
use landline_common::{EventKind, NameKey};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Texts that may wait to be written. The engine keeps at most 16 lines under way, so a full queue means a dead link.
const QUEUE_CAPACITY: usize = 64;
/// Time limit for sending the goodbye and for the other client to read it.
pub(super) const BYE_TIMEOUT: Duration = Duration::from_secs(1);

/// This client's part in setting up the link.
pub(super) enum Role {
    /// Wait for the other client on an open port.
    Wait(AcceptHandle),
    /// Dial the other client at one of these addresses.
    Dial(Vec<SocketAddr>),
}

/// A text to send, and the label of the user's command.
#[derive(Clone, Debug)]
pub(super) struct OutgoingText {
    /// The text, cleaned.
    pub text: String,
    /// Label for the answer.
    pub label: Option<String>,
}

/// The UI thread's handle of a chat. Dropping it closes the chat.
#[derive(Debug)]
pub(super) struct Chat {
    /// Number of the chat. Events with the number of a removed chat are dropped.
    pub number: u64,
    /// Name of the other user, as the server writes it.
    pub with: Box<str>,
    /// Comparison key of that name.
    pub name_key: NameKey,
    /// Digits that both users compare by voice.
    pub fingerprint: Box<str>,
    /// True from when the UI thread takes `DirectConnected` until the chat is closed.
    pub open: bool,
    texts: Sender<OutgoingText>,
    control: Arc<Control>,
    /// Disconnected when the chat's thread has ended.
    gone: Receiver<()>,
}

impl Chat {
    /// Starts the chat's thread, which reports through `out`.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn begin(
        number: u64,
        with: &str,
        pair: ExpectedKeys,
        role: Role,
        out: Sender<(u64, ConnectionEvent)>,
    ) -> std::io::Result<Chat> {
        let (texts, queue) = bounded(QUEUE_CAPACITY);
        let (done, gone) = bounded(0);
        let control = Arc::new(Control::default());
        let fingerprint: Box<str> = pair.own.public().fingerprint_with(&pair.theirs).into();
        let sender = EventSender { out, number, with: with.into() };
        let control_there = control.clone();
        let fingerprint_there = fingerprint.clone();
        let run = move || {
            run_chat((&pair, &fingerprint_there), role, &queue, (&control_there, &sender));
            drop(done);
        };
        std::thread::Builder::new().name("direct".into()).spawn(run)?;
        let name_key = NameKey::of(with);
        Ok(Chat { number, with: with.into(), name_key, fingerprint, open: false, texts, control, gone })
    }

    /// Queues a text. If the queue is full, closes the chat as stuck, so that no text is lost silently.
    pub fn send(&self, text: String, label: Option<String>) {
        if let Err(TrySendError::Full(_)) = self.texts.try_send(OutgoingText { text, label }) {
            self.control.set_reason(CloseReason::Stuck);
            self.control.shut_down();
        }
    }

    /// Returns why this side closed the chat, from then until the chat's thread has reported the end.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.control.reason()
    }

    /// Closes the chat after the queued texts. The returned channel disconnects when the chat's thread has ended.
    pub fn finish(self, reason: CloseReason) -> Receiver<()> {
        self.control.set_reason(reason);
        self.gone
    }

    /// Closes the chat after the queued texts, and keeps the handle until `DirectEnded` arrives.
    pub fn close(&mut self, reason: CloseReason) {
        self.control.set_reason(reason);
        // Disconnect the queue: that is how the chat's thread learns of the end.
        self.texts = bounded(0).0;
    }
}

/// Body of a chat's thread: sets up the link, then runs the chat. Reports exactly one `DirectEnded`, as its last event.
fn run_chat(
    (pair, fingerprint): (&ExpectedKeys, &str),
    role: Role,
    queue: &Receiver<OutgoingText>,
    (control, sender): (&Arc<Control>, &EventSender),
) {
    let established = match role {
        Role::Wait(handle) => handle.wait(queue),
        Role::Dial(targets) => dial_any(&targets, pair, queue),
    };
    match established {
        Ok(established) => {
            let fingerprint = fingerprint.to_owned().into();
            sender.send(EventKind::DirectConnected { with: sender.with(), fingerprint });
            super::run_chat::run(established, queue, control, sender);
        }
        Err(why) => sender.ended(why.or(control.reason()).unwrap_or(CloseReason::Left)),
    }
}

/// State that the UI thread and the two threads of a chat share to end it.
#[derive(Debug, Default)]
pub(super) struct Control {
    reason: OnceLock<(CloseReason, Instant)>,
    stream: OnceLock<TcpStream>,
}

impl Control {
    /// Sets the reason why this side ends the chat. Only the first call has an effect.
    fn set_reason(&self, reason: CloseReason) {
        let _ = self.reason.set((reason, Instant::now()));
    }

    /// Returns why this side ends the chat, if it does.
    pub fn reason(&self) -> Option<CloseReason> {
        self.reason.get().map(|(reason, _)| *reason)
    }

    /// Sets the stream to shut down on failure; does so at once if the queue overflowed before.
    pub fn set_stream(&self, stream: TcpStream) {
        let _ = self.stream.set(stream);
        if self.reason() == Some(CloseReason::Stuck) {
            self.shut_down();
        }
    }

    fn shut_down(&self) {
        if let Some(stream) = self.stream.get() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Shuts the stream down if this side began to close longer ago than the goodbye may take.
    pub fn shut_down_if_late(&self) {
        if self.reason.get().is_some_and(|(_, since)| since.elapsed() > BYE_TIMEOUT) {
            self.shut_down();
        }
    }
}

/// Sends events of one chat to the UI thread.
#[derive(Clone, Debug)]
pub(super) struct EventSender {
    out: Sender<(u64, ConnectionEvent)>,
    number: u64,
    with: Box<str>,
}

impl EventSender {
    /// Returns the name of the other user.
    pub fn with(&self) -> Text<'static> {
        self.with.to_string().into()
    }

    /// Sends an event.
    pub fn send(&self, what: EventKind<'static>) {
        self.answer(what, None);
    }

    /// Sends an event as the answer to the command with `label`.
    pub fn answer(&self, what: EventKind<'static>, label: Option<&str>) {
        // The receiver is gone when the program ends.
        let _ = self.out.send((CHAT_BIT | self.number, local_event(what, label)));
    }

    /// Sends the end of the chat.
    pub fn ended(&self, reason: CloseReason) {
        self.send(EventKind::DirectEnded { with: self.with(), reason: reason.sentence(&self.with).into() });
    }
}
