//! The streaming engine against the slow reference.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hushkey::fuzzing::engine(data));
