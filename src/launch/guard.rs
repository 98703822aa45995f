//! What keeps other processes of the same user out of ours, and values out of files.

use std::io;

/// Makes this process's memory, environment and descriptors unreadable for other processes of the same
/// user, and forbids core dumps of it. Programs that it starts are not affected; root is not kept out.
/// Belongs at the very start of whatever holds values. Does nothing where the system has no such thing.
///
/// # Errors
/// What the system says.
pub fn protect_memory() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Forbids core dumps of this process and of all that it will start: they would hold values.
#[cfg(target_os = "linux")]
pub(super) fn forbid_core_dumps() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    Ok(setrlimit(Resource::Core, nothing)?)
}
