//! The list of servers found, bounded whatever the network sends.
//!
//! Beacons come unasked, so any host can flood the list with them. Answers came in reply to a question and say more.
//! Hence an answer takes the slot of a beacon where no slot is free, and a beacon takes free slots only.

use super::{Answer, Beacon, is_credible};
use core::net::IpAddr;

/// Maximum number of servers: more than a user would read through.
const MAX_SERVERS: usize = 64;
/// Maximum number of servers at one address: more than one machine usually runs.
const MAX_PER_ADDRESS: usize = 4;

/// A server found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundServer {
    /// Source address of its datagrams, whatever address they claim.
    pub address: IpAddr,
    /// How it was found.
    pub kind: DatagramKind,
    heard_ms: u64,
}

/// The kind of datagram that a server was found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatagramKind {
    /// An answer to our question.
    Landline(Answer),
    /// A beacon, which says no more than this port of the LanTalk door.
    LanTalk(u16),
}

impl FoundServer {
    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        match &self.kind {
            DatagramKind::Landline(answer) => answer.port,
            DatagramKind::LanTalk(port) => *port,
        }
    }

    /// Milliseconds since its last datagram.
    #[must_use]
    pub fn age_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.heard_ms)
    }

    fn is_answer(&self) -> bool {
        matches!(self.kind, DatagramKind::Landline(_))
    }

    /// True if a beacon with this port belongs to this server.
    fn has_lantalk(&self, beacon: u16) -> bool {
        match &self.kind {
            DatagramKind::Landline(answer) => answer.lantalk == beacon,
            DatagramKind::LanTalk(port) => *port == beacon,
        }
    }

    /// True if two answers are from two addresses of one server: the id is the same, and each lists the source address of
    /// the other. The id alone proves nothing: a host could repeat it, to hide a server behind itself.
    fn is_other_address_of(&self, other: &FoundServer) -> bool {
        match (&self.kind, &other.kind) {
            (DatagramKind::Landline(a), DatagramKind::Landline(b)) => {
                let is_same = !a.id.is_empty() && (&a.id, a.port) == (&b.id, b.port);
                is_same && a.also.contains(&other.address) && b.also.contains(&self.address)
            }
            _ => false,
        }
    }

    /// True if two entries from addresses of this machine are one server.
    fn is_same_local_server(&self, other: &FoundServer) -> bool {
        match (&self.kind, &other.kind) {
            (DatagramKind::Landline(a), DatagramKind::Landline(b)) => {
                (&a.name, a.port, a.lantalk, &a.version) == (&b.name, b.port, b.lantalk, &b.version)
            }
            (_, DatagramKind::LanTalk(port)) => self.has_lantalk(*port),
            (DatagramKind::LanTalk(port), _) => other.has_lantalk(*port),
        }
    }
}

/// The servers found: at most 64, and at most 4 at one address.
#[derive(Clone, Debug, Default)]
pub struct Servers(Vec<FoundServer>);

impl Servers {
    /// Adds or updates a server for an answer from `source`, received at `now_ms`.
    pub fn answered(&mut self, source: IpAddr, answer: Answer, now_ms: u64) {
        if !is_credible(source) {
            return;
        }
        // The answer replaces a beacon of the same server.
        let lantalk = DatagramKind::LanTalk(answer.lantalk);
        self.0.retain(|found| found.address != source || found.kind != lantalk);
        let port = answer.port;
        let new = FoundServer { address: source, kind: DatagramKind::Landline(answer), heard_ms: now_ms };
        let known = self.0.iter_mut().find(|f| f.address == source && f.is_answer() && f.port() == port);
        if let Some(known) = known {
            *known = new;
        } else if self.take_slot(source) {
            self.0.push(new);
        }
    }

    /// Adds or updates a server for a beacon from `source`, received at `now_ms`.
    pub fn announced(&mut self, source: IpAddr, beacon: Beacon, now_ms: u64) {
        if !is_credible(source) {
            return;
        }
        if let Some(known) = self.0.iter_mut().find(|f| f.address == source && f.has_lantalk(beacon.port)) {
            known.heard_ms = now_ms;
        } else if self.0.len() < MAX_SERVERS && self.count_from(source) < MAX_PER_ADDRESS {
            self.0.push(FoundServer { address: source, kind: DatagramKind::LanTalk(beacon.port), heard_ms: now_ms });
        }
    }

