//! The processes beneath this one: asked to end, swept.
//!
//! Needs a subreaper: then whatever a child leaves behind becomes a child of this process, however
//! often it forked or began a session. A pid of one's own child that is not reaped yet can't be
//! given to another process, so killing by pid is safe for children; deeper ones are signalled
//! through a pidfd.

use std::{
    io,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags},
    io::Errno,
    process::{
        Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group, wait,
    },
};

use super::{Status, group, poll::poll, processes, signals::Signals};

/// Makes this process the one that inherits orphans among its descendants, where the system has that.
pub(super) fn adopt_orphans() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(getpid()))?;
    Ok(())
}

/// Reaps one child that has ended. `Ok(None)`: none has yet. `Err(Errno::CHILD)`: there are no children.
pub(super) fn reap() -> Result<Option<(Pid, Status)>, Errno> {
    let ended = wait(WaitOptions::NOHANG)?;
    Ok(ended.and_then(|(pid, status)| Some((pid, status_of(status)?))))
}

/// Sends a signal to every process beneath this one, and lets stopped ones go on to take it.
pub(super) fn signal_all(signal: Signal) {
    let mut parents = vec![getpid()];
    while let Some(parent) = parents.pop() {
        for child in processes::children(parent) {
            if signal_child(parent, child, signal).is_ok() {
                parents.push(child);
            }
        }
    }
}

/// Kills every process beneath this one and reaps it. `signals` must watch CHLD. Tells what it
/// reaped, and returns whether all are gone: after `patience` it gives up.
pub(super) fn sweep(
    signals: &mut Signals,
    patience: Duration,
    mut reaped: impl FnMut(Pid, Status),
) -> bool {
    let until = Instant::now() + patience;
    loop {
        match reap() {
            Ok(Some((pid, status))) => {
                reaped(pid, status);
                continue;
            }
            Ok(None) => {}
            Err(_) => return true,
        }
        if Instant::now() >= until {
            return false;
        }
        for child in processes::children(getpid()) {
            kill_child(child);
        }
        // A death wakes us. The bound is for what was born in the gap between the list and the kill.
        let soon = Instant::now() + Duration::from_millis(20);
        let _ = poll(
            &mut [PollFd::new(&*signals, PollFlags::IN)],
            Some(soon.min(until)),
        );
        signals.pending().for_each(drop);
    }
}

/// Children of this process that a killed supervisor left behind: those in another session than ours,
/// since only a run's stage begins one.
#[cfg(target_os = "linux")]
pub(super) fn orphans() -> Vec<Pid> {
    processes::children(getpid())
        .into_iter()
        .filter(|&child| group::is_elsewhere(child))
        .collect()
}

/// Reaps a child of ours, if it has ended. Returns whether it is gone.
#[cfg(target_os = "linux")]
pub(super) fn reap_this(child: Pid) -> bool {
    !matches!(
        rustix::process::waitpid(Some(child), WaitOptions::NOHANG),
        Ok(None)
    )
}

/// Kills a child, and its whole process group where that can't be ours: a group is killed at one
/// stroke, so that a program that forks all the time does not outrun us.
pub(super) fn kill_child(child: Pid) {
    if group::is_elsewhere(child)
        && let Some(group) = group::of(child)
    {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = kill_process(child, Signal::KILL);
}

#[cfg(target_os = "linux")]
fn signal_child(parent: Pid, child: Pid, signal: Signal) -> io::Result<()> {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};

    let handle = pidfd_open(child, PidfdFlags::empty())?;
    // The pid may have passed to another process since it was listed; the handle can't.
    if processes::stat(child).and_then(|stat| stat.parent) != Some(parent) {
        return Err(Errno::SRCH.into());
    }
    pidfd_send_signal(&handle, signal)?;
    Ok(pidfd_send_signal(&handle, Signal::CONT)?)
}

#[cfg(not(target_os = "linux"))]
fn signal_child(_: Pid, child: Pid, signal: Signal) -> io::Result<()> {
    kill_process(child, signal)?;
    Ok(kill_process(child, Signal::CONT)?)
}

fn status_of(status: WaitStatus) -> Option<Status> {
    status
        .exit_status()
        .map(Status::Exited)
        .or_else(|| status.terminating_signal().map(Status::Signaled))
}
