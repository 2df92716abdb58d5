//! Hellos and frames of the mesh: nothing makes their readers panic, and what they read they write so that they read
//! it again.
#![no_main]

use landline_common::mesh::{FRAME_BYTES, Frame, Hello};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(hello) = Hello::parse(bytes) {
        let again = hello.datagram();
        assert!(again.len() <= bytes.len(), "an answer is never longer than what it answers");
        assert_eq!(Hello::parse(&again), Some(hello));
    }
    if let Some(frame) = Frame::parse(bytes) {
        let written = frame.to_bytes();
        // Written out, control characters may take more than a frame has room for; members send none.
        if written.len() <= FRAME_BYTES {
            assert_eq!(Frame::parse(&written), Some(frame));
        }
    }
});