    /// Keeps one entry for each server of this machine, which hears itself at each of its addresses: of the addresses in
    /// `own`, the first that it was found at. Other hosts cannot send from these, so they cannot hide a server this way.
    pub fn merge_own(&mut self, own: &[IpAddr]) {
        let rank = |found: &FoundServer| own.iter().position(|address| *address == found.address);
        let all = self.0.clone();
        // Answers come first, whatever their address: they say more than beacons.
        let priority = |found: &FoundServer| rank(found).map(|rank| (!found.is_answer(), rank));
        self.0.retain(|found| {
            let own_priority = priority(found);
            !all.iter().any(|other| {
                priority(other).is_some() && priority(other) < own_priority && found.is_same_local_server(other)
            })
        });
    }

    /// Returns each server once: answers first, then by name and address.
    #[must_use]
    pub fn list(&self) -> Vec<FoundServer> {
        let mut list = self.sorted();
        let all = list.clone();
        let is_listed_before = |found: &FoundServer| {
            all.iter().take_while(|other| *other != found).any(|other| other.is_other_address_of(found))
        };
        list.retain(|found| !is_listed_before(found));
        list
    }

    fn sorted(&self) -> Vec<FoundServer> {
        let mut list = self.0.clone();
        list.sort_by_cached_key(|found| {
            let name = match &found.kind {
                DatagramKind::Landline(answer) => answer.name.to_lowercase(),
                DatagramKind::LanTalk(_) => String::new(),
            };
            (!found.is_answer(), name, found.address, found.port())
        });
        list
    }

    /// Makes sure that one more answer from `source` fits, by removing a beacon if necessary. False if it does not fit.
    fn take_slot(&mut self, source: IpAddr) -> bool {
        let crowded = self.count_from(source) >= MAX_PER_ADDRESS;
        if !crowded && self.0.len() < MAX_SERVERS {
            return true;
        }
        let beacon = self.0.iter().position(|found| !found.is_answer() && (!crowded || found.address == source));
        beacon.map(|at| self.0.remove(at)).is_some()
    }

    fn count_from(&self, source: IpAddr) -> usize {
        self.0.iter().filter(|found| found.address == source).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    fn ip(n: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + n).into()
    }

    fn answer(name: &str, port: u16) -> Answer {
        let addr = Ipv4Addr::LOCALHOST.into();
        let version = "0.1.0".into();
        Answer {
            name: name.into(),
            addr,
            port,
            lantalk: 5_050,
            users: 0,
            password: false,
            version,
            id: String::new(),
            also: Vec::new(),
            tls: false,
            key: None,
        }
    }

    #[test]
    fn d17_a_server_with_two_addresses_is_listed_once_and_cannot_be_hidden() {
        let at = |own: u32, also: &[u32], id: &str| {
            let mut servers = Servers::default();
            let named = |also: &[u32]| also.iter().map(|n| ip(*n)).collect();
            servers.answered(ip(2), Answer { id: "0f".into(), also: named(&[1, 2]), ..answer("room", 1) }, 0);
            servers.answered(ip(own), Answer { id: id.into(), also: named(also), ..answer("room", 1) }, 0);
            rows(&servers)
        };
        assert_eq!(at(1, &[2], "0f"), [(ip(1), 1)]);
        assert_eq!(at(1, &[2], "1e"), [(ip(1), 1), (ip(2), 1)], "another server");
        assert_eq!(at(1, &[], "0f").len(), 2, "the other answer does not list this address");
        assert_eq!(at(3, &[1, 2], "0f").len(), 2, "a copied id hides no server");
    }

    fn beacon(port: u16) -> Beacon {
        Beacon { addr: Ipv4Addr::new(6, 6, 6, 6), port }
    }

    fn rows(servers: &Servers) -> Vec<(IpAddr, u16)> {
        servers.list().iter().map(|found| (found.address, found.port())).collect()
    }

