//! Panics on demand, at the places where one would do most harm. Only with the feature `faults`, which no program has:
//! the tests turn it on, and see that one client's panic stays that client's.

/// Panics if what a client sent asks for it at this `place`, by `panic-in-PLACE`.
///
/// # Panics
/// That is what it is for.
pub fn strike(place: &str, sent: &[u8]) {
    let wanted = format!("panic-in-{place}");
    let asked = sent.windows(wanted.len()).any(|piece| piece.eq_ignore_ascii_case(wanted.as_bytes()));
    assert!(!asked, "asked for in {place}");
}
