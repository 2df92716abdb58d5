//! Who was heard of, and who is to be dialled. The lower id dials at once; the higher one answers, and dials only when
//! no link has come by then, as behind a firewall.

use super::endpoints::Endpoints;
use crate::mesh::hello::Hello;
use crate::mesh::id::NodeId;
use crate::mesh::limits::{DIALS, DIALS_PER_ADDRESS, HEARD_MS, LAST_REDIAL_MS, PATIENCE_MS, PEERS};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Somebody who was heard of.
#[derive(Debug)]
struct Peer {
    name: Box<str>,
    at: u64,
    whereabouts: Endpoints,
}

impl Peer {
    fn is_dialled(&self) -> bool {
        self.whereabouts.dialling.is_some()
    }
}

/// All of them.
#[derive(Debug)]
pub struct PeerTable {
    me: NodeId,
    heard: BTreeMap<NodeId, Peer>,
    /// When an address was dialled last: whoever forges hellos from many must not keep others waiting.
    dialled: BTreeMap<IpAddr, u64>,
}

impl PeerTable {
    /// Nobody yet.
    #[must_use]
    pub fn new(me: NodeId) -> PeerTable {
        PeerTable { me, heard: BTreeMap::new(), dialled: BTreeMap::new() }
    }

    /// How long dialling somebody is left to them.
    fn wait(&self, id: NodeId) -> u64 {
        if self.me < id { 0 } else { PATIENCE_MS }
    }

    /// Takes note of a hello. Whether it is to be answered, if there is no link.
    pub fn hear(&mut self, hello: &Hello, from: IpAddr, now: u64) -> bool {
        let address = SocketAddr::new(from, hello.port);
        if !self.heard.contains_key(&hello.id) && !self.make_room(now) {
            return false;
        }
        let wait = self.wait(hello.id);
        let (name, whereabouts) = (hello.name.as_str(), Endpoints::default());
        let heard = self.heard.entry(hello.id).or_insert_with(|| Peer { name: name.into(), at: now, whereabouts });
        heard.at = now;
        heard.whereabouts.heard(address, now, wait);
        self.me > hello.id && heard.whereabouts.answers(address, now)
    }

    /// Whoever was not heard for longest goes, if nobody is being dialled there.
    fn make_room(&mut self, now: u64) -> bool {
        self.heard.retain(|_, heard| heard.is_dialled() || heard.at + 6 * HEARD_MS > now);
        if self.heard.len() < PEERS {
            return true;
        }
        let idle = self.heard.iter().filter(|(_, heard)| !heard.is_dialled() && heard.at < now);
        let oldest = idle.min_by_key(|(_, heard)| heard.at).map(|(id, _)| *id);
        oldest.is_some_and(|id| self.heard.remove(&id).is_some())
    }

    /// Who is to be dialled now, and where; they count as being dialled.
    pub fn due(&mut self, now: u64, linked: impl Fn(NodeId) -> bool) -> Vec<(NodeId, SocketAddr)> {
        let mut due = Vec::new();
        while let Some((id, address)) = self.next_due(now, &linked) {
            if let Some(heard) = self.heard.get_mut(&id) {
                heard.whereabouts.dial(address);
            }
            self.dialled.retain(|_, at| *at + LAST_REDIAL_MS > now);
            self.dialled.insert(address.ip(), now);
            due.push((id, address));
        }
        due
    }

    fn next_due(&self, now: u64, linked: impl Fn(NodeId) -> bool) -> Option<(NodeId, SocketAddr)> {
        let dialling = self.heard.values().filter_map(|heard| heard.whereabouts.dialling);
        if dialling.clone().count() >= DIALS {
            return None;
        }
        let full = |ip: IpAddr| dialling.clone().filter(|address| address.ip() == ip).count() >= DIALS_PER_ADDRESS;
        let others = self.heard.iter().filter(|(id, _)| !linked(**id));
        let ready = others.flat_map(|(id, heard)| heard.whereabouts.ready(now).map(move |place| (*id, place)));
        let next = ready
            .filter(|(_, place)| !full(place.address.ip()))
            .min_by_key(|(_, place)| (self.dialled.get(&place.address.ip()), place.dial_after));
        next.map(|(id, place)| (id, place.address))
    }

    /// A dial came to nothing. If the passphrase may be why, and it is the second time: the name and the address.
    pub fn failed(&mut self, id: NodeId, strange: bool, now: u64) -> Option<(&str, SocketAddr)> {
        let heard = self.heard.get_mut(&id)?;
        let address = heard.whereabouts.failed(strange, now)?;
        Some((&heard.name, address))
    }

