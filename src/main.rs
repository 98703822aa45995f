//! The thin binary: what has to happen before anything else, then the command line.

use std::process::ExitCode;

use hushkey::{cli, launch};

/// Wipes every freed allocation, so that no copy of a value outlives its use in the heap.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    // The helpers of a run bring their own house rules.
    if let Some(ended) = launch::hidden(std::env::args_os()) {
        return ended;
    }
    cli::process::prepare();
    cli::dispatch::main(std::env::args_os().collect())
}
