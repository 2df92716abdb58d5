//! Where the clients of one address or network count together.

use landline_common::limits::count;
use std::sync::Arc;

/// The address or network for which the rooms, requests, lost sessions and searches of a client count.
#[derive(Clone, Debug)]
pub struct CountedAddress {
    /// Identifies the address or network.
    pub key: Arc<str>,
    /// The address itself, for owners of the server.
    pub shown: Arc<str>,
    /// Its bounds on rooms and requests, as a multiple of those of one address.
    pub multiplier: u32,
}

impl CountedAddress {
    /// Returns its bound, given the bound of one address.
    pub(super) fn scaled(&self, per_address: usize) -> usize {
        per_address.saturating_mul(count(self.multiplier.into()))
    }
}

/// One address.
impl From<&str> for CountedAddress {
    fn from(key: &str) -> CountedAddress {
        CountedAddress { key: key.into(), shown: key.into(), multiplier: 1 }
    }
}
