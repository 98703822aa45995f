//! A server in a process of its own: what it answers in how long, and what that costs in memory and processor time.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    CONNECTIONS, READS,
    client::{Get, get_all},
    measure::Times,
};

/// A server that listens.
pub(crate) struct Served {
    process: Child,
    pub(crate) host: String,
}

impl Served {
    /// Starts it, and reads its address from the first line that it prints.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a server");
        let mut line = String::new();
        let mut told = BufReader::new(process.stdout.take().expect("a pipe"));
        told.read_line(&mut line).expect("an address");
        let (_, rest) = line.split_once("http://").expect("an address");
        let host = rest.trim().split('/').next().expect("a host").to_owned();
        Self { process, host }
    }

    /// One round, as a row of the table.
    pub(crate) fn round(&self, what: &str, get: Get<'_>) {
        let (begun, worked) = (Instant::now(), self.worked());
        let answers = get_all(&self.host, get, READS, CONNECTIONS);
        let (took, worked) = (begun.elapsed(), self.worked() - worked);
        let (median, p99, longest) = spread(&Times::of(answers.times));
        println!(
            "| {what} | {:.0} | {median} | {p99} | {longest} | {:.0} | {:.1} |",
            READS as f64 / took.as_secs_f64(),
            worked.as_secs_f64() * 1e6 / READS as f64,
            self.memory_mb(),
        );
    }

    /// What it has in memory now.
    pub(crate) fn memory_mb(&self) -> f64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kb.unwrap_or_default() / 1e3
    }

    /// The processor time that it has used so far, in steps of a hundredth of a second.
    fn worked(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.process.id());
        let stat = std::fs::read_to_string(path).unwrap_or_default();
        // After the name, which may hold anything: user and system time are the 12th and the 13th.
        let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let ticks = fields
            .skip(11)
            .take(2)
            .filter_map(|text| text.parse::<u64>().ok());
        Duration::from_millis(10 * ticks.sum::<u64>())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Median, 99th percentile, longest.
pub(crate) fn spread(times: &Times) -> (String, String, String) {
    let ms = |percent| format!("{:.1} ms", times.percentile(percent).as_secs_f64() * 1e3);
    (ms(50), ms(99), ms(100))
}
