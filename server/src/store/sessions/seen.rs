//! Who was here last when. Bounded: who has been away longest is forgotten first.

use super::Record;
use landline_common::{Moment, NameKey, UserName};
use std::collections::{BTreeSet, HashMap};

/// Somebody who was here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The name, as they wrote it when they last came.
    pub name: UserName,
    /// True if they came with an account then.
    pub account: bool,
    /// When they left, or, if they are still here, came.
    pub at: Moment,
    /// Their coming was noted, and no leaving since.
    pub here: bool,
}

/// Everybody who is remembered.
#[derive(Debug)]
pub(super) struct Seen {
    most: usize,
    people: HashMap<NameKey, Person>,
    /// The order in which they are forgotten: those who are away first, then by time.
    order: BTreeSet<(bool, i64, NameKey)>,
}

#[derive(Clone, Debug)]
struct Person {
    name: UserName,
    account: bool,
    at: i64,
    /// From where they are here. A name has one session at a time, so the last one that began is the one that counts.
    place: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    address: Box<str>,
    port: u16,
}

/// Somebody whose session ended without a note.
#[derive(Debug)]
pub(super) struct Gone {
    person: Person,
    place: Place,
}

impl Gone {
    /// The note that is missing.
    pub(super) fn record(&self) -> Record<'_> {
        let Person { name, account, at, .. } = &self.person;
        let at = Moment { unix_ms: *at, offset_s: 0 };
        Record { at, name, account: *account, address: &self.place.address, port: self.place.port }
    }
}

impl Seen {
    /// Nobody yet; `most` are remembered.
    pub(super) fn new(most: usize) -> Seen {
        Seen { most: most.max(1), people: HashMap::new(), order: BTreeSet::new() }
    }

    /// Somebody came.
    pub(super) fn login(&mut self, record: &Record<'_>) {
        let place = Some(Place { address: record.address.into(), port: record.port });
        self.set(Person { name: record.name.clone(), account: record.account, at: record.at.unix_ms, place });
    }

    /// Somebody left. The leaving of one session may be noted after the coming of the next one of that name: that one is
    /// still here then.
    pub(super) fn logout(&mut self, record: &Record<'_>) {
        let at = record.at.unix_ms;
        let place = Place { address: record.address.into(), port: record.port };
        let person = match self.people.get(record.name.key()) {
            Some(known) if known.place.is_some() && known.place != Some(place) => return,
            Some(known) if known.place.is_none() => Person { at: at.max(known.at), ..known.clone() },
            Some(known) => Person { at, place: None, ..known.clone() },
            None => Person { name: record.name.clone(), account: record.account, at, place: None },
        };
        self.set(person);
    }

    /// Nobody is here any more; those of whom no leaving is known were until `last_alive`.
    pub(super) fn end_all(&mut self, last_alive: Moment) -> Vec<Gone> {
        let here = self.people.values().filter(|person| person.place.is_some()).cloned();
        let end = |mut person: Person| {
            person.at = person.at.max(last_alive.unix_ms);
            person.place.take().map(|place| Gone { person, place })
        };
        let mut gone: Vec<Gone> = here.collect::<Vec<_>>().into_iter().filter_map(end).collect();
        gone.sort_by(|a, b| a.person.name.as_str().cmp(b.person.name.as_str()));
        gone.iter().for_each(|gone| self.set(gone.person.clone()));
        gone
    }

    /// Those who left at `since` or later, in that order, and then those who are here.
    pub(super) fn since(&self, since: Moment) -> Vec<Sighting> {
        let recent = self.order.iter().rev().take_while(|(here, at, _)| *here || *at >= since.unix_ms);
        let mut found: Vec<Sighting> =
            recent.filter_map(|(.., key)| self.people.get(key)).map(Person::sighting).collect();
        found.reverse();
        found
    }

    fn set(&mut self, person: Person) {
        let key = person.name.key().clone();
        let place_in_order = |person: &Person| (person.place.is_some(), person.at, person.name.key().clone());
        self.order.insert(place_in_order(&person));
        if let Some(before) = self.people.insert(key, person.clone())
            && place_in_order(&before) != place_in_order(&person)
        {
            self.order.remove(&place_in_order(&before));
        }
        if self.people.len() > self.most
            && let Some((.., forgotten)) = self.order.pop_first()
        {
            self.people.remove(&forgotten);
        }
    }
}

