//! [`landline_fuzz::lines`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::lines(data));
