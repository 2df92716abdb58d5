//! Connects to a server and signs in, once. Both presenters use it.

use super::signals::Signal;
use super::signed_in::SignedIn;
use crate::connection::{ConnectFailure, Connection, Identity, ServerConnection, SignInConfirmation};
use crate::direct::DirectChats;
use crate::engine::Engine;
use anyhow::Context;
use crossbeam_channel::{Receiver, select};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// A connection under way, with the engine that will run the session on it.
#[derive(Debug)]
pub struct SignInAttempt {
    /// The connection to the server, with the encrypted chats that go around it.
    pub connection: DirectChats<ServerConnection>,
    /// The client's side of the session.
    pub engine: Engine,
}

impl SignInAttempt {
    /// Starts to connect to `server` (`HOST:PORT`). The result arrives as an event of the connection.
    ///
    /// # Errors
    /// The system has no random numbers, or no thread can be started.
    pub fn begin(server: &str, identity: &Identity) -> anyhow::Result<SignInAttempt> {
        let connection = ServerConnection::new(server);
        let out = connection.event_sender();
        let mut connection = DirectChats::wrap(connection, out)?;
        let seed = RandomState::new().hash_one(std::process::id());
        let mut engine = Engine::new(identity.clone(), seed);
        connection.connect(engine.sign_in()).context("cannot start a thread")?;
        Ok(SignInAttempt { connection, engine })
    }
}

/// Connects to `server` and blocks until the user is signed in. Returns `None` if a signal ends the program meanwhile.
///
/// # Errors
/// The server cannot be reached, or refuses the sign-in.
pub fn sign_in(
    server: &str,
    identity: &Identity,
    signals: &Receiver<Signal>,
) -> Result<Option<SignedIn>, ConnectFailure> {
    let failure = |why: String| ConnectFailure { why, cause: None };
    let SignInAttempt { mut connection, engine } =
        SignInAttempt::begin(server, identity).map_err(|why| failure(format!("{why:#}")))?;
    loop {
        let events = connection.events().clone();
        select! {
            recv(events) -> event => match event.map(|event| connection.process(event)) {
                Ok(Some(event)) => {
                    let first = SignInConfirmation::of(event)?;
                    return Ok(Some(SignedIn { connection: Box::new(connection), engine, first }));
                }
                // An event that is not for the caller, for example of an older connection.
                Ok(None) => {}
                Err(_) => return Err(failure("cannot connect: the connection thread has ended".into())),
            },
            recv(signals) -> signal => match signal {
                Ok(Signal::Continue) => {}
                _ => return Ok(None),
            },
        }
    }
}
