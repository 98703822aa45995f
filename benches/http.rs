//! Many calls at once: 10,000 over HTTP with 200 in flight, 1,000 over a pipe without waiting; and how soon a server ends.
//!
//! `cargo bench --bench http` prints Markdown tables. Beside hushkey stands an rmcp server with one empty tool on the same
//! transports, in a process of its own (this program once more), asked by the same client in the same run: what is
//! above its rows is hushkey's. Every answer is looked at: an id that was not asked for, or an error, ends the bench.

use std::{
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

#[path = "binary.rs"]
#[allow(dead_code)]
mod binary;
#[path = "http/client.rs"]
mod client;
#[path = "http/empty.rs"]
mod empty;
#[path = "measure.rs"]
#[allow(dead_code)]
mod measure;
#[path = "http/watched.rs"]
mod watched;

use binary::{Session, hushkey, set_up};
use client::{Call, over_http, over_pipe};
use measure::{Times, head};
use watched::{Served, Watched};

/// Calls over HTTP, each time.
const CALLS: usize = 10_000;
/// Calls that are in flight at the same time.
const IN_FLIGHT: usize = 200;
/// Calls over a pipe.
const PIPELINED: usize = 1_000;

const EMPTY: Call = Call::Tool("nothing");
const LIST: Call = Call::List;
const VAULTS: Call = Call::Tool("list_vaults");

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("empty-http") => return empty::over_http(),
        Some("empty-pipe") => return empty::over_pipe(),
        _ => {}
    }
    let place = tempfile::tempdir().expect("a temporary directory");
    let home = place.path().join("home");
    set_up(&home);
    let made = hushkey(&home, &["agent", "create", "bench", "--vault", "Dev=use"]).output();
    let token = String::from_utf8(made.expect("hushkey starts").stdout).expect("a token");

    println!("{CALLS} calls over HTTP, {IN_FLIGHT} in flight\n");
    Served::head();
    let empty = Served::start(&mut this("empty-http"), None);
    empty.rounds("rmcp, one empty tool", EMPTY);
    let mut serve = hushkey(&home, &["serve", "--listen", "127.0.0.1:0"]);
    let served = Served::start(&mut serve, Some(token.trim()));
    served.rounds("hushkey, `tools/list`", LIST);
    served.rounds("hushkey, `list_vaults`, recorded durably", VAULTS);
    drop((empty, served));

    println!("\n{PIPELINED} calls over a pipe, none waited for\n");
    Watched::head();
    Watched::start(&mut this("empty-pipe")).pipelined("rmcp, one empty tool", EMPTY);
    Watched::start(&mut hushkey(&home, &["mcp"])).pipelined("hushkey, `tools/list`", LIST);
    let server = Watched::start(&mut hushkey(&home, &["mcp"]));
    server.pipelined("hushkey, `list_vaults`, recorded durably", VAULTS);

    println!("\nFrom a signal to the end of the process\n");
    head();
    for (name, signal) in [("SIGTERM", Signal::TERM), ("SIGINT", Signal::INT)] {
        let ends = (0..30).map(|_| idle_end(&home, signal)).collect();
        Times::of(ends).row(&format!("`hushkey mcp`, idle, {name}"), "100 ms");
        let ends = (0..30).map(|_| busy_end(&home, signal)).collect();
        Times::of(ends).row(&format!("`hushkey mcp`, a program runs, {name}"), "100 ms");
        let ends = (0..30)
            .map(|_| served_end(&home, token.trim(), signal))
            .collect();
        let what = format!("`hushkey serve`, idle connections, {name}");
        Times::of(ends).row(&what, "100 ms");
    }
}

/// This program once more, as the server to compare with.
fn this(way: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg(way);
    command
}

fn idle_end(home: &Path, signal: Signal) -> Duration {
    let mut session = Session::begin(home);
    session.call(2, "list_vaults", "{}");
    end(&mut session.process, signal)
}

fn busy_end(home: &Path, signal: Signal) -> Duration {
    let mut session = Session::begin(home);
    session.call(2, "start_command", r#"{"command":["sleep","600"]}"#);
    end(&mut session.process, signal)
}

fn served_end(home: &Path, token: &str, signal: Signal) -> Duration {
    let mut serve = hushkey(home, &["serve", "--listen", "127.0.0.1:0"]);
    let mut served = Served::start(&mut serve, Some(token));
    let idle: Vec<_> = (0..20).map(|_| served.connection()).collect();
    served.asks(VAULTS, 1, 1);
    let took = end(&mut served.process, signal);
    drop(idle);
    took
}

fn end(process: &mut Child, signal: Signal) -> Duration {
    let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    let begun = Instant::now();
    kill_process(pid.expect("a process"), signal).expect("it can be signalled");
    process.wait().expect("it ends");
    begun.elapsed()
}
