//! Claiming a name that a client holds which may be gone: its network is lost, and nothing has told the server.

use super::Connection;
use crate::fanout::DisconnectReason;
use crate::guard::LogCause;
use crate::hub::{NameReservation, NameTaken, User};
use crate::net::{Life, Probe, Proof};
use landline_common::UserName;
use log::Level;
use std::sync::Arc;

impl Connection<'_> {
    /// Claims a name. If a client holds it, that one is asked for a sign of life and ended if it gives none. Nothing is
    /// locked meanwhile.
    pub(super) fn reserve(&self, name: UserName) -> Result<NameReservation, NameTaken> {
        let hub = &self.context.hub;
        let taken = match hub.reserve(name.clone()) {
            Err(taken @ NameTaken::InUse) => taken,
            decided => return decided,
        };
        // A name that is just being signed in under has no holder yet.
        let holder = hub.find(name.as_str()).ok_or(taken)?;
        let verdict = self.context.probes.verdict(holder.client(), self.stream.address(), || self.is_alive(&holder));
        if verdict != Some(false) {
            return Err(taken);
        }
        let (ghost, address) = (&holder.name, self.stream.address());
        let line = format_args!("{ghost} gave no sign of life when its name was asked for from {address}");
        self.context.log(self.stream.address(), LogCause::Probes, Level::Info, line);
        holder.outbox().cut(DisconnectReason::Broken);
        hub.reserve_after(name, Some(holder.client()))
    }

    /// Whether a client gives a sign of life. One that ends meanwhile gives none.
    fn is_alive(&self, holder: &Arc<User>) -> bool {
        let outbox = holder.outbox();
        let proof = if holder.sends_acks() { Proof::Bytes } else { Proof::Acknowledgement };
        let (mut probe, mut life) = Probe::begin(outbox.stream(), proof, self.stream.address());
        if life == Life::Unknown && holder.supports_pings() {
            holder.ping(self.context.clock.now(), &self.context.limits);
            if proof == Proof::Bytes {
                probe.has_asked(outbox.waiting());
            }
        }
        while life == Life::Unknown && outbox.cut_reason().is_none() && !holder.has_left() {
            life = probe.look();
        }
        life == Life::Alive
    }
}
