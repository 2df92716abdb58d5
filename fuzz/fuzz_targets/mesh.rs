//! [`landline_fuzz::mesh`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::mesh(data));
