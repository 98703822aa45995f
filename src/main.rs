//! The thin binary: what has to happen before anything else.

use std::process::ExitCode;

/// Wipes every freed allocation, so that no copy of a value outlives its use in the heap.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    hushkey::launch::hidden(std::env::args_os()).unwrap_or_default()
}
