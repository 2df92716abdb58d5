//! Messages to one person, here or away, and to everybody.

use super::super::deliveries::Sent;
use super::super::publications::{LineBatch, Tag};
use super::super::replay::{Settled, Unsettled};
use super::super::session_state::StoredDirect;
use super::{Done, Hub, Session, User, nobody};
use landline_common::history::{DirectMessage, HistoryOwner, MailboxError};
use landline_common::{Cause, EventKind, NameKey, Report, UserName};
use std::sync::Arc;

impl Session {
    pub(super) fn send_message(&mut self, to: &str, text: &str) -> Done {
        let text = self.message(text)?;
        match self.hub.find(to) {
            Some(me) if Arc::ptr_eq(&me, &self.user) => Err(Cause::Yourself.report()),
            Some(other) if self.is_blocked_by(&other) => Err(not_delivered(&other.name)),
            Some(other) => {
                self.send_to(&other, &text);
                Ok(())
            }
            None => self.post(to, &text),
        }
    }

    /// To somebody who is here. If it turns out that an account's connection had broken, the message waits for them.
    fn send_to(&mut self, other: &Arc<User>, text: &str) {
        let nonce = self.tag.nonce.take();
        let (hub, me) = (&self.hub, self.user.name.as_str());
        let id = hub.next_id();
        let event = EventKind::Direct { id, from: me.into(), text: text.into(), kept: false }.at(self.now);
        hub.memory.keep_direct(&DirectMessage {
            id,
            at: self.now,
            from: (me, self.user.party()),
            to: (other.name.as_str(), other.party()),
            text,
            client: self.user.client(),
            nonce: nonce.as_deref(),
        });
        self.marks().note(&Tag { label: self.tag.label.clone(), nonce, is_bare: false }, id);
        if !other.is_account() {
            return hub.tell_surely(other, event);
        }
        let stored = StoredDirect {
            id,
            at: self.now,
            from: (me.to_owned(), self.user.party().clone()),
            to: (other.name.to_string(), other.party().clone()),
            text: text.to_owned(),
            client: self.user.client(),
        };
        let unsettled = Unsettled::Message { id, message: stored.clone() };
        match other.send_numbered(event.clone(), unsettled, &hub.limits) {
            Sent::Kept(gone) => return hub.settle_all(other.name.key(), gone),
            Sent::NoConnection => {
                hub.settle_all(other.name.key(), Settled { returned: vec![stored], ..Settled::default() });
                return hub.not_delivered(other);
            }
            Sent::Unnumbered => {}
        }
        let hub = hub.clone();
        let to = other.clone();
        let receipt = move |out: bool| {
            if !out {
                hub.settle_all(to.name.key(), Settled { returned: vec![stored], ..Settled::default() });
                hub.not_delivered(&to);
            }
        };
        other.tell_with_receipt(&event, &self.hub.limits, Box::new(receipt));
    }

    /// To somebody who is away, if that is an account.
    fn post(&mut self, to: &str, text: &str) -> Done {
        let hub = self.hub.clone();
        let (memory, key) = (&hub.memory, NameKey::of(to));
        let Some(name) = memory.account(&key) else { return Err(nobody(to)) };
        if self.is_blocked_by_account(&key) {
            return Err(not_delivered(&name));
        }
        let tag = self.tag.clone();
        let id = hub.next_id();
        let direct = DirectMessage {
            id,
            at: self.now,
            from: (self.user.name.as_str(), self.user.party()),
            to: (name.as_str(), &HistoryOwner::Account(key)),
            text,
            client: self.user.client(),
            nonce: tag.nonce.as_deref(),
        };
        memory.post(&direct).map_err(|why| self.hub.not_kept(&name, &why))?;
        self.marks().note(&tag, id);
        // They may have come in meanwhile, and have collected what waited before this was there.
        if let Some(other) = hub.find(to) {
            hub.hand_over_mail(&other);
        }
        self.answer(Cause::Queued.of_user(name.as_str()).into());
        Ok(())
    }

    pub(super) fn say_to_all(&mut self, text: &str) -> Done {
        let mut texts = LineBatch::default();
        let text = self.message(text)?;
        texts.push(&text, self.take_tag());
        let global = &self.hub.global.log;
        let stored = self.hub.memory.make_room();
        global.wait_delivered(global.publish(&self.global_subscription, &mut self.talk(None, &texts, stored)));
        if stored { Ok(()) } else { Err(not_stored()) }
    }
}

/// What somebody is told whose talk everybody heard and that the storage could not take.
pub(super) fn not_stored() -> Report<'static> {
    Cause::NotStored.report()
}

fn not_delivered(name: &UserName) -> Report<'static> {
    Cause::BlockedByUser.of_user(name.to_string())
}

impl Hub {
    fn not_kept(&self, name: &UserName, why: &MailboxError) -> Report<'static> {
        let cause = match why {
            MailboxError::ReceiverFull => Cause::MailboxFull,
            MailboxError::SenderFull => Cause::MailboxFullOfYours,
            MailboxError::NotStored(why) => {
                if self.logs_failure("mail") {
                    log::warn!("a message for {name} was not stored: {why}");
                }
                Cause::MailNotStored
            }
        };
        cause.of_user(name.to_string())
    }
}
