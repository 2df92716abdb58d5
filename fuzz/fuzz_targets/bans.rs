//! [`landline_fuzz::bans`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::bans(data));
