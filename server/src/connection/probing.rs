//! Reserves a name for a client. If another client holds it, that holder is probed: its network may be gone without the
//! server having noticed.

use super::Connection;
use crate::fanout::DisconnectReason;
use crate::guard::LogCause;
use crate::hub::{NameReservation, NameTaken, User};
use crate::net::{Liveness, LivenessProof, Probe};
use landline_common::UserName;
use log::Level;
use std::sync::Arc;

impl Connection<'_> {
    /// Reserves a name. If a client holds it, probes the holder and disconnects it if it gives no sign of life. May
    /// take seconds; the caller holds no lock.
    ///
    /// # Errors
    /// The name is taken by a live client or belongs to the server.
    pub(super) fn reserve(&self, name: UserName) -> Result<NameReservation, NameTaken> {
        let hub = &self.context.hub;
        let taken = match hub.reserve(name.clone()) {
            Err(taken @ NameTaken::InUse) => taken,
            decided => return decided,
        };
        // A client that has reserved the name and is not signed in yet is not found, and is not probed.
        let holder = hub.find(name.as_str()).ok_or(taken)?;
        let is_alive = self.context.probes.probe(holder.client(), self.address, || self.probe(&holder));
        if is_alive != Some(false) {
            return Err(taken);
        }
        let address = self.address;
        let line = format_args!("probe: no sign of life user={} claimed_from={address}", holder.name);
        self.context.log(address, LogCause::Probes, Level::Info, line);
        holder.outbox().disconnect(DisconnectReason::Broken);
        hub.reserve_after(name, Some(holder.client()))
    }

    /// Probes a client. Returns true if it gives a sign of life; false also if its connection ends meanwhile.
    fn probe(&self, holder: &Arc<User>) -> bool {
        let outbox = holder.outbox();
        let proof = if holder.sends_acks() { LivenessProof::Bytes } else { LivenessProof::Acknowledgement };
        let (mut probe, mut life) = Probe::start(outbox.stream(), proof, self.address);
        if life == Liveness::Pending && holder.supports_pings() {
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
