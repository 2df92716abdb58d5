//! The parts that the server reloads at SIGHUP. Each part is reloaded by itself: if one fails, it stays as it was, and
//! the others are still reloaded.

/// Reloads one part.
type ReloadPart = Box<dyn Fn() -> Result<(), String> + Send>;

/// The parts, in the order in which they are reloaded.
#[derive(Default)]
pub struct Reload {
    parts: Vec<(&'static str, ReloadPart)>,
}

impl Reload {
    /// Adds a part; `name` describes in the log what was done.
    pub fn add(&mut self, name: &'static str, part: impl Fn() -> Result<(), String> + Send + 'static) {
        self.parts.push((name, Box::new(part)));
    }

    /// Reloads all parts, and logs the result of each.
    pub fn run(&self) {
        for (name, part) in &self.parts {
            match part() {
                Ok(()) => log::info!("reload: {name}"),
                Err(why) => log::error!("reload: not done: {name}: {why}; all stays as it was, and SIGHUP tries again"),
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
    fn failing_part_does_not_stop_the_others() {
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
