//! Bodies that cost work to make, kept for the next request that needs the same.
//!
//! Any web page can make a browser ask for such a body again and again, and nobody signs in before.

use landline_common::bounded_map::{BoundedMap, Priority};
use parking_lot::Mutex;
use std::sync::Arc;

/// The last `N` bodies, by what they were made from.
#[derive(Debug)]
pub(super) struct Kept<V, const N: usize>(Mutex<Table<V, N>>);

#[derive(Debug)]
struct Table<V, const N: usize> {
    /// Counts the uses.
    uses: u64,
    /// Each body with its last use.
    bodies: BoundedMap<String, (u64, Arc<V>), N>,
}

impl<V, const N: usize> Default for Kept<V, N> {
    fn default() -> Self {
        Kept(Mutex::new(Table { uses: 0, bodies: BoundedMap::default() }))
    }
}

impl<V, const N: usize> Kept<V, N> {
    /// Returns the body of `key`, and makes it if it is not kept. The body that was not used for the longest time gives way.
    ///
    /// The lock is free while `make` runs, so two requests may make the same body.
    pub(super) fn get_or_make(&self, key: &str, make: impl FnOnce() -> Option<V>) -> Option<Arc<V>> {
        let known = self.0.lock().find(key);
        known.or_else(|| {
            let made = Arc::new(make()?);
            self.0.lock().keep(key, Arc::clone(&made));
            Some(made)
        })
    }
}

impl<V, const N: usize> Table<V, N> {
    fn find(&mut self, key: &str) -> Option<Arc<V>> {
        self.uses += 1;
        let (used, body) = self.bodies.get_mut(&key.to_owned())?;
        *used = self.uses;
        Some(Arc::clone(body))
    }

    fn keep(&mut self, key: &str, body: Arc<V>) {
        let uses = self.uses;
        self.bodies.entry(key.to_owned(), |(used, _)| Priority::Rank(*used)).or_insert((uses, body));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_made_once_and_the_oldest_use_gives_way() {
        let kept = Kept::<String, 2>::default();
        let mut made = Vec::new();
        let mut get = |key: &str| {
            let body = kept.get_or_make(key, || {
                made.push(key.to_owned());
                Some(format!("body of {key}"))
            });
            assert_eq!(*body.unwrap(), format!("body of {key}"));
        };
        for key in ["a", "b", "a", "a", "c", "a", "b", "b"] {
            get(key);
        }
        assert_eq!(made, ["a", "b", "c", "b"], "a was used behind b, so b gave way to c");
        assert_eq!(kept.get_or_make("none", || None), None);
    }
}
