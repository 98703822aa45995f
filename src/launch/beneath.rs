//! Whether this process is part of an agent's run.
//!
//! A hushkey that an agent's program starts would open the vault for the agent. It has to notice,
//! whatever it is called, after `env -i`, `setsid` and double forks. Four nets, cheapest first:
//!
//! 1. the marker variable, which `env -i` removes;
//! 2. a limit that the kernel ignores (RLIMIT_LOCKS, since Linux 2.4.25) and that the stage lowers to
//!    zero: every descendant inherits it, and only root can raise it again. It holds in another pid
//!    namespace and where `/proc` tells nothing;
//! 3. no-new-privileges, which every run has and nobody can take back: who lacks it is in no run;
//! 4. the ancestors: every process of a run descends from its supervisor, which is known by its name.
//!    A process can only rename itself.
//!
//! Not seen: a process that something outside the run starts on the run's behalf (cron, a running
//! tmux, a container engine).

#[cfg(target_os = "linux")]
use rustix::{
    process::{Pid, Resource, Rlimit, getppid, getrlimit, setrlimit},
    thread::no_new_privs,
};

#[cfg(target_os = "linux")]
use super::processes;

/// The marker variable that a run's programs find in their environment; its value is the run's name.
pub(super) const MARKER: &str = "HUSHKEY_RUN";

/// The name by which a run's supervisor is known in `/proc`.
#[cfg(target_os = "linux")]
pub(super) const SUPERVISOR: &std::ffi::CStr = c"hushkey-run";

/// Tells whether an agent's run is above this process. If that can't be found out, the answer is yes.
///
/// Where runs don't exist because they can't be enforced, only the marker is looked for.
#[must_use]
pub fn beneath_a_run() -> bool {
    std::env::var_os(MARKER).is_some() || has_the_kernels_marks()
}

#[cfg(not(target_os = "linux"))]
fn has_the_kernels_marks() -> bool {
    false
}

#[cfg(target_os = "linux")]
fn has_the_kernels_marks() -> bool {
    if getrlimit(Resource::Locks).maximum == Some(0) {
        return true;
    }
    match no_new_privs() {
        Ok(false) => false,
        _ => a_supervisor_is_above(),
    }
}

/// Marks this process and all that it will start as part of a run.
#[cfg(target_os = "linux")]
pub(super) fn mark() -> rustix::io::Result<()> {
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Locks, nothing)
}

#[cfg(target_os = "linux")]
fn a_supervisor_is_above() -> bool {
    let mut above = getppid();
    while let Some(pid) = above {
        match processes::stat(pid) {
            Some(stat) if stat.comm == SUPERVISOR.to_bytes() => return true,
            Some(stat) => above = stat.parent,
            // An ancestor that ended while we looked: we have another parent by now.
            None if is_gone(pid) => above = getppid(),
            None => return true,
        }
    }
    false
}

#[cfg(target_os = "linux")]
fn is_gone(pid: Pid) -> bool {
    rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
}
