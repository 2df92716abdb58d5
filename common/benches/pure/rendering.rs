//! A line said in a room → its bytes, in each of the forms in which it can reach somebody.

use crate::TEXT;
use criterion::{Criterion, Throughput};
use landline_common::rendering::RENDERINGS;
use landline_common::{EventKind, Limits, OffsetDateTime, Rendering};
use std::hint::black_box;

pub fn bench(criterion: &mut Criterion) {
    let limits = Limits::default();
    let said = EventKind::Said { id: 1_234_567, room: "lobby".into(), user: "alice".into(), text: TEXT.into() };
    let event = said.at(OffsetDateTime { unix_ms: 1_760_000_000_000, offset_s: 7_200 });
    let mut group = criterion.benchmark_group("rendering");
    for rendering in (0..RENDERINGS).map(Rendering::at) {
        let mut out = Vec::new();
        rendering.write(&event, &limits, &mut out);
        assert!(!out.is_empty(), "{rendering:?}");
        group.throughput(Throughput::Bytes(out.len() as u64));
        group.bench_function(format!("{rendering:?}"), |b| {
            b.iter(|| {
                out.clear();
                rendering.write(black_box(&event), &limits, &mut out);
                out.len()
            });
        });
    }
    group.finish();
}
