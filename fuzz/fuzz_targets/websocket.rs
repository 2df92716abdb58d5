//! [`landline_fuzz::websocket`]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landline_fuzz::websocket(data));
