//! Panics on demand, at the places where a panic could do most harm. Compiled only for unit tests and with the feature
//! `faults`, which the tests turn on to show that a panic ends one session and not the server. Released programs do not have it.

/// Panics if `sent` contains `panic-in-PLACE` for this `place`, in any case.
///
/// # Panics
/// On request, see above.
pub fn strike(place: &str, sent: &[u8]) {
    let wanted = format!("panic-in-{place}");
    let is_requested = sent.windows(wanted.len()).any(|piece| piece.eq_ignore_ascii_case(wanted.as_bytes()));
    assert!(!is_requested, "asked for in {place}");
}
