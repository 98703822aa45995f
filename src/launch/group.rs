//! Process groups and sessions, by number.
//!
//! Inside a pid namespace the group or the session that a process was born into may have no number: the kernel then
//! answers 0, as in a container that was not started with a session of its own. rustix takes that for impossible (and
//! its types for undefined behaviour), so these four calls are nix's, and `clippy.toml` forbids the others.

use std::os::fd::AsFd;

use nix::unistd::{self, getpgrp, getsid};
use rustix::process::Pid;

/// Tells whether our process group is the one that this terminal's keys reach.
pub(super) fn is_in_front_of(terminal: impl AsFd) -> bool {
    unistd::tcgetpgrp(terminal) == Ok(getpgrp())
}

/// Tells whether a process is in another session than ours. If the system does not say, it is not.
pub(super) fn is_elsewhere(process: Pid) -> bool {
    matches!((getsid(None), getsid(Some(number(process)))), (Ok(ours), Ok(its)) if ours != its)
}

/// A process's group, where it has a number here.
pub(super) fn of(process: Pid) -> Option<Pid> {
    let group = unistd::getpgid(Some(number(process))).ok()?;
    Pid::from_raw(group.as_raw())
}

fn number(process: Pid) -> unistd::Pid {
    unistd::Pid::from_raw(process.as_raw_nonzero().get())
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::process::CommandExt,
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn a_childs_group_is_found_and_its_session_is_ours() {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);

        let (group, elsewhere) = (of(pid), is_elsewhere(pid));
        drop(child.stdin.take());
        child.wait().unwrap();

        assert_eq!(group, Some(pid));
        assert!(!elsewhere);
    }
}
