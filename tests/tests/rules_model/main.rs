//! A model-based test of the rules of rooms and the server. `steps` generates random steps of users on several doors,
//! `model` is a second statement of the rules in plain Rust, and `world` runs the steps against a real server.
//!
//! Two facts are compared after each step: whether the server refused it, with the reason, and which users have read the
//! message. One step is complete before the next one begins. The seed is fixed; `PROPTEST_RNG_SEED`, `PROPTEST_CASES` and
//! other variables of proptest change it.

mod model;
mod refusal;
mod sanctions;
mod steps;
mod world;

use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::Cell;

/// Number of cases, each with its own server, unless `PROPTEST_CASES` is set.
const CASES: u32 = 50;
/// Minimum of steps that these cases have in total.
const STEPS: usize = 10_000;

#[test]
fn each_step_is_refused_or_heard_as_the_rules_say_on_every_door() {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    let is_default = std::env::var_os("PROPTEST_CASES").is_none() && config.rng_seed == RngSeed::Random;
    if is_default {
        config.cases = CASES;
        config.rng_seed = RngSeed::Fixed(78);
    }
    let done = Cell::new(0);
    let tried = TestRunner::new(config).run(&steps::steps(), |steps| {
        done.set(done.get() + world::play(&steps)?);
        Ok(())
    });
    tried.unwrap_or_else(|why| panic!("{why}"));
    assert!(!is_default || done.get() >= STEPS, "only {} steps", done.get());
}