    /// A dial was answered; whether it is a link, is seen.
    pub fn answered(&mut self, id: NodeId, now: u64) {
        self.heard.get_mut(&id).into_iter().for_each(|heard| heard.whereabouts.answered(now));
    }

    /// Whoever answered there was not them, or ended it before they said so.
    pub fn came_to_nothing(&mut self, id: NodeId, address: SocketAddr, now: u64) {
        self.heard.get_mut(&id).into_iter().for_each(|heard| heard.whereabouts.came_to_nothing(address, now));
    }

    /// Somebody is linked: all is well with them.
    pub fn linked(&mut self, id: NodeId) {
        self.heard.get_mut(&id).into_iter().for_each(|heard| heard.whereabouts.linked());
    }

    /// The link to somebody is lost. They may have been heard all the time.
    pub fn lost(&mut self, id: NodeId, now: u64) {
        let dial_after = now + self.wait(id);
        self.heard.get_mut(&id).into_iter().for_each(|heard| heard.whereabouts.lost(dial_after));
    }

    /// Somebody said good-bye.
    pub fn forget(&mut self, id: NodeId) {
        self.heard.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::UserName;
    use std::net::Ipv4Addr;

    fn hello(id: u128) -> Hello {
        Hello { id: NodeId(id), name: UserName::parse("bob").unwrap(), port: 9 }
    }

    fn from(n: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, n).into()
    }

    fn due(table: &mut PeerTable, now: u64) -> Vec<u128> {
        table.due(now, |_| false).into_iter().map(|(id, _)| id.0).collect()
    }

    #[test]
    fn the_lower_id_dials_and_the_higher_one_answers_and_waits() {
        let mut table = PeerTable::new(NodeId(5));
        assert!(!table.hear(&hello(9), from(1), 0) && table.hear(&hello(1), from(2), 0));
        assert!(!table.hear(&hello(1), from(2), 500), "answered not long ago");
        assert_eq!(due(&mut table, 0), [9]);
        assert_eq!(due(&mut table, 0), [], "it is being dialled");
        assert_eq!(due(&mut table, PATIENCE_MS), [1]);
    }

    #[test]
    fn failures_make_dials_rarer_and_strangers_are_told_once() {
        let mut table = PeerTable::new(NodeId(5));
        let mut dials = 0;
        let mut told = 0;
        for now in 0..120 {
            let now = now * 500;
            table.hear(&hello(9), from(1), now);
            for _ in due(&mut table, now) {
                dials += 1;
                told += usize::from(table.failed(NodeId(9), true, now).is_some());
            }
        }
        assert!((5..=8).contains(&dials), "{dials}");
        assert_eq!(told, 1);
        assert_eq!(due(&mut table, 60_000 + HEARD_MS), [], "whoever is silent is not dialled");
    }

    #[test]
    fn who_can_be_reached_elsewhere_is_dialled_there_at_once() {
        let mut table = PeerTable::new(NodeId(5));
        let mut dials = |now: u64, address: u8| {
            table.hear(&hello(9), from(address), now);
            let dialled = due(&mut table, now).len();
            (0..dialled).for_each(|_| _ = table.failed(NodeId(9), false, now));
            dialled
        };
        let first: usize = (0..60).map(|n| dials(n * 500, 1)).sum();
        assert!((4..=6).contains(&first), "{first}");
        assert_eq!([dials(30_000, 2), dials(30_500, 2)], [1, 0], "they have moved");
    }

    #[test]
    fn nobody_keeps_others_waiting() {
        let mut table = PeerTable::new(NodeId(0));
        for id in 1..=200 {
            table.hear(&hello(id), from(1), 0);
        }
        assert_eq!(due(&mut table, 0).len(), DIALS_PER_ADDRESS);
        table.hear(&hello(1_000), from(2), 0);
        table.hear(&hello(1_001), from(3), 0);
        let mut others = due(&mut table, 0);
        others.sort_unstable();
        assert_eq!(others, [1_000, 1_001]);
        table.failed(NodeId(1), false, 1);
        table.hear(&hello(1_002), from(4), 1);
        assert_eq!(due(&mut table, 1)[0], 1_002, "an address that was not dialled comes first");
    }

    #[test]
    fn the_table_is_bounded_and_dials_are() {
        let mut table = PeerTable::new(NodeId(0));
        for id in 1..=10_000 {
            table.hear(&hello(id), from(u8::try_from(id % 250).unwrap()), u64::try_from(id / 100).unwrap());
        }
        assert_eq!(table.heard.len(), PEERS);
        assert_eq!(due(&mut table, 200).len(), DIALS);
        assert!(!table.hear(&hello(20_000), from(1), 0) || table.heard.len() <= PEERS);
    }
}
