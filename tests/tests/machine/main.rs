//! People do whatever they like, one after the other, and a simple model predicts every line that each of them gets.
//!
//! The seed is fixed; `PROPTEST_RNG_SEED`, `PROPTEST_CASES` and so on change what is tried.

mod steps;
mod table;
mod world;

use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::Cell;

/// How many servers are tried, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 110;
/// What these come to.
const STEPS: usize = 10_000;

#[test]
fn everybody_hears_exactly_what_they_must() {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    let as_usual = std::env::var_os("PROPTEST_CASES").is_none() && config.rng_seed == RngSeed::Random;
    if as_usual {
        (config.cases, config.rng_seed) = (CASES, RngSeed::Fixed(77));
    }
    let done = Cell::new(0);
    let tried = TestRunner::new(config).run(&steps::steps(), |steps| {
        done.set(done.get() + table::play(&steps)?);
        Ok(())
    });
    tried.unwrap_or_else(|why| panic!("{why}"));
    assert!(!as_usual || done.get() >= STEPS, "only {} steps", done.get());
}
