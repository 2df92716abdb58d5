//! The list of servers that were heard, bounded whatever the network sends.

use super::{Answer, Beacon, is_credible};
use core::net::IpAddr;

/// More servers than anybody would read through.
const MOST: usize = 64;
/// More servers than anybody runs on one machine.
const MOST_FROM_ONE: usize = 4;

/// A server that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where its datagrams came from, whatever they say.
    pub address: IpAddr,
    /// What it is.
    pub kind: Kind,
    heard_ms: u64,
}

/// How a server was found, and so how much is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answered our question.
    Landline(Answer),
    /// It sends LanTalk's beacon, which tells this port and no more.
    LanTalk(u16),
}

impl Found {
    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        match &self.kind {
            Kind::Landline(answer) => answer.port,
            Kind::LanTalk(port) => *port,
        }
    }

    /// Milliseconds since it was last heard.
    #[must_use]
    pub fn age_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.heard_ms)
    }

    fn answered(&self) -> bool {
        matches!(self.kind, Kind::Landline(_))
    }

    /// Whether a LanTalk beacon with this port is this server's.
    fn has_lantalk(&self, beacon: u16) -> bool {
        match &self.kind {
            Kind::Landline(answer) => answer.lantalk == beacon,
            Kind::LanTalk(port) => *port == beacon,
        }
    }

    /// Whether two that answered from two addresses are one server: each says so of the other's. The id alone proves
    /// nothing, as anybody can repeat it, to hide a server behind another one.
    fn is_at(&self, other: &Found) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Landline(a), Kind::Landline(b)) => {
                let is_same = !a.id.is_empty() && (&a.id, a.port) == (&b.id, b.port);
                is_same && a.also.contains(&other.address) && b.also.contains(&self.address)
            }
            _ => false,
        }
    }

    /// Whether two that were heard from this machine itself are one.
    fn is_same_as(&self, other: &Found) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Landline(a), Kind::Landline(b)) => {
                (&a.name, a.port, a.lantalk, &a.version) == (&b.name, b.port, b.lantalk, &b.version)
            }
            (_, Kind::LanTalk(port)) => self.has_lantalk(*port),
            (Kind::LanTalk(port), _) => other.has_lantalk(*port),
        }
    }
}

/// The servers that were heard: at most 64, at most 4 of them from one address. What answered our question stays;
/// a beacon, which anybody can send to everybody unasked, only ever takes a place that is free.
#[derive(Clone, Debug, Default)]
pub struct Servers(Vec<Found>);

impl Servers {
    /// Takes note of an answer that came from `source` at `now_ms`.
    pub fn answered(&mut self, source: IpAddr, answer: Answer, now_ms: u64) {
        if !is_credible(source) {
            return;
        }
        // Its beacon may have been heard before.
        let lantalk = Kind::LanTalk(answer.lantalk);
        self.0.retain(|found| found.address != source || found.kind != lantalk);
        let port = answer.port;
        let new = Found { address: source, kind: Kind::Landline(answer), heard_ms: now_ms };
        let known = self.0.iter_mut().find(|f| f.address == source && f.answered() && f.port() == port);
        if let Some(known) = known {
            *known = new;
        } else if self.make_room(source) {
            self.0.push(new);
        }
    }

    /// Takes note of a beacon that came from `source` at `now_ms`.
    pub fn announced(&mut self, source: IpAddr, beacon: Beacon, now_ms: u64) {
        if !is_credible(source) {
            return;
        }
        if let Some(known) = self.0.iter_mut().find(|f| f.address == source && f.has_lantalk(beacon.port)) {
            known.heard_ms = now_ms;
        } else if self.0.len() < MOST && self.from(source) < MOST_FROM_ONE {
            self.0.push(Found { address: source, kind: Kind::LanTalk(beacon.port), heard_ms: now_ms });
        }
    }

    /// One row for each server of this very machine, which hears itself at each of its addresses: the first of `own`
    /// that it was heard from stays. Nobody else can send from these, so nobody can hide a server so.
    pub fn merge_own(&mut self, own: &[IpAddr]) {
        let rank = |found: &Found| own.iter().position(|address| *address == found.address);
        let all = self.0.clone();
        // An answer says more than a beacon, so it comes before, whatever the address.
        let place = |found: &Found| rank(found).map(|rank| (!found.answered(), rank));
        self.0.retain(|found| {
            let mine = place(found);
            !all.iter().any(|other| place(other).is_some() && place(other) < mine && found.is_same_as(other))
        });
    }

    /// All of them, each once: those that answered first, then by name and address.
    #[must_use]
    pub fn list(&self) -> Vec<Found> {
        let mut list = self.sorted();
        let all = list.clone();
        let is_listed_before =
            |found: &Found| all.iter().take_while(|other| *other != found).any(|other| other.is_at(found));
        list.retain(|found| !is_listed_before(found));
        list
    }

    fn sorted(&self) -> Vec<Found> {
        let mut list = self.0.clone();
        list.sort_by_cached_key(|found| {
            let name = match &found.kind {
                Kind::Landline(answer) => answer.name.to_lowercase(),
                Kind::LanTalk(_) => String::new(),
            };
            (!found.answered(), name, found.address, found.port())
        });
        list
    }

