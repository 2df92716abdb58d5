//! What the server takes up anew while it runs, when it is asked to by SIGHUP: each part by itself, so that one that
//! fails leaves the others done and itself as it was.

/// Takes one part up anew.
type Part = Box<dyn Fn() -> Result<(), String> + Send>;

/// The parts, in the order in which they are taken up.
#[derive(Default)]
pub struct Reload {
    parts: Vec<(&'static str, Part)>,
}

impl Reload {
    /// Adds a part; `name` is what the log calls it.
    pub fn add(&mut self, name: &'static str, part: impl Fn() -> Result<(), String> + Send + 'static) {
        self.parts.push((name, Box::new(part)));
    }

    /// Takes all parts up anew, and logs what became of each.
    pub fn run(&self) {
        for (name, part) in &self.parts {
            match part() {
                Ok(()) => log::info!("reload: {name}"),
                Err(why) => log::error!("reload: {name} failed: {why}; it is as it was"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    #[test]
    fn a_part_that_fails_does_not_keep_the_others() {
        let done = Arc::new(AtomicU32::new(0));
        let counted = done.clone();
        let mut reload = Reload::default();
        reload.add("bad", || Err("no".to_owned()));
        reload.add("good", move || {
            counted.fetch_add(1, Relaxed);
            Ok(())
        });
        reload.run();
        reload.run();
        assert_eq!(done.load(Relaxed), 2);
    }
}
