//! How much of the machine a program may use, as a rule of the policy says and a launch enforces.
//!
//! Plain numbers. Who reads them from a file, and who hands them to the system, is no matter of this module.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// Upper bounds for a run's program; none where there is none. Each process that it starts has the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Processor time of one process, in whole seconds: then it is told (SIGXCPU), and a moment later killed.
    pub cpu: Option<Duration>,
    /// Size of a file that it writes, in bytes: then it is told (SIGXFSZ), which ends most programs.
    pub file: Option<u64>,
    /// Memory of one process that is its own and may be written, in bytes: then it gets no more.
    pub memory: Option<u64>,
    /// Processes and threads, beyond those that the user has when the program starts: then it can't start another.
    pub processes: Option<u64>,
}

impl fmt::Display for Limits {
    /// For people: `60 s of processor time and 512 MiB of memory for each process, 64 processes, files of 10 MiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = |bytes: u64| bytes >> 20;
        let cpu = self
            .cpu
            .map(|time| format!("{} s of processor time", time.as_secs()));
        let memory = self
            .memory
            .map(|bytes| format!("{} MiB of memory", mebibytes(bytes)));
        let each: Vec<_> = [cpu, memory].into_iter().flatten().collect();
        let each = (!each.is_empty()).then(|| format!("{} for each process", each.join(" and ")));
        let processes = self.processes.map(|count| format!("{count} processes"));
        let file = self
            .file
            .map(|bytes| format!("files of {} MiB", mebibytes(bytes)));
        let all: Vec<_> = [each, processes, file].into_iter().flatten().collect();
        f.write_str(&all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_in_words() {
        let all = Limits {
            cpu: Some(Duration::from_secs(60)),
            file: Some(10 << 20),
            memory: Some(512 << 20),
            processes: Some(64),
        };
        let one = Limits {
            memory: Some(1 << 20),
            ..Limits::default()
        };

        assert_eq!(
            all.to_string(),
            "60 s of processor time and 512 MiB of memory for each process, 64 processes, files of 10 MiB"
        );
        assert_eq!(one.to_string(), "1 MiB of memory for each process");
        assert_eq!(Limits::default().to_string(), "");
    }
}