impl Person {
    fn sighting(&self) -> Sighting {
        let at = Moment { unix_ms: self.at, offset_s: 0 };
        Sighting { name: self.name.clone(), account: self.account, at, here: self.place.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody, as they came or left at that time, by the port.
    fn with<T>(name: &str, account: bool, port: u16, at: i64, note: impl FnOnce(&Record<'_>) -> T) -> T {
        let name = UserName::parse(name).unwrap();
        let at = Moment { unix_ms: at, offset_s: 0 };
        note(&Record { at, name: &name, account, address: "10.0.0.1", port })
    }

    fn login(seen: &mut Seen, name: &str, port: u16, at: i64) {
        with(name, false, port, at, |record| seen.login(record));
    }

    fn logout(seen: &mut Seen, name: &str, port: u16, at: i64) {
        with(name, false, port, at, |record| seen.logout(record));
    }

    fn since(seen: &Seen, at: i64) -> Vec<(String, i64, bool)> {
        let found = seen.since(Moment { unix_ms: at, offset_s: 0 });
        found.iter().map(|one| (one.name.to_string(), one.at.unix_ms, one.here)).collect()
    }

    fn of(name: &str, at: i64, here: bool) -> (String, i64, bool) {
        (name.to_owned(), at, here)
    }

    #[test]
    fn two_sessions_one_after_the_other_are_one_person() {
        let mut seen = Seen::new(10);
        login(&mut seen, "bob", 1, 10);
        // The next one has come before the leaving of the first is noted.
        login(&mut seen, "Bob", 2, 20);
        logout(&mut seen, "bob", 1, 21);
        assert_eq!(since(&seen, 50), [of("Bob", 20, true)]);
        logout(&mut seen, "Bob", 2, 30);
        assert_eq!(since(&seen, 30), [of("Bob", 30, false)]);
        // And here even the second has gone by then.
        login(&mut seen, "bob", 3, 40);
        login(&mut seen, "bob", 4, 41);
        logout(&mut seen, "bob", 4, 45);
        logout(&mut seen, "bob", 3, 42);
        assert_eq!(since(&seen, 0), [of("bob", 45, false)]);
        assert_eq!((seen.people.len(), seen.order.len()), (1, 1));
    }

    #[test]
    fn a_guests_name_may_later_be_an_accounts() {
        let mut seen = Seen::new(10);
        login(&mut seen, "bob", 1, 10);
        with("bob", true, 2, 20, |record| seen.login(record));
        logout(&mut seen, "bob", 1, 21);
        let found = seen.since(Moment::default());
        assert!(found.len() == 1 && found[0].account && found[0].here, "{found:?}");
    }

    #[test]
    fn who_has_been_away_longest_is_forgotten_first() {
        let mut seen = Seen::new(3);
        login(&mut seen, "alice", 1, 1);
        for (name, at) in [("b", 30), ("c", 20), ("d", 40)] {
            login(&mut seen, name, 2, at);
            logout(&mut seen, name, 2, at);
        }
        assert_eq!(since(&seen, 0), [of("b", 30, false), of("d", 40, false), of("alice", 1, true)]);
        for i in 0..100 {
            login(&mut seen, &format!("n{i}n"), 3, 100 + i);
        }
        assert_eq!((seen.people.len(), seen.order.len()), (3, 3));
        assert_eq!(since(&seen, 0)[0], of("n97n", 197, true), "all are here: who came first goes");
    }

    #[test]
    fn who_never_left_did_when_the_server_was_last_alive() {
        let mut seen = Seen::new(10);
        login(&mut seen, "alice", 1, 10);
        login(&mut seen, "bob", 2, 500);
        logout(&mut seen, "carol", 3, 20);
        let gone = seen.end_all(Moment { unix_ms: 400, offset_s: 0 });
        let gone: Vec<_> =
            gone.iter().map(|g| (g.record().name.as_str(), g.record().port, g.record().at.unix_ms)).collect();
        assert_eq!(gone, [("alice", 1, 400), ("bob", 2, 500)], "nobody leaves before they came");
        assert_eq!(since(&seen, 400), [of("alice", 400, false), of("bob", 500, false)]);
    }
}
