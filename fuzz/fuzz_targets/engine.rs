#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rust_supervisor::fuzz::engine(data));
