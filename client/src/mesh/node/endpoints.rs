//! Where somebody may be. Anybody can say hello with anybody's id, so one address does not replace another: each is
//! dialled in its turn, and only the right one can prove to be the one who is looked for.

use crate::mesh::limits::{HEARD_MS, LAST_REDIAL_MS, PATIENCE_MS, PLACES, PLACES_PER_ADDRESS, REDIAL_MS};
use std::net::{IpAddr, SocketAddr};

/// One place.
#[derive(Debug)]
pub struct Endpoint {
    /// What is to be dialled.
    pub address: SocketAddr,
    /// When it may be dialled.
    pub dial_after: u64,
    at: u64,
    answered: Option<u64>,
    failed: u32,
    /// Handshakes in a row in which they could not prove to have the same passphrase.
    strange: u32,
}

impl Endpoint {
    fn is_silent(&self, now: u64) -> bool {
        self.at + HEARD_MS < now
    }
}

/// All of one id; whichever was not dialled for longest comes first.
#[derive(Debug, Default)]
pub struct Endpoints {
    places: Vec<Endpoint>,
    /// Which one is being dialled.
    pub dialling: Option<SocketAddr>,
}

impl Endpoints {
    /// Takes note of a hello from there. A place that is new, or was silent for long, may be dialled after `wait`.
    pub fn heard(&mut self, address: SocketAddr, now: u64, wait: u64) {
        if let Some(place) = self.places.iter_mut().find(|place| place.address == address) {
            if place.is_silent(now) {
                place.dial_after = place.dial_after.max(now + wait);
            }
            place.at = now;
        } else if self.make_room(address.ip(), now) {
            let (dial_after, answered) = (now + wait, None);
            self.places.push(Endpoint { address, dial_after, at: now, answered, failed: 0, strange: 0 });
        }
    }

    /// Whether there is room for one more at that address. Who was heard first stays, unless they are silent or failed,
    /// or have a second place there: so nobody at one address keeps out whoever is at another.
    fn make_room(&mut self, ip: IpAddr, now: u64) -> bool {
        let at = |ip: IpAddr| self.places.iter().filter(|place| place.address.ip() == ip).count();
        let crowded = at(ip) >= PLACES_PER_ADDRESS;
        if self.places.len() < PLACES && !crowded {
            return true;
        }
        let may_go = |(_, place): &(usize, &Endpoint)| {
            let there = place.address.ip();
            let second = !crowded && at(there) > 1;
            let worse = second || place.failed > 0 || place.is_silent(now);
            worse && (!crowded || there == ip) && self.dialling != Some(place.address)
        };
        let all = self.places.iter().enumerate().filter(may_go);
        let worst = all.max_by_key(|(_, place)| (place.is_silent(now), place.failed, place.at)).map(|(n, _)| n);
        worst.map(|n| self.places.remove(n)).is_some()
    }

    /// Whether a hello from there is to be answered: not each.
    pub fn answers(&mut self, address: SocketAddr, now: u64) -> bool {
        let place = self.places.iter_mut().find(|place| place.address == address);
        let due = place.filter(|place| place.answered.is_none_or(|at| at + REDIAL_MS <= now));
        due.map(|place| place.answered = Some(now)).is_some()
    }

    /// What may be dialled now: one at a time.
    pub fn ready(&self, now: u64) -> impl Iterator<Item = &Endpoint> {
        let all = self.dialling.is_none().then_some(&self.places).into_iter().flatten();
        all.filter(move |place| !place.is_silent(now) && place.dial_after <= now)
    }

    /// It is being dialled.
    pub fn dial(&mut self, address: SocketAddr) {
        self.dialling = Some(address);
        self.places.sort_by_key(|place| place.address == address);
    }

    /// The dial came to nothing. If the passphrase may be why, and it is the second time there: the address.
    pub fn failed(&mut self, strange: bool, now: u64) -> Option<SocketAddr> {
        let address = self.dialling.take()?;
        let place = self.put_off(address, now)?;
        place.strange = if strange { place.strange + 1 } else { 0 };
        (place.strange == 2).then_some(address)
    }

    /// The dial was answered there, but not by who is looked for, or they ended it.
    pub fn came_to_nothing(&mut self, address: SocketAddr, now: u64) {
        let _ = self.put_off(address, now);
    }

