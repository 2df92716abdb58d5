//! Whom somebody does not hear.

use super::ClientId;
use super::batch::Origin;
use crate::ranked::{Ranked, RankedGuard};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whom one person does not hear, in any room. All their seats share it.
#[derive(Debug, Default)]
pub struct Muffle {
    /// Tells cheaply that there is nobody, which is nearly always so.
    any: AtomicBool,
    silenced: Ranked<Silenced, 4>,
}

/// What is left out.
#[derive(Debug, Default)]
pub(super) struct Silenced {
    talk_of: HashSet<ClientId>,
    news_of: HashSet<ClientId>,
}

/// What of somebody is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// What they say.
    Talk,
    /// Their coming and going.
    News,
}

impl Muffle {
    /// From now on that of `client` is not heard, or is heard again.
    pub fn set(&self, sound: Sound, client: ClientId, silent: bool) {
        let mut silenced = self.silenced.lock();
        let set = match sound {
            Sound::Talk => &mut silenced.talk_of,
            Sound::News => &mut silenced.news_of,
        };
        if silent {
            set.insert(client);
        } else {
            set.remove(&client);
        }
        self.any.store(!silenced.talk_of.is_empty() || !silenced.news_of.is_empty(), Relaxed);
    }

    /// What is left out, if anything is.
    pub(super) fn silenced(&self) -> Option<RankedGuard<'_, Silenced, 4>> {
        self.any.load(Relaxed).then(|| self.silenced.lock())
    }
}

impl Silenced {
    pub(super) fn leaves_out(&self, origin: Origin) -> bool {
        match origin {
            Origin::Server => false,
            Origin::Talk(client) => self.talk_of.contains(&client),
            Origin::News(client) => self.news_of.contains(&client),
        }
    }
}
