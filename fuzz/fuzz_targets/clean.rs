//! [`landline_fuzz::clean`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::clean(data));
