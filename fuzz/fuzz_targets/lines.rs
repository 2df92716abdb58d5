//! The line splitter: however the bytes are cut into reads, the lines are the same and memory is bounded.
#![no_main]

use landline_common::lines::{Input, Piece};
use libfuzzer_sys::fuzz_target;

const LONGEST: usize = 32;

fn lines(bytes: &[u8], mut cut: impl FnMut() -> usize) -> Vec<Option<String>> {
    let mut input = Input::of_lines(LONGEST);
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let space = input.space();
        let n = cut().max(1).min(space.len()).min(rest.len());
        space[..n].copy_from_slice(&rest[..n]);
        input.filled(n);
        rest = &rest[n..];
        while let Some(piece) = input.next() {
            out.push(text(piece));
        }
        assert!(input.pending().len() <= LONGEST + 1);
    }
    out.extend(input.finish().map(text));
    out
}

fn text(piece: Piece<'_>) -> Option<String> {
    match piece {
        Piece::Text(text) => Some(text.into_owned()),
        Piece::TooLong => None,
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&step, bytes)) = data.split_first() else { return };
    let mut turn = usize::from(step);
    let cut = || {
        turn = turn.wrapping_mul(31).wrapping_add(7);
        turn % 40
    };
    assert_eq!(lines(bytes, cut), lines(bytes, || usize::MAX));
});
