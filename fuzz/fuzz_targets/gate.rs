//! The gate that looks at an agent's output.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hushkey::fuzzing::gate(data));
