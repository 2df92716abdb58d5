//! Waiting to be let in.

use super::signals::Signal;
use crate::connection::{Connection, First, Identity, Refusal, ServerConnection};
use crate::direct::DirectChats;
use crate::engine::Engine;
use anyhow::Context;
use crossbeam_channel::{Receiver, select};
use landline_common::EventKind;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// A connection to a server, with encrypted chats past it, and the user's session on it.
#[derive(Debug)]
pub struct SignInAttempt {
    /// The connection.
    pub link: DirectChats<ServerConnection>,
    /// The session.
    pub engine: Engine,
}

/// The user is in.
#[derive(Debug)]
pub struct Entered {
    /// The connection.
    pub link: Box<dyn Connection>,
    /// The session.
    pub engine: Engine,
    /// The first thing that the server told.
    pub first: First,
}

impl Entered {
    /// What the server calls itself.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        match &self.first.event.what {
            EventKind::Welcome { server, .. } => Some(server),
            _ => None,
        }
    }
}

impl SignInAttempt {
    /// Connects to `server` as `who`; what comes of it is news.
    ///
    /// # Errors
    /// The system has no random numbers, or no threads.
    pub fn begin(server: &str, who: &Identity) -> anyhow::Result<SignInAttempt> {
        let link = ServerConnection::new(server);
        let out = link.out();
        let mut link = DirectChats::around(link, out)?;
        let seed = RandomState::new().hash_one(std::process::id());
        let mut engine = Engine::new(who.clone(), seed);
        link.connect(engine.sign_in()).context("starting a thread")?;
        Ok(SignInAttempt { link, engine })
    }
}

/// Connects, and waits until the user is in. `None` if the program is told to end meanwhile.
///
/// # Errors
/// The user is not in.
pub fn enter(server: &str, who: &Identity, signals: &Receiver<Signal>) -> Result<Option<Entered>, Refusal> {
    let broken = |why: String| Refusal { why, cause: None };
    let SignInAttempt { mut link, engine } =
        SignInAttempt::begin(server, who).map_err(|why| broken(format!("{why:#}")))?;
    loop {
        let news = link.news().clone();
        select! {
            recv(news) -> news => match news.map(|news| link.current(news)) {
                Ok(Some(news)) => {
                    let first = First::of(news)?;
                    return Ok(Some(Entered { link: Box::new(link), engine, first }));
                }
                // It is about something else.
                Ok(None) => {}
                Err(_) => return Err(broken("the connection was not made".into())),
            },
            recv(signals) -> signal => match signal {
                Ok(Signal::GoOn) => {}
                _ => return Ok(None),
            },
        }
    }
}
