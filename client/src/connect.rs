//! Connects to a server and signs in, once. Both presenters use it.

use super::signals::Signal;
use super::signed_in::SignedIn;
use crate::connection::{
    ConnectFailure, Connection, ConnectionEvent, Identity, Security, ServerConnection, SignInConfirmation,
};
use crate::direct::DirectChats;
use crate::encryption::Encryption;
use crate::engine::Engine;
use anyhow::Context;
use crossbeam_channel::{Receiver, select};
use landline_common::clean::clean;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::ControlFlow::{self, Break, Continue};

/// A connection under way, with the engine that will run the session on it.
#[derive(Debug)]
pub struct SignInAttempt {
    /// The connection to the server, with the encrypted chats that go around it.
    pub connection: DirectChats<ServerConnection>,
    /// The client's side of the session.
    pub engine: Engine,
    encryption: Encryption,
}

impl SignInAttempt {
    /// Starts to connect to `server` (`HOST:PORT`). The result arrives as an event of the connection.
    ///
    /// # Errors
    /// The system has no random numbers, or no thread can be started.
    pub fn begin(server: &str, identity: &Identity, security: &Security) -> anyhow::Result<SignInAttempt> {
        let connection = ServerConnection::new(server, security.clone());
        let out = connection.event_sender();
        let mut connection = DirectChats::wrap(connection, out)?;
        let seed = RandomState::new().hash_one(std::process::id());
        let mut engine = Engine::new(identity.clone(), seed);
        connection.connect(engine.sign_in()).context("cannot start a thread")?;
        Ok(SignInAttempt { connection, engine, encryption: Encryption::None })
    }

    /// Handles an event of the connection. Returns the attempt again while its result is open, or the session.
    ///
    /// # Errors
    /// The server cannot be reached, is not trusted, or refuses the sign-in.
    pub fn handle(
        mut self,
        event: (u64, ConnectionEvent),
    ) -> Result<ControlFlow<SignedIn, SignInAttempt>, ConnectFailure> {
        match self.connection.process(event) {
            // An event that is not for the caller, for example of an older connection.
            None => Ok(Continue(self)),
            Some(ConnectionEvent::Reached(encryption)) => Ok(Continue(SignInAttempt { encryption, ..self })),
            Some(event) => {
                let first = SignInConfirmation::of(event)?;
                let SignInAttempt { connection, engine, encryption } = self;
                Ok(Break(SignedIn { connection: Box::new(connection), engine, encryption, first }))
            }
        }
    }
}

/// Prints the keys of servers that were met for the first time and that no chat has shown, to standard error. They are
/// stored already, also if the sign-in fails. Not for the full screen, which would hide them.
pub fn print_first_meetings(security: &Security) {
    for note in security.known.take_first_meetings() {
        eprintln!("landline: {}", clean(&note));
    }
}

/// Connects to `server` and blocks until the user is signed in. Returns `None` if a signal ends the program meanwhile.
/// After a failure, the caller shows the first meeting: by [`print_first_meetings`], or in the chat that follows.
///
/// # Errors
/// The server cannot be reached, is not trusted, or refuses the sign-in.
pub fn sign_in(
    server: &str,
    identity: &Identity,
    security: &Security,
    signals: &Receiver<Signal>,
) -> Result<Option<SignedIn>, ConnectFailure> {
    let failure = |why: String| ConnectFailure { why, cause: None };
    let mut attempt = SignInAttempt::begin(server, identity, security).map_err(|why| failure(format!("{why:#}")))?;
    loop {
        let events = attempt.connection.events().clone();
        select! {
            recv(events) -> event => match event {
                Ok(event) => match attempt.handle(event)? {
                    Break(signed_in) => return Ok(Some(signed_in)),
                    Continue(pending) => attempt = pending,
                },
                Err(_) => return Err(failure("cannot connect: the connection thread has ended".into())),
            },
            recv(signals) -> signal => match signal {
                Ok(Signal::Continue) => {}
                _ => return Ok(None),
            },
        }
    }
}
