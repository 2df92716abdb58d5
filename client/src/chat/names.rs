//! A bounded, sorted set of names that ignores case.

use std::collections::BTreeMap;

/// Names of users or rooms.
#[derive(Clone, Debug, Default)]
pub struct NameSet {
    capacity: usize,
    /// Names as written, by the name in lower case.
    names: BTreeMap<String, Box<str>>,
}

impl NameSet {
    /// Creates an empty set for at most `capacity` names.
    #[must_use]
    pub fn new(capacity: usize) -> NameSet {
        NameSet { capacity, names: BTreeMap::new() }
    }

    /// Adds a name, in its latest spelling. Returns `false` if the name was known or the set is full.
    pub fn add(&mut self, name: &str) -> bool {
        let has_space = self.names.len() < self.capacity;
        has_space && self.names.insert(name.to_lowercase(), name.into()).is_none()
    }

    /// Removes a name. Returns `false` if it was not in the set.
    pub fn remove(&mut self, name: &str) -> bool {
        self.names.remove(&name.to_lowercase()).is_some()
    }

    /// Returns whether the set has a name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains_key(&name.to_lowercase())
    }

    /// Returns the number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the names in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.values().map(|name| &**name)
    }

    /// Removes all names.
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
