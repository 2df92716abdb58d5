//! [`landline_fuzz::link_handshake`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::link_handshake(data));
