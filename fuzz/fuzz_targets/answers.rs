//! [`landline_fuzz::answers`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::answers(data));
