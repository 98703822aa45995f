//! How fast output is redacted, beside copying it, a pipe, and aho-corasick with the same patterns.
//!
//! `cargo bench --bench redact` prints all tables, `cargo bench --bench redact -- hostile` one of them: `log`, `hostile`,
//! `prepare` or `gate`. The rows of `log` read the same generated log: JSON, a coloured build log, base64 and hex of
//! others, words, with a secret here and there; those of `hostile` texts that are made to be slow. Time is what one core
//! spent on the best of several passes; for the pipe, which has two processes, it is wall time.

use std::{
    fmt::Write as _,
    hint::black_box,
    io::Write as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use aho_corasick::{AhoCorasick, MatchKind};
use hushkey::{
    redact::{Concealed, Counts, Gate, Redactor, forms_of},
    vault::Secret,
};
use rustix::time::{ClockId, clock_gettime};

#[path = "redact/hostile.rs"]
mod hostile;

const LOG_BYTES: usize = 64 << 20;
const HOSTILE_BYTES: usize = 16 << 20;
const CHUNK: usize = 64 * 1024;
const PASSES: usize = 5;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let values = values(1000);
    for (name, table) in [
        ("log", ordinary as fn(&[String])),
        ("hostile", hostile),
        ("prepare", preparing),
        ("gate", gate),
    ] {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            table(&values);
            println!();
        }
    }
}

/// An ordinary log: copied, piped, searched by a general engine and by ours.
fn ordinary(values: &[String]) {
    let log = log(values);
    println!(
        "log of {} MiB in chunks of {} KiB, best of {PASSES}\n",
        log.len() >> 20,
        CHUNK >> 10
    );
    println!("{:<44} {:>10} {:>12}", "", "GB/s", "patterns");
    row("memcpy", None, log.len(), best(|| copied(&log)));
    row("pipe: cat log | cat", None, log.len(), pipe(&log));
    for (count, share) in [(1, 1), (10, 8), (100, 8), (1000, 64)] {
        let patterns = patterns(&values[..count]);
        let sample = &log[..log.len() / share];
        let searcher = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&patterns)
            .expect("the patterns fit");
        let name = format!("aho-corasick, {count} secrets, whole forms");
        row(
            &name,
            Some(patterns.len()),
            sample.len(),
            best(|| searched(&searcher, sample)),
        );
    }
    for count in [1, 10, 100, 1000] {
        let redactor = redactor(&values[..count]);
        let name = format!("hushkey, {count} secrets, forms and fragments");
        row(
            &name,
            Some(patterns(&values[..count]).len()),
            log.len(),
            best(|| redacted(&redactor, &log)),
        );
    }
}

/// Texts that have as much as they can in common with what is looked for.
fn hostile(values: &[String]) {
    println!("{:<44} {:>10}", "hostile texts", "GB/s");
    for count in [10, 100] {
        let redactor = redactor(&values[..count]);
        for (name, text) in hostile::texts(&values[..count], HOSTILE_BYTES) {
            let name = format!("hushkey, {count} secrets, {name}");
            row(
                &name,
                None,
                text.len(),
                best(|| drop(stream_through(&redactor, &text))),
            );
        }
    }
}

/// What it costs before the first byte.
fn preparing(values: &[String]) {
    for count in [1, 10, 100, 1000] {
        let secrets = secrets(&values[..count]);
        let time = best(|| {
            black_box(prepared(&secrets));
        });
        println!(
            "{:<44} {:>7} µs",
            format!("preparing {count} secrets"),
            time.as_micros()
        );
    }
}

/// The gate that looks at an agent's output after the stream.
fn gate(values: &[String]) {
    let secrets = secrets(&values[..10]);
    let time = best(|| {
        black_box(Gate::new(concealed(&secrets)));
    });
    println!(
        "{:<44} {:>7} µs",
        "preparing the gate, 10 secrets",
        time.as_micros()
    );
    let gate = Gate::new(concealed(&secrets));
    let clean = prepared(&secrets).redact(&log(values)[..LOG_BYTES / 8]);
    for kib in [8, 64, 256] {
        let time = best(|| {
            assert_eq!(
                black_box(gate.look(&clean[..kib << 10], b"warning\n")),
                None
            );
        });
        println!(
            "{:<44} {:>7} µs",
            format!("gate, 10 secrets, {kib} KiB"),
            time.as_micros()
        );
    }
}

fn patterns(values: &[String]) -> Vec<Vec<u8>> {
    values.iter().flat_map(|value| forms_of(value)).collect()
}

fn row(name: &str, patterns: Option<usize>, bytes: usize, time: Duration) {
    let speed = bytes as f64 / time.as_secs_f64() / 1e9;
    let patterns = patterns.map(|n| n.to_string()).unwrap_or_default();
    println!("{name:<44} {speed:>10.2} {patterns:>12}");
}

/// What the best pass cost this thread's core, which depends little on what else the machine does.
fn best(mut work: impl FnMut()) -> Duration {
    (0..PASSES)
        .map(|_| {
            let start = spent();
            work();
            spent().saturating_sub(start)
        })
        .min()
        .expect("there is at least one pass")
}

fn spent() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn copied(log: &[u8]) {
    let mut out = Vec::with_capacity(CHUNK);
    for chunk in log.chunks(CHUNK) {
        out.clear();
        out.extend_from_slice(chunk);
        black_box(&out);
    }
}

