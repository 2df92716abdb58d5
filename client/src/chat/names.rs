//! A bounded set of names, in the order of the alphabet, compared without case.

use std::collections::BTreeMap;

/// NameSet of people or rooms.
#[derive(Clone, Debug, Default)]
pub struct NameSet {
    most: usize,
    /// By the name in small letters.
    names: BTreeMap<String, Box<str>>,
}

impl NameSet {
    /// None yet, and never more than `most`.
    #[must_use]
    pub fn new(most: usize) -> NameSet {
        NameSet { most, names: BTreeMap::new() }
    }

    /// Adds one. `false` if it was there, or there are too many.
    pub fn add(&mut self, name: &str) -> bool {
        let room = self.names.len() < self.most;
        room && self.names.insert(name.to_lowercase(), name.into()).is_none()
    }

    /// Removes one. Whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.names.remove(&name.to_lowercase()).is_some()
    }

    /// Whether it is there.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains_key(&name.to_lowercase())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.values().map(|name| &**name)
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.names.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_bounded() {
        let mut names = NameSet::new(2);
        assert!(names.add("Bob") && !names.add("BOB") && names.add("alice") && !names.add("carol"));
        assert_eq!(names.iter().collect::<Vec<_>>(), ["alice", "BOB"]);
        assert!(names.contains("bob") && names.remove("bOB") && !names.remove("bob"));
    }
}
