//! Who was heard of, and who is to be dialled. The lower id dials at once; the higher one answers, and dials only when
//! no link has come by then, as behind a firewall.

use crate::mesh::hello::Hello;
use crate::mesh::id::NodeId;
use crate::mesh::limits::{DIALS, DIALS_PER_ADDRESS, HEARD_MS, LAST_REDIAL_MS, PATIENCE_MS, PEERS, REDIAL_MS, TRIED};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Somebody who was heard of.
#[derive(Debug)]
struct Heard {
    name: Box<str>,
    /// Where they can be dialled.
    address: SocketAddr,
    at: u64,
    answered: Option<u64>,
    dial_after: u64,
    dialling: bool,
    failed: u32,
    /// Where dials failed since somebody answered.
    tried: Vec<SocketAddr>,
    /// Handshakes in a row in which they could not prove to have the same passphrase.
    strange: u32,
}

/// All of them.
#[derive(Debug)]
pub struct Table {
    me: NodeId,
    heard: BTreeMap<NodeId, Heard>,
    /// When an address was dialled last: whoever forges hellos from many must not keep others waiting.
    dialled: BTreeMap<IpAddr, u64>,
}

impl Table {
    /// Nobody yet.
    #[must_use]
    pub fn new(me: NodeId) -> Table {
        Table { me, heard: BTreeMap::new(), dialled: BTreeMap::new() }
    }

    /// Takes note of a hello of somebody without a link. Whether it is to be answered.
    pub fn hear(&mut self, hello: &Hello, from: IpAddr, now: u64) -> bool {
        let address = SocketAddr::new(from, hello.port);
        if !self.heard.contains_key(&hello.id) && !self.make_room(now) {
            return false;
        }
        let wait = if self.me < hello.id { 0 } else { PATIENCE_MS };
        let heard = self.heard.entry(hello.id).or_insert_with(|| Heard {
            name: hello.name.as_str().into(),
            address,
            at: now,
            answered: None,
            dial_after: now + wait,
            dialling: false,
            failed: 0,
            tried: Vec::new(),
            strange: 0,
        });
        // They can be reached elsewhere now; but whoever lies about that, or has many networks, is not dialled for ever.
        if heard.failed > 0 && heard.tried.len() < TRIED && !heard.tried.contains(&address) {
            (heard.failed, heard.dial_after) = (0, now + wait);
        }
        if heard.at + HEARD_MS < now {
            heard.dial_after = heard.dial_after.max(now + wait);
        }
        (heard.at, heard.address) = (now, address);
        let answers = self.me > hello.id && heard.answered.is_none_or(|at| at + REDIAL_MS <= now);
        if answers {
            heard.answered = Some(now);
        }
        answers
    }

    /// Whoever was not heard for longest goes, if nobody is being dialled there.
    fn make_room(&mut self, now: u64) -> bool {
        self.heard.retain(|_, heard| heard.dialling || heard.at + 6 * HEARD_MS > now);
        if self.heard.len() < PEERS {
            return true;
        }
        let idle = self.heard.iter().filter(|(_, heard)| !heard.dialling && heard.at < now);
        let oldest = idle.min_by_key(|(_, heard)| heard.at).map(|(id, _)| *id);
        oldest.is_some_and(|id| self.heard.remove(&id).is_some())
    }

    /// Who is to be dialled now; they count as being dialled.
    pub fn due(&mut self, now: u64, linked: impl Fn(NodeId) -> bool) -> Vec<(NodeId, SocketAddr)> {
        let mut due = Vec::new();
        loop {
            let dialling = self.heard.values().filter(|heard| heard.dialling);
            if dialling.clone().count() >= DIALS {
                return due;
            }
            let full =
                |ip: IpAddr| dialling.clone().filter(|heard| heard.address.ip() == ip).count() >= DIALS_PER_ADDRESS;
            let ready = self.heard.iter().filter(|(id, heard)| {
                let fresh = heard.at + HEARD_MS >= now && heard.dial_after <= now && !heard.dialling;
                fresh && !linked(**id) && !full(heard.address.ip())
            });
            let next = ready.min_by_key(|(_, heard)| (self.dialled.get(&heard.address.ip()), heard.dial_after));
            let Some((id, address)) = next.map(|(id, heard)| (*id, heard.address)) else { return due };
            if let Some(heard) = self.heard.get_mut(&id) {
                heard.dialling = true;
            }
            self.dialled.retain(|_, at| *at + LAST_REDIAL_MS > now);
            self.dialled.insert(address.ip(), now);
            due.push((id, address));
        }
    }

