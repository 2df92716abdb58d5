//! [`landline_fuzz::ask`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::ask(data));
