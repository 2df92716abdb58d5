//! What the pure parts cost that every line goes through: `cargo bench -p landline-common`.

mod clean;
mod command;
mod lines;
mod rendering;

use criterion::{criterion_group, criterion_main};

criterion_group!(pure, lines::bench, command::bench, clean::bench, rendering::bench);
criterion_main!(pure);

/// A text of the length that most lines of chat stay below.
const TEXT: &str = "the quick brown fox jumps over the lazy dog, and nobody minds it";
