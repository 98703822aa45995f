//! What reads texts that others wrote.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hushkey::fuzzing::parsers(data));
