//! What soaks share: what a process holds.

use std::fs;

/// What a process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its threads.
    pub threads: usize,
    /// Its open files, sockets and pipes.
    pub descriptors: usize,
}

/// What it holds now.
#[must_use]
pub fn held(process: u32) -> Held {
    let count = |folder: &str| fs::read_dir(format!("/proc/{process}/{folder}")).expect("a process").count();
    Held { threads: count("task"), descriptors: count("fd") }
}

/// What it holds while nothing happens: whoever looks which networks there are has a socket more for a moment.
#[must_use]
pub fn held_at_rest(process: u32) -> Held {
    let looks: Vec<Held> = (0..50).map(|_| held(process)).collect();
    let least = |count: fn(&Held) -> usize| looks.iter().map(count).min().expect("some looks");
    Held { threads: least(|held| held.threads), descriptors: least(|held| held.descriptors) }
}

/// Its memory that is really there, in KiB.
#[must_use]
pub fn resident_kib(process: u32) -> u64 {
    crate::bench::usage(process).expect("a process").resident_kib
}