    #[test]
    fn the_source_address_is_used_and_ages_count_from_the_last_datagram() {
        let mut servers = Servers::default();
        servers.announced(ip(1), beacon(5_050), 100);
        servers.answered(ip(2), answer("Beta", 1), 100);
        servers.answered(ip(3), answer("alpha", 1), 200);
        servers.answered(ip(2), Answer { users: 7, ..answer("Beta", 1) }, 300);
        assert_eq!(rows(&servers), [(ip(3), 1), (ip(2), 1), (ip(1), 5_050)]);
        let ages: Vec<u64> = servers.list().iter().map(|found| found.age_ms(350)).collect();
        assert_eq!(ages, [150, 50, 250]);
        assert!(matches!(&servers.list()[1].kind, DatagramKind::Landline(answer) if answer.users == 7));
        assert_eq!(servers.list()[0].age_ms(0), 0, "a clock that steps back");
    }

    #[test]
    fn a_server_with_an_answer_and_a_beacon_is_listed_once() {
        let mut servers = Servers::default();
        servers.announced(ip(1), beacon(5_050), 0);
        servers.answered(ip(1), answer("a", 12_345), 1);
        assert_eq!(rows(&servers), [(ip(1), 12_345)], "the beacon came first");
        servers.announced(ip(1), beacon(5_050), 2);
        assert_eq!(rows(&servers), [(ip(1), 12_345)], "the beacon came later");
        servers.announced(ip(1), beacon(5_060), 3);
        servers.announced(ip(2), beacon(5_050), 3);
        assert_eq!(
            rows(&servers),
            [(ip(1), 12_345), (ip(1), 5_060), (ip(2), 5_050)],
            "another port or address is another server"
        );
    }

    #[test]
    fn ten_thousand_beacons_from_one_address_take_four_slots() {
        let mut servers = Servers::default();
        for n in 0..10_000 {
            servers.announced(ip(1), beacon(1 + n), 0);
        }
        assert_eq!(servers.list().len(), MAX_PER_ADDRESS);
        servers.answered(ip(1), answer("here too", 7), 1);
        assert_eq!(servers.list().len(), MAX_PER_ADDRESS);
        assert_eq!(servers.list()[0].port(), 7, "an answer takes the slot of a beacon");
        for n in 0..100 {
            servers.answered(ip(1), answer("liar", 100 + n), 2);
        }
        assert_eq!(servers.list().len(), MAX_PER_ADDRESS);
        assert!(servers.list().iter().all(FoundServer::is_answer));
        assert!(servers.list().iter().any(|found| found.port() == 7));
    }

    #[test]
    fn ten_thousand_beacons_from_as_many_addresses_evict_no_answer() {
        let mut servers = Servers::default();
        servers.answered(ip(1), answer("before", 1), 0);
        for n in 0..10_000 {
            servers.announced(ip(100 + n), beacon(5_050), 1);
        }
        assert_eq!(servers.list().len(), MAX_SERVERS);
        for n in 0..MAX_SERVERS as u32 + 10 {
            servers.answered(ip(2 + n), answer("after", 1), 2);
        }
        let list = servers.list();
        assert_eq!(list.len(), MAX_SERVERS);
        assert!(list.iter().all(FoundServer::is_answer), "answers replace beacons");
        assert!(list.iter().any(|found| found.address == ip(1)), "answers stay");
        servers.announced(ip(1), beacon(9), 3);
        servers.announced(ip(9_999), beacon(9), 3);
        assert_eq!(servers.list(), list);
    }

    #[test]
    fn servers_with_forged_source_addresses_are_not_listed() {
        let mut servers = Servers::default();
        for source in [Ipv4Addr::BROADCAST, Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(224, 0, 0, 1)] {
            servers.announced(source.into(), beacon(5_050), 0);
            servers.answered(source.into(), answer("a", 1), 0);
        }
        assert_eq!(servers.list(), []);
    }

    #[test]
    fn this_machines_own_servers_are_listed_once() {
        let own = [ip(1), ip(2), Ipv4Addr::LOCALHOST.into()];
        let mut servers = Servers::default();
        servers.announced(own[0], beacon(7_000), 0);
        servers.announced(own[2], beacon(7_000), 0);
        servers.announced(own[0], beacon(5_050), 0);
        servers.answered(own[2], answer("mine", 1), 0);
        servers.answered(own[1], answer("mine", 1), 0);
        servers.answered(own[1], answer("mine too", 2), 0);
        servers.answered(ip(9), answer("mine", 1), 0);
        servers.merge_own(&own);
        assert_eq!(rows(&servers), [(own[1], 1), (ip(9), 1), (own[1], 2), (own[0], 7_000)]);
    }
}
