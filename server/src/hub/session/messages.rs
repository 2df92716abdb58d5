//! Direct messages to online users and offline accounts, and messages to all users.

use super::super::deliveries::SendOutcome;
use super::super::publications::{LineBatch, Tag};
use super::super::replay::{Settled, Unsettled};
use super::super::session_state::StoredDirect;
use super::{CommandResult, Hub, Session, User, no_such_user};
use landline_common::history::{DirectMessage, HistoryOwner, MailboxError};
use landline_common::{Cause, EventKind, NameKey, Report, UserName};
use std::sync::Arc;

impl Session {
    /// Sends a direct message, or puts it into the mailbox of an offline account.
    pub(super) fn send_message(&mut self, to: &str, text: &str) -> CommandResult {
        let text = self.checked_message(text)?;
        match self.hub.find(to) {
            Some(me) if Arc::ptr_eq(&me, &self.user) => Err(Cause::Yourself.report()),
            // The account was deleted, and its session is about to end.
            Some(other) if other.is_account() && self.hub.storage.account_name(other.name.key()).is_none() => {
                Err(no_such_user(to))
            }
            Some(other) if self.is_blocked_by(&other) => Err(not_delivered(&other.name)),
            Some(other) => {
                self.check_whisper(other.history_owner(), Some(other.client()))?;
                self.send_to_online(&other, &text);
                self.report_away(&other);
                Ok(())
            }
            None => self.send_to_mailbox(to, &text),
        }
    }

    /// Sends a direct message to an online user. If the connection of an account turns out to be broken, the message
    /// goes to its mailbox.
    fn send_to_online(&mut self, other: &Arc<User>, text: &str) {
        let nonce = self.tag.nonce.take();
        let hub = &self.hub;
        let me = self.user.name.as_str();
        let id = hub.allocate_id();
        let event = EventKind::Direct { id, from: me.into(), text: text.into(), kept: false }.at(self.now);
        hub.storage.store_direct(&DirectMessage {
            id,
            at: self.now,
            from: (me, self.user.history_owner()),
            to: (other.name.as_str(), other.history_owner()),
            text,
            client: self.user.client(),
            nonce: nonce.as_deref(),
        });
        self.id_sink().record(&Tag { label: self.tag.label.clone(), nonce, is_bare: false }, id);
        if !other.is_account() {
            return hub.send_reliably(other, event);
        }
        let stored = StoredDirect {
            id,
            at: self.now,
            from: (me.to_owned(), self.user.history_owner().clone()),
            to: (other.name.to_string(), other.history_owner().clone()),
            text: text.to_owned(),
            client: self.user.client(),
        };
        let unsettled = Unsettled::Message { id, message: stored.clone() };
        match other.send_numbered(event.clone(), unsettled, &hub.limits) {
            SendOutcome::Buffered(displaced) => return hub.apply_settled(other.name.key(), displaced),
            SendOutcome::NoConnection => {
                hub.apply_settled(other.name.key(), Settled { returned: vec![stored], ..Settled::default() });
                return hub.redeliver_if_back(other);
            }
            SendOutcome::NotAcknowledging => {}
        }
        let hub = hub.clone();
        let to = other.clone();
        let receipt = move |delivered: bool| {
            if !delivered {
                hub.apply_settled(to.name.key(), Settled { returned: vec![stored], ..Settled::default() });
                hub.redeliver_if_back(&to);
            }
        };
        other.send_event_with_receipt(&event, &self.hub.limits, Box::new(receipt));
    }

    /// Puts a direct message into the mailbox of an offline account.
    fn send_to_mailbox(&mut self, to: &str, text: &str) -> CommandResult {
        let hub = self.hub.clone();
        let storage = &hub.storage;
        let key = NameKey::of(to);
        let Some(name) = storage.account_name(&key) else { return Err(no_such_user(to)) };
        if self.is_blocked_by_account(&key) {
            return Err(not_delivered(&name));
        }
        self.check_whisper(&HistoryOwner::Account(key.clone()), None)?;
        let tag = self.tag.clone();
        let id = hub.allocate_id();
        let direct = DirectMessage {
            id,
            at: self.now,
            from: (self.user.name.as_str(), self.user.history_owner()),
            to: (name.as_str(), &HistoryOwner::Account(key)),
            text,
            client: self.user.client(),
            nonce: tag.nonce.as_deref(),
        };
        storage.enqueue_mail(&direct).map_err(|why| self.hub.mailbox_refusal(&name, &why))?;
        self.id_sink().record(&tag, id);
        // The receiver may have signed in meanwhile and fetched its mail before this message was stored.
        if let Some(other) = hub.find(to) {
            hub.deliver_mail(&other);
        }
        self.answer(Cause::Queued.with_user(name.as_str()).into());
        Ok(())
    }

    /// Says a text to all users.
    pub(super) fn say_to_all(&mut self, text: &str) -> CommandResult {
        let mut pending = LineBatch::default();
        let text = self.checked_message(text)?;
        self.check_announcement()?;
        pending.push(&text, self.take_tag());
        let global = &self.hub.global;
        let stored = self.hub.storage.wait_for_capacity();
        let mut talk = self.talk_publication(global, None, &pending, stored);
        global.log.wait_delivered(global.log.publish(&self.global_subscription, &mut talk));
        if stored { Ok(()) } else { Err(not_stored()) }
    }
}

/// Makes the report that talk was delivered but could not be stored.
pub(super) fn not_stored() -> Report<'static> {
    Cause::NotStored.report()
}

/// Makes the refusal of a message to a user who blocks its sender.
fn not_delivered(name: &UserName) -> Report<'static> {
    Cause::BlockedByUser.with_user(name.to_string())
}

impl Hub {
    fn mailbox_refusal(&self, name: &UserName, why: &MailboxError) -> Report<'static> {
        let cause = match why {
            MailboxError::ReceiverFull => Cause::MailboxFull,
            MailboxError::SenderFull => Cause::MailboxFullOfYours,
            MailboxError::NotStored(why) => {
                if self.note_failure("mail") {
                    log::warn!("hub: mail not stored receiver={name}: {why}; the sender was told to try again");
                }
                Cause::MailNotStored
            }
        };
        cause.with_user(name.to_string())
    }
}
