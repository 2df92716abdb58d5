//! [`landline_fuzz::lantalk`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::lantalk(data));
