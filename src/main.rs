//! The thin binary.

/// Wipes every freed allocation, so that no copy of a value outlives its use in the heap.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() {}