    /// Makes a place for an answer: a beacon gives its own up.
    fn make_room(&mut self, source: IpAddr) -> bool {
        let crowded = self.from(source) >= MOST_FROM_ONE;
        if !crowded && self.0.len() < MOST {
            return true;
        }
        let goes = self.0.iter().position(|found| !found.answered() && (!crowded || found.address == source));
        goes.map(|at| self.0.remove(at)).is_some()
    }

    fn from(&self, source: IpAddr) -> usize {
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
        let (id, also) = (String::new(), Vec::new());
        Answer { name: name.into(), addr, port, lantalk: 5_050, users: 0, password: false, version, id, also }
    }

    #[test]
    fn d17_a_server_with_two_addresses_is_one_row_and_nobody_hides_it() {
        let at = |own: u32, also: &[u32], id: &str| {
            let mut servers = Servers::default();
            let named = |also: &[u32]| also.iter().map(|n| ip(*n)).collect();
            servers.answered(ip(2), Answer { id: "0f".into(), also: named(&[1, 2]), ..answer("room", 1) }, 0);
            servers.answered(ip(own), Answer { id: id.into(), also: named(also), ..answer("room", 1) }, 0);
            rows(&servers)
        };
        assert_eq!(at(1, &[2], "0f"), [(ip(1), 1)]);
        assert_eq!(at(1, &[2], "1e"), [(ip(1), 1), (ip(2), 1)], "another server");
        assert_eq!(at(1, &[], "0f").len(), 2, "it does not say so itself");
        assert_eq!(at(3, &[1, 2], "0f").len(), 2, "who copies an id hides nobody");
    }

    fn beacon(port: u16) -> Beacon {
        Beacon { addr: Ipv4Addr::new(6, 6, 6, 6), port }
    }

    fn rows(servers: &Servers) -> Vec<(IpAddr, u16)> {
        servers.list().iter().map(|found| (found.address, found.port())).collect()
    }

    #[test]
    fn the_source_address_wins_and_ages_count_from_the_last_time() {
        let mut servers = Servers::default();
        servers.announced(ip(1), beacon(5_050), 100);
        servers.answered(ip(2), answer("Beta", 1), 100);
        servers.answered(ip(3), answer("alpha", 1), 200);
        servers.answered(ip(2), Answer { users: 7, ..answer("Beta", 1) }, 300);
        assert_eq!(rows(&servers), [(ip(3), 1), (ip(2), 1), (ip(1), 5_050)]);
        let ages: Vec<u64> = servers.list().iter().map(|found| found.age_ms(350)).collect();
        assert_eq!(ages, [150, 50, 250]);
        assert!(matches!(&servers.list()[1].kind, Kind::Landline(answer) if answer.users == 7));
        assert_eq!(servers.list()[0].age_ms(0), 0, "a clock that steps back");
    }

    #[test]
    fn a_server_that_answers_is_not_listed_again_for_its_beacon() {
        let mut servers = Servers::default();
        servers.announced(ip(1), beacon(5_050), 0);
        servers.answered(ip(1), answer("a", 12_345), 1);
        assert_eq!(rows(&servers), [(ip(1), 12_345)], "the beacon came first");
        servers.announced(ip(1), beacon(5_050), 2);
        assert_eq!(rows(&servers), [(ip(1), 12_345)], "the beacon came later");
        servers.announced(ip(1), beacon(5_060), 3);
        servers.announced(ip(2), beacon(5_050), 3);
        assert_eq!(rows(&servers), [(ip(1), 12_345), (ip(1), 5_060), (ip(2), 5_050)], "others are others");
    }

    #[test]
    fn ten_thousand_beacons_from_one_address_take_four_places() {
        let mut servers = Servers::default();
        for n in 0..10_000 {
            servers.announced(ip(1), beacon(1 + n), 0);
        }
        assert_eq!(servers.list().len(), MOST_FROM_ONE);
        servers.answered(ip(1), answer("here too", 7), 1);
        assert_eq!(servers.list().len(), MOST_FROM_ONE);
        assert_eq!(servers.list()[0].port(), 7, "an answer takes the place of a beacon");
        for n in 0..100 {
            servers.answered(ip(1), answer("liar", 100 + n), 2);
        }
        assert_eq!(servers.list().len(), MOST_FROM_ONE);
        assert!(servers.list().iter().all(Found::answered));
        assert!(servers.list().iter().any(|found| found.port() == 7));
    }

    #[test]
    fn ten_thousand_beacons_from_as_many_addresses_push_no_answer_out() {
        let mut servers = Servers::default();
        servers.answered(ip(1), answer("before", 1), 0);
        for n in 0..10_000 {
            servers.announced(ip(100 + n), beacon(5_050), 1);
        }
        assert_eq!(servers.list().len(), MOST);
        for n in 0..MOST as u32 + 10 {
            servers.answered(ip(2 + n), answer("after", 1), 2);
        }
        let list = servers.list();
        assert_eq!(list.len(), MOST);
        assert!(list.iter().all(Found::answered), "beacons made room");
        assert!(list.iter().any(|found| found.address == ip(1)), "answers stay");
        servers.announced(ip(1), beacon(9), 3);
        servers.announced(ip(9_999), beacon(9), 3);
        assert_eq!(servers.list(), list);
    }

    #[test]
    fn forged_sources_are_not_listed() {
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
