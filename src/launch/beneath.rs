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

use rustix::process::Pid;
#[cfg(target_os = "linux")]
use rustix::{
    process::{Resource, Rlimit, getppid, getrlimit, setrlimit},
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

/// Tells the same of another process of this user: from its limits and its ancestors, for its environment is its own. If
/// it can't be found out, the answer is yes.
///
/// Where runs don't exist because they can't be enforced, the answer is no.
#[must_use]
pub fn is_beneath_a_run(process: Pid) -> bool {
    #[cfg(target_os = "linux")]
    return !may_lock_files(process)
        || a_supervisor_is_above(|| processes::stat(process).map(|stat| stat.parent));
    #[cfg(not(target_os = "linux"))]
    {
        let _ = process;
        false
    }
}

#[cfg(not(target_os = "linux"))]
fn has_the_kernels_marks() -> bool {
    false
}

/// Tells whether the limit that marks a run is not there; not if the process can't be seen.
#[cfg(target_os = "linux")]
fn may_lock_files(process: Pid) -> bool {
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap_or_default();
    limits
        .lines()
        .find_map(|line| line.strip_prefix("Max file locks"))
        .and_then(|line| line.split_ascii_whitespace().nth(1))
        .is_some_and(|maximum| maximum != "0")
}

#[cfg(target_os = "linux")]
fn has_the_kernels_marks() -> bool {
    if getrlimit(Resource::Locks).maximum == Some(0) {
        return true;
    }
    match no_new_privs() {
        Ok(false) => false,
        _ => a_supervisor_is_above(|| Some(getppid())),
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

/// Looks at one ancestor after the other, from the parent on; `parent` is asked again when one of them has ended meanwhile.
#[cfg(target_os = "linux")]
fn a_supervisor_is_above(parent: impl Fn() -> Option<Option<Pid>>) -> bool {
    let mut above = parent();
    while let Some(Some(pid)) = above {
        match processes::stat(pid) {
            Some(stat) if stat.comm == SUPERVISOR.to_bytes() => return true,
            Some(stat) => above = Some(stat.parent),
            None if is_gone(pid) => above = parent(),
            None => return true,
        }
    }
    above.is_none()
}

#[cfg(target_os = "linux")]
fn is_gone(pid: Pid) -> bool {
    rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
}