    /// One more failure there: the next dial is left for twice as long.
    fn put_off(&mut self, address: SocketAddr, now: u64) -> Option<&mut Endpoint> {
        let place = self.places.iter_mut().find(|place| place.address == address)?;
        place.dial_after = now + (REDIAL_MS << place.failed.min(5)).min(LAST_REDIAL_MS);
        place.failed += 1;
        Some(place)
    }

    /// The dial was answered; whether it is a link, is seen. If not, another place comes first.
    pub fn answered(&mut self, now: u64) {
        self.dialling = None;
        self.wait(now + PATIENCE_MS);
    }

    /// There is a link: all is well.
    pub fn linked(&mut self) {
        self.places.iter_mut().for_each(|place| (place.failed, place.strange) = (0, 0));
    }

    /// Nothing is dialled before.
    pub fn wait(&mut self, until: u64) {
        self.places.iter_mut().for_each(|place| place.dial_after = place.dial_after.max(until));
    }

    /// The link is lost: dialled is again then, however often that failed before.
    pub fn lost(&mut self, dial_after: u64) {
        self.places.iter_mut().for_each(|place| place.dial_after = dial_after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn at(n: u8, port: u16) -> SocketAddr {
        (Ipv4Addr::new(10, 0, 0, n), port).into()
    }

    fn ready(whereabouts: &Endpoints, now: u64) -> Vec<SocketAddr> {
        whereabouts.ready(now).map(|place| place.address).collect()
    }

    #[test]
    fn one_after_another_is_dialled() {
        let mut whereabouts = Endpoints::default();
        (1..=3).for_each(|n| whereabouts.heard(at(n, 1), 0, 0));
        let mut dialled = Vec::new();
        for now in 0..3 {
            let next = ready(&whereabouts, now * PATIENCE_MS)[0];
            whereabouts.dial(next);
            assert_eq!(ready(&whereabouts, u64::MAX / 2), [], "one at a time");
            whereabouts.answered(now * PATIENCE_MS);
            dialled.push(next);
        }
        assert_eq!(dialled, [at(1, 1), at(2, 1), at(3, 1)]);
        whereabouts.dial(at(2, 1));
        whereabouts.failed(false, 3 * PATIENCE_MS);
        assert_eq!(ready(&whereabouts, 3 * PATIENCE_MS), [at(1, 1), at(3, 1)]);
    }

    #[test]
    fn nobody_at_one_address_takes_all_places() {
        let mut whereabouts = Endpoints::default();
        for now in 0..1_000 {
            whereabouts.heard(at(1, 1_024 + u16::try_from(now).unwrap()), now, 0);
            whereabouts.heard(at(2, 1_024), now, 0);
        }
        assert_eq!(ready(&whereabouts, 1_000), [at(1, 1_024), at(2, 1_024), at(1, 1_025)]);
        // Nor those at two; and who was there is not pushed out.
        for now in 1_000..2_000 {
            whereabouts.heard(at(3, 1_024 + u16::try_from(now).unwrap()), now, 0);
        }
        whereabouts.heard(at(4, 1_024), 2_000, 0);
        let all = ready(&whereabouts, 2_000);
        assert_eq!(all.len(), PLACES);
        assert!(all.contains(&at(2, 1_024)) && all.contains(&at(4, 1_024)), "{all:?}");
    }

    #[test]
    fn what_failed_or_is_silent_makes_room() {
        let mut whereabouts = Endpoints::default();
        for n in 1..=4 {
            whereabouts.heard(at(n, 1), 0, 0);
        }
        whereabouts.heard(at(5, 1), 1, 0);
        assert!(!ready(&whereabouts, 1).contains(&at(5, 1)) && !whereabouts.answers(at(5, 1), 1));
        whereabouts.dial(at(2, 1));
        whereabouts.failed(false, 1);
        whereabouts.heard(at(5, 1), 2, 0);
        assert_eq!(ready(&whereabouts, 2), [at(1, 1), at(3, 1), at(4, 1), at(5, 1)]);
        whereabouts.heard(at(6, 1), HEARD_MS + 1, 0);
        assert_eq!(ready(&whereabouts, HEARD_MS + 1), [at(5, 1), at(6, 1)]);
        assert!(whereabouts.answers(at(6, 1), 0) && !whereabouts.answers(at(6, 1), 1));
        assert!(whereabouts.answers(at(6, 1), REDIAL_MS));
    }
}
