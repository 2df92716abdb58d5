//! Resources of a process, for tests that run for long and look for leaks.

use std::fs;

/// Resources that a process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessResources {
    /// Number of threads.
    pub threads: usize,
    /// Number of open files, sockets and pipes.
    pub descriptors: usize,
}

/// Counts the resources of a process now.
#[must_use]
pub fn count_resources(process: u32) -> ProcessResources {
    let count = |folder: &str| fs::read_dir(format!("/proc/{process}/{folder}")).expect("a process").count();
    ProcessResources { threads: count("task"), descriptors: count("fd") }
}

/// Returns the minimum of many counts. A single count may be too high: listing the networks opens a socket for a
/// moment.
#[must_use]
pub fn resources_at_rest(process: u32) -> ProcessResources {
    let samples: Vec<ProcessResources> = (0..50).map(|_| count_resources(process)).collect();
    let min = |count: fn(&ProcessResources) -> usize| samples.iter().map(count).min().expect("some samples");
    ProcessResources { threads: min(|held| held.threads), descriptors: min(|held| held.descriptors) }
}

/// Returns the resident memory of a process, in KiB.
#[must_use]
pub fn resident_kib(process: u32) -> u64 {
    crate::bench::usage(process).expect("a process").resident_kib
}
