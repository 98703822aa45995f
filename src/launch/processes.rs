//! What the system tells of processes: names, parents, children.

use rustix::process::Pid;

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(super) use linux::{children, stat};

/// Lists a process's children. Only asked when something has to be ended.
#[cfg(not(target_os = "linux"))]
pub(super) fn children(parent: Pid) -> Vec<Pid> {
    let Ok(listed) = std::process::Command::new("/bin/ps")
        .args(["-axo", "pid=,ppid="])
        .output()
    else {
        return Vec::new();
    };
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            Some((pid(words.next()?)?, pid(words.next()?)?))
        })
        .filter(|&(_, its)| its == parent)
        .map(|(child, _)| child)
        .collect()
}

fn pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}
