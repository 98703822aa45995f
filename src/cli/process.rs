//! This process before any work: its log, its panics, what others may see of it, a full disk.

use std::{
    io::IsTerminal,
    sync::{Arc, atomic::AtomicBool},
};

use crate::logging;

/// Prepares this process for handling keys and values.
///
/// A failure here is logged and not fatal: none of it is promised, all of it helps.
pub fn prepare() {
    logging::install_panic_hook();
    logging::init(
        std::env::var("RUST_LOG").ok().as_deref(),
        std::io::stderr().is_terminal(),
    );
    // Without a handler the limit on file size kills; with one the write fails and can be told.
    if signal_hook::flag::register(
        signal_hook::consts::SIGXFSZ,
        Arc::new(AtomicBool::new(false)),
    )
    .is_err()
    {
        tracing::warn!("a full file system may end this process without a word");
    }
    if !close_to_others() {
        tracing::warn!("other processes of this user can read this one's memory");
    }
}

/// Keeps other processes of the same user out of this one's memory and environment, and core dumps off the
/// disk. A program that takes this process's place is open again, and may dump core as ever.
#[cfg(target_os = "linux")]
fn close_to_others() -> bool {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
}

/// Keeps core dumps off the disk; programs that are started may raise the limit again.
#[cfg(not(target_os = "linux"))]
fn close_to_others() -> bool {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { maximum, .. } = getrlimit(Resource::Core);
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum,
        },
    )
    .is_ok()
}