fn redacted(redactor: &Redactor, log: &[u8]) {
    let counts = stream_through(redactor, log);
    assert!(counts.values().sum::<u64>() > 0, "the log holds secrets");
}

fn stream_through(redactor: &Redactor, log: &[u8]) -> Counts {
    let mut out = Vec::with_capacity(2 * CHUNK);
    let mut stream = redactor.stream();
    for chunk in log.chunks(CHUNK) {
        out.clear();
        stream.push(chunk, &mut out);
        black_box(&out);
    }
    stream.finish(&mut out)
}

fn searched(searcher: &AhoCorasick, log: &[u8]) {
    let mut out = Vec::with_capacity(2 * CHUNK);
    for chunk in log.chunks(CHUNK) {
        out.clear();
        let mut from = 0;
        for found in searcher.find_iter(chunk) {
            out.extend_from_slice(&chunk[from..found.start()]);
            out.extend_from_slice(b"<concealed>");
            from = found.end();
        }
        out.extend_from_slice(&chunk[from..]);
        black_box(&out);
    }
}

fn pipe(log: &[u8]) -> Duration {
    let path = std::env::temp_dir().join(format!("hushkey-bench-{}", std::process::id()));
    std::fs::write(&path, log).expect("the temporary directory takes a file");
    let mut times = [(); PASSES].map(|()| {
        let start = Instant::now();
        let mut first = Command::new("cat")
            .arg(&path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("cat starts");
        let output = first.stdout.take().expect("its output is piped");
        Command::new("cat")
            .stdin(output)
            .stdout(Stdio::null())
            .status()
            .expect("cat runs");
        first.wait().expect("cat ends");
        start.elapsed()
    });
    times.sort();
    std::fs::remove_file(&path).expect("the file can be removed");
    std::io::stdout().flush().expect("stdout is there");
    times[0]
}

fn concealed(secrets: &[Secret]) -> impl Iterator<Item = Concealed<'_>> {
    secrets.iter().map(|value| Concealed {
        reference: "op://Dev/Item/field",
        value,
    })
}

fn prepared(secrets: &[Secret]) -> Redactor {
    Redactor::new(concealed(secrets))
}

fn redactor(values: &[String]) -> Redactor {
    prepared(&secrets(values))
}

fn secrets(values: &[String]) -> Vec<Secret> {
    values.iter().cloned().map(Secret::new).collect()
}

/// Values of 20 to 60 characters; every fifth has characters that are escaped.
fn values(count: usize) -> Vec<String> {
    let mut random = Random(7);
    (0..count)
        .map(|i| {
            let alphabet: &[u8] = if i % 5 == 4 {
                b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#$%&'()*+,-./:;<=>?@[]^_{|}~ \""
            } else {
                b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
            };
            let length = 20 + random.below(40);
            (0..length).map(|_| char::from(alphabet[random.below(alphabet.len())])).collect()
        })
        .collect()
}

fn log(values: &[String]) -> Vec<u8> {
    let mut random = Random(1);
    let mut log = String::with_capacity(LOG_BYTES + 4096);
    let mut lines = 0;
    while log.len() < LOG_BYTES {
        line(&mut log, &mut random);
        lines += 1;
        if lines % 5_000 == 0 {
            let _ = writeln!(log, "token: {}", values[0]);
        }
    }
    log.into_bytes()
}

fn line(log: &mut String, random: &mut Random) {
    let _ = match random.below(8) {
        0 | 1 => writeln!(
            log,
            "{{\"ts\":\"2026-11-{:02}T{:02}:14:07.{:03}Z\",\"level\":\"info\",\"msg\":\"{} {} {}\",\"id\":{},\"name\":\"caf\\u00e9\",\"ok\":true}}",
            1 + random.below(28),
            random.below(24),
            random.below(1000),
            random.word(),
            random.word(),
            random.word(),
            random.next(),
        ),
        2 => writeln!(
            log,
            "\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m {}-{} v{}.{}.{}",
            random.word(),
            random.word(),
            random.below(4),
            random.below(30),
            random.below(20),
        ),
        3 => writeln!(
            log,
            "warning: unused variable `{}` --> src/{}/{}.rs:{}:{}",
            random.word(),
            random.word(),
            random.word(),
            random.below(900),
            random.below(80)
        ),
        4 => {
            let text: String = (0..76)
                .map(|_| char::from(BASE64[random.below(64)]))
                .collect();
            writeln!(log, "{text}")
        }
        5 => writeln!(
            log,
            "{:016x}{:016x}{:08x} refs/heads/{}",
            random.next(),
            random.next(),
            random.next() as u32,
            random.word()
        ),
        6 => {
            for _ in 0..12 {
                let _ = write!(log, "{} ", random.word());
            }
            writeln!(log)
        }
        _ => writeln!(
            log,
            "10.0.{}.{} - - \"GET /{}/{}?page={} HTTP/1.1\" 200 {} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
            random.below(256),
            random.below(256),
            random.word(),
            random.word(),
            random.below(99),
            random.below(99_999),
        ),
    };
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const WORDS: [&str; 32] = [
    "server",
    "request",
    "connection",
    "database",
    "finished",
    "target",
    "release",
    "profile",
    "package",
    "module",
    "listening",
    "error",
    "retry",
    "timeout",
    "cache",
    "index",
    "worker",
    "thread",
    "queue",
    "build",
    "test",
    "passed",
    "failed",
    "resolve",
    "download",
    "update",
    "version",
    "manifest",
    "session",
    "token",
    "account",
    "customer",
];

/// A generator of numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }
}
