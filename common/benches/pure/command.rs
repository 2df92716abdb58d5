//! A line → what it means.

use crate::TEXT;
use criterion::{Criterion, Throughput};
use landline_common::Command;
use landline_common::command::parse;
use std::hint::black_box;

/// What it is called, the line, and whether it is talk.
const LINES: [(&str, &str, bool); 7] = [
    ("talk", TEXT, true),
    ("talk with a colon", "about that fox: it jumps over the lazy dog, and nobody minds it", true),
    ("talk that begins like a command", "help me with this fox", true),
    ("own name in front", "alice: the quick brown fox jumps over the lazy dog", true),
    ("bare command", "whoelse", false),
    ("bare command with text", "broadcast the quick brown fox jumps over the lazy dog", false),
    ("slash command", "/pm bob the quick brown fox jumps over the lazy dog", false),
];

pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("command");
    for (name, line, is_talk) in LINES {
        assert_eq!(matches!(parse(line, "alice"), Some(Ok(Command::Say(_)))), is_talk, "{name}");
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(name, |b| b.iter(|| parse(black_box(line), black_box("alice")).is_some()));
    }
    group.finish();
}
