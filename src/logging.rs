//! The operator's log, on stderr.
//!
//! Stdout belongs to data and to the protocol. `RUST_LOG` is free for hushkey's own events only; every
//! other crate is capped at `warn` or `error`, whatever it says: protocol and HTTP crates write whole requests
//! and headers at lower levels. The module knows nothing of the audit log, which is a record and not a diagnosis.

use std::{
    io::{self, Write as _},
    panic::{self, Location},
};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    Layer as _,
    filter::{FilterExt as _, LevelFilter, Targets, filter_fn},
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
};

const DEFAULT_LEVEL: LevelFilter = LevelFilter::WARN;

/// Starts the log for this process; a second call does nothing.
///
/// `rust_log` is the variable's text, as [`Targets`] reads it: `debug`, `hushkey::broker=trace,info`. One that
/// is not understood counts as absent, which is then the log's first line.
pub fn init(rust_log: Option<&str>, stderr_is_terminal: bool) {
    let (asked, understood) = asked(rust_log);
    let subscriber = subscriber(asked, stderr_is_terminal, io::stderr);
    if tracing::subscriber::set_global_default(subscriber).is_ok() && !understood {
        tracing::warn!(
            "RUST_LOG is not understood; write a level or TARGET=LEVEL, with commas between"
        );
    }
}

/// Makes a panic tell where it happened and nothing else: its message may hold what was being worked on.
pub fn install_panic_hook() {
    panic::set_hook(Box::new(|panic| {
        // A closed stderr must not make a second panic of the first.
        let _ = io::stderr().write_all(panic_line(panic.location()).as_bytes());
    }));
}

fn panic_line(location: Option<&Location<'_>>) -> String {
    let place = location.map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
    format!("hushkey: internal error{place}; please report this line\n")
}

/// What `rust_log` asks for, and whether it was understood.
fn asked(rust_log: Option<&str>) -> (Targets, bool) {
    let parsed = rust_log.map_or_else(|| Ok(Targets::new()), str::parse::<Targets>);
    let understood = parsed.is_ok();
    let asked = parsed.unwrap_or_default();
    let default = asked.default_level().unwrap_or(DEFAULT_LEVEL);
    (asked.with_default(default), understood)
}

/// The cap, apart from what is asked for: [`Targets`] takes a target for a prefix, so that `hushkey` would
/// also mean the crate `hushkey_something`.
fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let cap = match metadata.target().split("::").next() {
        Some("hushkey") => Level::TRACE,
        // At `warn` it writes whole error answers, which may repeat what a client sent.
        Some("rmcp") => Level::ERROR,
        _ => Level::WARN,
    };
    *metadata.level() <= cap
}

fn subscriber<W>(asked: Targets, colours: bool, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer()
        .with_writer(writer)
        .with_ansi(colours)
        .with_filter(asked.and(filter_fn(may_be_logged).with_max_level_hint(LevelFilter::TRACE)));
    tracing_subscriber::registry().with(lines)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What the log holds after `write`, with this `RUST_LOG`.
    fn logged(rust_log: Option<&str>, write: impl FnOnce()) -> String {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Lines(Arc::clone(&lines));
        let subscriber = subscriber(asked(rust_log).0, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, write);
        String::from_utf8(lines.lock().unwrap().clone()).unwrap()
    }

    #[derive(Clone)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn everybody_speaks() {
        tracing::trace!(target: "hushkey", "own trace");
        tracing::debug!(target: "hushkey::broker", "own debug");
        tracing::warn!(target: "hushkey", "own warning");
        tracing::trace!(target: "rmcp::service", "foreign canary");
        tracing::debug!(target: "hushkey_lookalike", "foreign canary");
        tracing::info!(target: "hyper", "foreign canary");
        tracing::warn!(target: "rmcp::service", "foreign canary");
        tracing::warn!(target: "hyper", "foreign warning");
    }

    #[test]
    fn whatever_rust_log_says_other_crates_are_silent_below_warn() {
        for rust_log in [
            "trace",
            "rmcp=trace,hyper=debug",
            "rmcp::service=trace,trace",
            "hushkey=trace,hushkey_lookalike=trace",
        ] {
            let log = logged(Some(rust_log), everybody_speaks);

            assert!(!log.contains("canary"), "{rust_log}: {log}");
            assert!(log.contains("foreign warning"), "{rust_log}: {log}");
        }
    }

    #[test]
    fn rust_log_is_free_for_hushkey() {
        let all = logged(Some("trace"), everybody_speaks);
        let part = logged(Some("hushkey::broker=debug"), everybody_speaks);
        let none = logged(Some("off"), everybody_speaks);

        assert!(
            all.contains("own trace") && all.contains("own debug"),
            "{all}"
        );
        assert!(
            part.contains("own debug") && !part.contains("own trace"),
            "{part}"
        );
        assert_eq!(none, "");
    }

    #[test]
    fn without_rust_log_only_warnings_are_logged() {
        for rust_log in [None, Some("hushkey=loud")] {
            let log = logged(rust_log, everybody_speaks);

            assert_eq!(log.lines().count(), 2, "{log}");
        }
        assert!(!asked(Some("hushkey=loud")).1);
    }

    #[test]
    fn a_panic_tells_its_place_and_not_its_message() {
        const ASKED: &str = "HUSHKEY_TEST_PANIC";
        if std::env::var_os(ASKED).is_some() {
            install_panic_hook();
            panic!("the value was canary");
        }
        let this = "logging::tests::a_panic_tells_its_place_and_not_its_message";

        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([this, "--exact", "--nocapture"])
            .env(ASKED, "1")
            .output()
            .unwrap();

        let shown = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(
            shown.contains("hushkey: internal error at src/logging.rs:"),
            "{shown}"
        );
        assert!(!shown.contains("canary"), "{shown}");
    }
}
