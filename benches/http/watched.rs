//! A server in a process of its own, asked and watched: what it answers, and what it holds in memory and in descriptors.

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{CALLS, Call, IN_FLIGHT, PIPELINED, Times, over_http, over_pipe};

/// A server that listens.
pub(crate) struct Served {
    pub(crate) process: Child,
    host: String,
    token: Option<String>,
}

impl Served {
    /// Starts it, and reads its address from the first line that it prints.
    pub(crate) fn start(command: &mut Command, token: Option<&str>) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a server");
        let mut line = String::new();
        let mut told = BufReader::new(process.stdout.take().expect("a pipe"));
        told.read_line(&mut line).expect("an address");
        let (_, rest) = line.split_once("http://").expect("an address");
        let host = rest.split('/').next().expect("a host").to_owned();
        Self {
            process,
            host,
            token: token.map(str::to_owned),
        }
    }

    pub(crate) fn connection(&self) -> TcpStream {
        TcpStream::connect(&self.host).expect("a connection")
    }

    pub(crate) fn asks(&self, call: Call, count: usize, in_flight: usize) -> Vec<Duration> {
        over_http(&self.host, self.token.as_deref(), call, count, in_flight)
    }

    pub(crate) fn head() {
        println!(
            "| what | calls/s | median | p99 | longest | MB after 1, 2, 3 rounds | descriptors |"
        );
        println!("|---|---|---|---|---|---|---|");
    }

    /// Three rounds: the first shows nothing but the memory that is taken once.
    pub(crate) fn rounds(&self, what: &str, call: Call) {
        let mut memory = Vec::new();
        let mut last = (Vec::new(), Duration::ZERO);
        let mut descriptors = Vec::new();
        for _ in 0..3 {
            let begun = Instant::now();
            last = (self.asks(call, CALLS, IN_FLIGHT), begun.elapsed());
            memory.push(format!("{:.1}", memory_mb(self.process.id())));
            descriptors.push(settled(self.process.id()).to_string());
        }
        let (times, took) = last;
        println!(
            "| {what} | {:.0} | {} | {} | {} |",
            CALLS as f64 / took.as_secs_f64(),
            spread(times),
            memory.join(", "),
            descriptors.join(", ")
        );
    }
}

/// A server at the other end of a pipe.
pub(crate) struct Watched {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Watched {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a server");
        Self {
            to: process.stdin.take().expect("a pipe"),
            from: BufReader::new(process.stdout.take().expect("a pipe")),
            process,
        }
    }

    pub(crate) fn head() {
        Served::head();
    }

    /// Three rounds, as over HTTP.
    pub(crate) fn pipelined(mut self, what: &str, call: Call) {
        let mut memory = Vec::new();
        let mut descriptors = Vec::new();
        let mut last = (Vec::new(), Duration::ZERO);
        for _ in 0..3 {
            let begun = Instant::now();
            let times = over_pipe(&mut self.to, &mut self.from, call, PIPELINED);
            last = (times, begun.elapsed());
            memory.push(format!("{:.1}", memory_mb(self.process.id())));
            descriptors.push(settled(self.process.id()).to_string());
        }
        let (times, took) = last;
        println!(
            "| {what} | {:.0} | {} | {} | {} |",
            PIPELINED as f64 / took.as_secs_f64(),
            spread(times),
            memory.join(", "),
            descriptors.join(", ")
        );
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spread(times: Vec<Duration>) -> String {
    let times = Times::of(times);
    let ms = |percent| format!("{:.1} ms", times.percentile(percent).as_secs_f64() * 1e3);
    format!("{} | {} | {}", ms(50), ms(99), ms(100))
}

/// What a process has in memory now, in MB.
fn memory_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kb.unwrap_or_default() / 1e3
}

/// How many descriptors a process has open, once the connections that were closed are gone.
fn settled(pid: u32) -> usize {
    let count = || std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    let mut before = count();
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let now = count();
        if now == before {
            return now;
        }
        before = now;
    }
}
