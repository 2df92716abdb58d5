//! [`landline_fuzz::door`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::door(data));
