//! Processes as `/proc` has them.

use std::fs;

use rustix::process::Pid;

use super::pid;

/// One line of `/proc/PID/stat`, as far as we need it.
pub(in crate::launch) struct Stat {
    /// The process's name for itself, 15 bytes at most.
    pub(in crate::launch) comm: Vec<u8>,
    /// Its parent; `None` for the first of a pid namespace.
    pub(in crate::launch) parent: Option<Pid>,
}

/// Reads a process's stat; `None` if the process or `/proc` is not there.
pub(in crate::launch) fn stat(pid: Pid) -> Option<Stat> {
    let line = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let name = line.iter().position(|&b| b == b'(')?;
    // The name may hold parentheses and spaces itself; what follows it can't.
    let rest = line.iter().rposition(|&b| b == b')')?;
    let parent = str::from_utf8(line.get(rest + 1..)?)
        .ok()?
        .split_ascii_whitespace()
        .nth(1)?;
    Some(Stat {
        comm: line.get(name + 1..rest)?.to_vec(),
        parent: Pid::from_raw(parent.parse().ok()?),
    })
}

/// Lists a process's children, those that have ended and wait to be reaped included. May miss some
/// while they come and go: whoever needs all of them asks again.
pub(in crate::launch) fn children(parent: Pid) -> Vec<Pid> {
    from_tasks(parent).unwrap_or_else(|| from_all_processes(parent))
}

/// The fast way, where the kernel was built with it.
fn from_tasks(parent: Pid) -> Option<Vec<Pid>> {
    let mut children = Vec::new();
    for task in fs::read_dir(format!("/proc/{parent}/task")).ok()?.flatten() {
        let list = match fs::read_to_string(task.path().join("children")) {
            Ok(list) => list,
            // The thread has just ended, or there is no such file at all.
            Err(_) if task.path().exists() => return None,
            Err(_) => continue,
        };
        children.extend(list.split_ascii_whitespace().filter_map(pid));
    }
    Some(children)
}

fn from_all_processes(parent: Pid) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| pid(entry.file_name().to_str()?))
        .filter(|&process| stat(process).is_some_and(|stat| stat.parent == Some(parent)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use rustix::process::getpid;

    use super::*;

    #[test]
    fn children_are_found_with_and_without_the_kernels_list() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_child(&child);

        let found = [from_tasks(getpid()).unwrap(), from_all_processes(getpid())];
        let stat = stat(pid).unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();

        assert!(found.iter().all(|children| children.contains(&pid)));
        assert_eq!(stat.parent, Some(getpid()));
    }
}
