//! Claiming a name that a client holds which may be gone: its network is lost, and nothing has told the server.

use super::Connection;
use crate::fanout::DisconnectReason;
use crate::guard::LogCause;
use crate::hub::{NameReservation, NameTaken, User};
use crate::net::{Liveness, LivenessProof, Probe};
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
        let verdict = self.context.probes.probe(holder.client(), self.stream.address(), || self.is_alive(&holder));
        if verdict != Some(false) {
            return Err(taken);
        }
        let (ghost, address) = (&holder.name, self.stream.address());
        let line = format_args!("{ghost} gave no sign of life when its name was asked for from {address}");
        self.context.log(self.stream.address(), LogCause::Probes, Level::Info, line);
        holder.outbox().disconnect(DisconnectReason::Broken);
        hub.claim_behind(name, Some(holder.client()))
    }

    /// Whether a client gives a sign of life. One that ends meanwhile gives none.
    fn is_alive(&self, holder: &Arc<User>) -> bool {
        let outbox = holder.outbox();
        let proof = if holder.acknowledges() { LivenessProof::Bytes } else { LivenessProof::Acknowledgement };
        let (mut probe, mut life) = Probe::begin(outbox.stream(), proof, self.stream.address());
        if life == Liveness::Pending && holder.knows_pings() {
            holder.ping(self.context.clock.now(), &self.context.limits);
            if proof == LivenessProof::Bytes {
                probe.note_ping_sent(outbox.queued_bytes());
            }
        }
        while life == Liveness::Pending && outbox.disconnect_reason().is_none() && !holder.has_left() {
            life = probe.poll();
        }
        life == Liveness::Alive
    }
}
