//! What becomes of one message of somebody who is signed in.

use crate::door::{Door, Typed};
use crate::guard::Allowance;
use crate::guard::allowance::Verdict;
use crate::hub::{Person, Stay, Visit};
use landline_common::clean::clean;
use landline_common::command::{Command, CommandError, parse};
use landline_common::{Moment, What};
use std::sync::Arc;
use std::time::Instant;

/// Characters of a word that is quoted back.
const LONGEST_WORD: usize = 40;

/// What one client's messages are carried out with.
pub(super) struct Turn<'t> {
    pub visit: &'t mut Visit,
    pub door: &'t dyn Door,
    pub person: &'t Person,
    /// What all sessions of their address together may say; `None` is without a limit.
    pub allowance: Option<Arc<Allowance>>,
    pub unframed: bool,
    /// An unframed client is sending a file.
    pub in_file: bool,
    /// They have given a sign of life that counts.
    pub awake: bool,
    /// Something was dropped, as people at their address say too much together.
    pub crowded: bool,
}

impl Turn<'_> {
    /// Does what one message asks for.
    pub(super) fn obey(&mut self, message: &str, now: Moment, instant: Instant) -> Stay {
        #[cfg(feature = "faults")]
        crate::faults::strike("session", message.as_bytes());
        if self.unframed && is_rest_of_file(&mut self.in_file, message) {
            return Stay::Here;
        }
        let Some(typed) = self.door.typed(message) else {
            log::trace!("{} sent what means nothing at that door", self.person.name);
            return Stay::Here;
        };
        let command = match &typed {
            Typed::Talk(text) => Some(Ok(Command::Say(text))),
            Typed::Line(text) => parse(text, self.person.name.as_str()),
        };
        match command {
            None => {}
            Some(Ok(command)) => {
                self.awake |= !matches!(command, Command::Ping(_));
                if !self.may_say(&command, instant) {
                    self.crowded = true;
                    return Stay::Here;
                }
                // Talk only: what is private stays so, also in the log.
                if let Command::Say(text) = command {
                    log::debug!("<{}> {text}", self.person.name);
                }
                return self.visit.perform(command, now);
            }
            Some(Err(CommandError::Unknown(word))) => {
                let word = clean(word).chars().take(LONGEST_WORD).collect::<String>();
                self.tell(What::UnknownCommand { word: word.into() }, now);
            }
            Some(Err(why @ CommandError::Usage(_))) => self.tell(What::error(400, why.to_string()), now),
        }
        Stay::Here
    }

    /// Whether that, if it says something, is not too much together with what others at the same address say.
    fn may_say(&self, command: &Command<'_>, instant: Instant) -> bool {
        let (Some(allowance), Some(text)) = (&self.allowance, command.said()) else { return true };
        match allowance.say(text.len(), instant) {
            Verdict::Passes => true,
            Verdict::Dropped { log } => {
                if log {
                    let address = allowance.address();
                    log::warn!("those at {address} say too much together; what is over their limit is dropped");
                }
                false
            }
        }
    }

    /// A message was too long.
    pub(super) fn too_long(&mut self, longest: u64, now: Moment) -> Stay {
        self.tell(What::error(413, format!("that line is too long: at most {longest} bytes; nothing was sent")), now);
        Stay::Here
    }

    /// Tells them something behind what they said before.
    pub(super) fn tell(&mut self, what: What<'_>, now: Moment) {
        self.visit.refuse(what, now);
    }
}

/// Chat77's clients send a file as many messages at once, so a read may begin inside one of them. Such a rest is nothing
/// to be said; it has no spaces in it, and everything that these clients send for people to read has.
fn is_rest_of_file(in_file: &mut bool, text: &str) -> bool {
    let begins = text.starts_with("FILE_START|") || text.starts_with("FILE_CHUNK|");
    let rest = *in_file && !text.contains(' ');
    *in_file = (begins || rest) && !text.contains("FILE_END|");
    rest
}
