//! [`landline_fuzz::sessions`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::sessions(data));