    /// A dial came to nothing. If the passphrase may be why, and it is the second time: the name and the address.
    pub fn failed(&mut self, id: NodeId, strange: bool, now: u64) -> Option<(&str, SocketAddr)> {
        let heard = self.heard.get_mut(&id)?;
        heard.dialling = false;
        if heard.tried.len() < TRIED && !heard.tried.contains(&heard.address) {
            heard.tried.push(heard.address);
        }
        heard.dial_after = now + (REDIAL_MS << heard.failed.min(5)).min(LAST_REDIAL_MS);
        heard.failed += 1;
        heard.strange = if strange { heard.strange + 1 } else { 0 };
        (heard.strange == 2).then_some((&*heard.name, heard.address))
    }

    /// A dial was answered; whether it is a link, is seen.
    pub fn answered(&mut self, id: NodeId, now: u64) {
        if let Some(heard) = self.heard.get_mut(&id) {
            heard.dialling = false;
            heard.dial_after = now + PATIENCE_MS;
        }
    }

    /// Somebody is linked: all is well with them.
    pub fn linked(&mut self, id: NodeId) {
        if let Some(heard) = self.heard.get_mut(&id) {
            (heard.failed, heard.strange) = (0, 0);
            heard.tried.clear();
        }
    }

    /// The link to somebody is lost. They may have been heard all the time.
    pub fn lost(&mut self, id: NodeId, now: u64) {
        let wait = if self.me < id { 0 } else { PATIENCE_MS };
        if let Some(heard) = self.heard.get_mut(&id) {
            heard.dial_after = now + wait;
        }
    }

    /// Somebody said good-bye.
    pub fn forget(&mut self, id: NodeId) {
        self.heard.remove(&id);
    }

    /// Takes note of a hello of somebody with a link.
    pub fn refresh(&mut self, hello: &Hello, from: IpAddr, now: u64) {
        if let Some(heard) = self.heard.get_mut(&hello.id) {
            (heard.at, heard.address) = (now, SocketAddr::new(from, hello.port));
        } else {
            self.hear(hello, from, now);
        }
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

    fn due(table: &mut Table, now: u64) -> Vec<u128> {
        table.due(now, |_| false).into_iter().map(|(id, _)| id.0).collect()
    }

    #[test]
    fn the_lower_id_dials_and_the_higher_one_answers_and_waits() {
        let mut table = Table::new(NodeId(5));
        assert!(!table.hear(&hello(9), from(1), 0) && table.hear(&hello(1), from(2), 0));
        assert!(!table.hear(&hello(1), from(2), 500), "answered not long ago");
        assert_eq!(due(&mut table, 0), [9]);
        assert_eq!(due(&mut table, 0), [], "it is being dialled");
        assert_eq!(due(&mut table, PATIENCE_MS), [1]);
    }

    #[test]
    fn failures_make_dials_rarer_and_strangers_are_told_once() {
        let mut table = Table::new(NodeId(5));
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
        let mut table = Table::new(NodeId(5));
        let mut dials = |now: u64, address: u8| {
            table.hear(&hello(9), from(address), now);
            let dialled = due(&mut table, now).len();
            (0..dialled).for_each(|_| _ = table.failed(NodeId(9), false, now));
            dialled
        };
        let first: usize = (0..60).map(|n| dials(n * 500, 1)).sum();
        assert!((4..=6).contains(&first), "{first}");
        assert_eq!([dials(30_000, 2), dials(30_500, 2)], [1, 0], "they have moved");
        assert_eq!(dials(31_000, 2), 1, "and that counts anew");
        // Several networks, or lies: an address that failed is no news.
        let later: usize = (0..600).map(|n| dials(31_500 + n * 500, 1 + u8::try_from(n % 100).unwrap())).sum();
        assert!(later < 25, "{later}");
    }

    #[test]
    fn nobody_keeps_others_waiting() {
        let mut table = Table::new(NodeId(0));
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
        let mut table = Table::new(NodeId(0));
        for id in 1..=10_000 {
            table.hear(&hello(id), from(u8::try_from(id % 250).unwrap()), u64::try_from(id / 100).unwrap());
        }
        assert_eq!(table.heard.len(), PEERS);
        assert_eq!(due(&mut table, 200).len(), DIALS);
        assert!(!table.hear(&hello(20_000), from(1), 0) || table.heard.len() <= PEERS);
    }
}
