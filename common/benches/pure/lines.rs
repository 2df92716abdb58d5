//! Bytes → messages.

use crate::TEXT;
use criterion::{Criterion, Throughput};
use landline_common::Limits;
use landline_common::limits::count;
use landline_common::lines::{Framing, ReadMessage, ReceiveBuffer};
use std::hint::black_box;

/// As many lines as a busy client sends at once.
const LINES: usize = 64;

/// Gives `input` the bytes of one read after another and takes every message from it. Returns how many there were.
fn feed<'b>(input: &mut ReceiveBuffer, reads: impl Iterator<Item = &'b [u8]>) -> usize {
    let mut messages = 0;
    for mut read in reads {
        while !read.is_empty() {
            let space = input.space();
            let count = space.len().min(read.len());
            space[..count].copy_from_slice(&read[..count]);
            input.advance(count);
            read = &read[count..];
            while let Some(piece) = input.next() {
                messages += usize::from(matches!(black_box(piece), ReadMessage::Text(_)));
            }
        }
    }
    messages
}

/// An input whose client sends each message without a newline.
fn unframed(longest: usize) -> ReceiveBuffer {
    let mut input = ReceiveBuffer::new(longest);
    let first = input.space();
    first[..TEXT.len()].copy_from_slice(TEXT.as_bytes());
    input.advance(TEXT.len());
    input.report_silence();
    assert_eq!(input.framing(), Framing::Unframed);
    assert!(input.next().is_some());
    input
}

pub fn bench(criterion: &mut Criterion) {
    let longest = count(Limits::default().line_bytes);
    let mut group = criterion.benchmark_group("lines");

    let stream = format!("{TEXT}\n").repeat(LINES);
    group.throughput(Throughput::Bytes(stream.len() as u64));
    let mut input = ReceiveBuffer::lines_only(longest);
    group.bench_function("framed, many a read", |b| {
        b.iter(|| assert_eq!(feed(&mut input, std::iter::once(stream.as_bytes())), LINES));
    });
    let one = format!("{TEXT}\n");
    group.bench_function("framed, one a read", |b| {
        b.iter(|| assert_eq!(feed(&mut input, std::iter::repeat_n(one.as_bytes(), LINES)), LINES));
    });

    group.throughput(Throughput::Bytes((TEXT.len() * LINES) as u64));
    let mut input = unframed(longest);
    group.bench_function("unframed", |b| {
        b.iter(|| assert_eq!(feed(&mut input, std::iter::repeat_n(TEXT.as_bytes(), LINES)), LINES));
    });

    let accented = "übermütige Füchse springen über träge Hunde — 🎉".repeat(2);
    group.throughput(Throughput::Bytes((accented.len() * LINES) as u64));
    group.bench_function("unframed, Unicode", |b| {
        b.iter(|| assert_eq!(feed(&mut input, std::iter::repeat_n(accented.as_bytes(), LINES)), LINES));
    });
    group.finish();
}
