//! What people typed → what is safe to show.

use crate::TEXT;
use criterion::{Criterion, Throughput};
use landline_common::clean::clean;
use std::borrow::Cow;
use std::hint::black_box;

pub fn bench(criterion: &mut Criterion) {
    let unicode = "übermütige Füchse springen über träge Hunde — 🎉".to_owned();
    let hostile = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}evil\t\u{200b}\u{9b}2J\u{0}".to_owned();
    // The longest message there is.
    let texts = [
        ("ASCII", TEXT.to_owned(), true),
        ("ASCII, long", TEXT.repeat(2_000 / TEXT.len()), true),
        ("Unicode, long", unicode.repeat(2_000 / unicode.chars().count()), true),
        ("Unicode", unicode, true),
        ("hostile, long", hostile.repeat(2_000 / hostile.chars().count()), false),
        ("hostile", hostile, false),
    ];
    let mut group = criterion.benchmark_group("clean");
    for (name, text, is_clean) in &texts {
        assert_eq!(matches!(clean(text), Cow::Borrowed(_)), *is_clean, "{name}");
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(*name, |b| b.iter(|| clean(black_box(text)).len()));
    }
    group.finish();
}
