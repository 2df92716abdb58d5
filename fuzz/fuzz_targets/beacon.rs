//! [`landline_fuzz::beacon`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::beacon(data));
