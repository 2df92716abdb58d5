//! A model-based test of the server. `steps` generates random steps of several users, `world` is a model that predicts
//! every line that each user receives, and `table` runs the steps against a real server and compares.
//!
//! One step is complete before the next one begins, so the test finds no races. The seed is fixed; `PROPTEST_RNG_SEED`,
//! `PROPTEST_CASES` and other variables of proptest change it.

mod steps;
mod table;
mod world;

use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::Cell;

/// Number of cases, each with its own server, unless `PROPTEST_CASES` is set.
const CASES: u32 = 110;
/// Minimum of steps that these cases have in total.
const STEPS: usize = 10_000;

#[test]
fn every_user_receives_exactly_the_predicted_lines() {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    let is_default = std::env::var_os("PROPTEST_CASES").is_none() && config.rng_seed == RngSeed::Random;
    if is_default {
        config.cases = CASES;
        config.rng_seed = RngSeed::Fixed(77);
    }
    let done = Cell::new(0);
    let tried = TestRunner::new(config).run(&steps::steps(), |steps| {
        done.set(done.get() + table::play(&steps)?);
        Ok(())
    });
    tried.unwrap_or_else(|why| panic!("{why}"));
    assert!(!is_default || done.get() >= STEPS, "only {} steps", done.get());
}
