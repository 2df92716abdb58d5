//! [`landline_fuzz::accounts`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::accounts(data));
