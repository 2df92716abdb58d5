//! Messages to one person, and to everybody.

use super::super::talk::{Talk, Texts};
use super::{Done, Visit};
use landline_common::What;
use std::sync::atomic::Ordering::Relaxed;

impl Visit {
    pub(super) fn send_message(&mut self, to: &str, text: &str) -> Done {
        let other = self.other(to)?;
        let text = self.message(text)?;
        let id = self.hub.ids.fetch_add(1, Relaxed);
        self.tell_to(&other, What::Direct { id, from: self.person.name.as_str().into(), text, kept: false });
        Ok(())
    }

    pub(super) fn say_to_all(&mut self, text: &str) -> Done {
        let mut texts = Texts::default();
        texts.push(&self.message(text)?);
        let hub = &self.hub;
        let mut talk = Talk {
            ids: &hub.ids,
            limits: &hub.limits,
            room: None,
            user: self.person.name.as_str(),
            texts: &texts,
            at: self.now,
            first_id: 0,
        };
        hub.everybody.settle(hub.everybody.say(&self.hall, &mut talk));
        Ok(())
    }
}
