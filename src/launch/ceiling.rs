//! Hands a run's limits to the kernel, which every process of the run inherits and none can raise.

use std::fs;

use rustix::{
    process::{Resource, Rlimit, getrlimit, getuid, setrlimit},
    thread::{CapabilitySet, capabilities},
};

use super::errand::Obstacle;
use crate::limits::Limits;

/// Between being told that the processor time is used up and being killed for it, in seconds.
const LAST_WORDS: u64 = 2;

/// Tells whether the kernel holds this process to a number of processes: root, and who may pass limits over, it does not.
pub(super) fn can_bind_processes() -> bool {
    let free = CapabilitySet::SYS_RESOURCE | CapabilitySet::SYS_ADMIN;
    !getuid().is_root() && capabilities(None).is_ok_and(|sets| !sets.effective.intersects(free))
}

/// Lowers this process's limits; a limit that is lower already stays.
pub(super) fn lower(limits: &Limits) -> Result<(), Obstacle> {
    if let Some(cpu) = limits.cpu {
        let seconds = cpu.as_secs();
        set(Resource::Cpu, seconds, seconds + LAST_WORDS)?;
    }
    if let Some(bytes) = limits.file {
        set(Resource::Fsize, bytes, bytes)?;
    }
    if let Some(more) = limits.processes {
        let most = tasks_of_this_user()? + more;
        set(Resource::Nproc, most, most)?;
    }
    // Last, for it binds what is done here, too. Data rather than address space: runtimes such as Node's reserve far more
    // of that than they use.
    if let Some(bytes) = limits.memory {
        set(Resource::Data, bytes, bytes)?;
    }
    Ok(())
}

fn set(resource: Resource, soft: u64, hard: u64) -> Result<(), Obstacle> {
    let least = |wanted: u64, known: Option<u64>| Some(known.map_or(wanted, |it| it.min(wanted)));
    let known = getrlimit(resource);
    let maximum = least(hard, known.maximum);
    let current = least(soft, known.current).min(maximum);
    setrlimit(resource, Rlimit { current, maximum })
        .map_err(|e| Obstacle::setup("set a limit of the run", e))
}

/// How many processes and threads run under this user: the kernel counts them all together.
fn tasks_of_this_user() -> Result<u64, Obstacle> {
    let failed = |e| Obstacle::setup("count the user's processes", e);
    let own = getuid().as_raw().to_string();
    let mut count = 0;
    for entry in fs::read_dir("/proc").map_err(failed)?.flatten() {
        // Others than processes have no such file, and a process may be gone by now.
        let Ok(status) = fs::read_to_string(entry.path().join("status")) else {
            continue;
        };
        let field = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_ascii_whitespace().next()
        };
        if field("Uid:") == Some(&own) {
            count += field("Threads:")
                .and_then(|it| it.parse::<u64>().ok())
                .unwrap_or(1);
        }
    }
    Ok(count)
}
