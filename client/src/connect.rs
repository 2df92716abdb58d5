//! Waiting to be let in.

use super::signals::Signal;
use crate::connection::{ConnectFailure, Connection, Identity, ServerConnection, SignInConfirmation};
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
    pub connection: DirectChats<ServerConnection>,
    /// The session.
    pub engine: Engine,
}

/// The user is in.
#[derive(Debug)]
pub struct SignedIn {
    /// The connection.
    pub connection: Box<dyn Connection>,
    /// The session.
    pub engine: Engine,
    /// The first thing that the server told.
    pub first: SignInConfirmation,
}

impl SignedIn {
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
        let connection = ServerConnection::new(server);
        let out = connection.event_sender();
        let mut connection = DirectChats::wrap(connection, out)?;
        let seed = RandomState::new().hash_one(std::process::id());
        let mut engine = Engine::new(who.clone(), seed);
        connection.connect(engine.sign_in()).context("starting a thread")?;
        Ok(SignInAttempt { connection, engine })
    }
}

/// Connects, and waits until the user is in. `None` if the program is told to end meanwhile.
///
/// # Errors
/// The user is not in.
pub fn enter(server: &str, who: &Identity, signals: &Receiver<Signal>) -> Result<Option<SignedIn>, ConnectFailure> {
    let broken = |why: String| ConnectFailure { why, cause: None };
    let SignInAttempt { mut connection, engine } =
        SignInAttempt::begin(server, who).map_err(|why| broken(format!("{why:#}")))?;
    loop {
        let news = connection.events().clone();
        select! {
            recv(news) -> news => match news.map(|news| connection.process(news)) {
                Ok(Some(news)) => {
                    let first = SignInConfirmation::of(news)?;
                    return Ok(Some(SignedIn { connection: Box::new(connection), engine, first }));
                }
                // It is about something else.
                Ok(None) => {}
                Err(_) => return Err(broken("the connection was not made".into())),
            },
            recv(signals) -> signal => match signal {
                Ok(Signal::Continue) => {}
                _ => return Ok(None),
            },
        }
    }
}
