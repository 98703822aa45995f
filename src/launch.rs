//! Starts programs with secrets in their environment, files or standard input.
//!
//! Two ways lead to a child. [`run()`] is an agent's: the program is owned by a re-executed supervisor,
//! gets exactly the environment it is given, and nothing of it survives. [`foreground()`] is a person's:
//! the program takes hushkey's place on the terminal and may leave daemons. Either way its output is
//! redacted before anything else sees it. The module knows neither policy nor audit nor who asks:
//! whoever calls it has decided and recorded already.
//!
//! ```text
//! run:  server ── control socket ──> supervisor (`__run`) ── socket ──> stage (`__exec`) = the program
//!         ^                             owns the tree, the                session, limits,
//!         └── stdout, stderr ───────────private directory ──────────────  no new privileges, exec
//!
//! foreground, on a terminal:
//!       hushkey ── control socket ──> leader (`__session`) ──> the program, in front of the terminal
//!         ^ └── keys ──> pseudo-terminal ──────────────────────^ │
//!         └───────────── pseudo-terminal ────────────────────────┘
//! ```

use std::{
    ffi::OsString,
    hash::{BuildHasher, RandomState},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use crate::{
    limits::Limits,
    redact::{Counts, Redactor},
    vault::Secret,
};

mod beneath;
#[cfg(target_os = "linux")]
mod ceiling;
#[cfg(target_os = "linux")]
mod errand;
mod error;
mod foreground;
#[cfg(target_os = "linux")]
mod frame;
mod group;
mod guard;
mod output;
mod poll;
mod private_dir;
mod processes;
mod program;
mod remove;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod session;
mod signals;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod supervisor;
mod tree;
mod variable;
mod view;

pub use beneath::{beneath_a_run, is_beneath_a_run};
pub use error::LaunchError;
pub use foreground::{Foreground, foreground, foreground_until};
pub use guard::protect_memory;
pub use output::Output;
pub use program::{is_hushkey, reexecute, sha256};
pub use view::{Seen, View};

/// Between TERM and KILL, when the time is out.
const GRACE: Duration = Duration::from_secs(2);

/// A program to start for an agent, with what it needs.
#[derive(Debug)]
pub struct Launch {
    /// The program's absolute path.
    pub program: PathBuf,
    /// Its arguments, `argv[0]` first. Never a value.
    pub argv: Vec<String>,
    /// Its whole environment, in order; a later entry of the same name wins. On top of it come the
    /// variables of `files`, `TMPDIR` (private, wiped at the end) and the marker `HUSHKEY_RUN`.
    pub env: Vec<(String, Value)>,
    /// Values that it gets as private files (0600); the variable holds the file's path.
    pub files: Vec<(String, Secret)>,
    /// What it reads from standard input.
    pub stdin: Stdin,
    /// Where it starts; an open directory would be safer, a path is what `exec` wants. Absolute.
    pub cwd: PathBuf,
    /// When it is ended: TERM, and KILL two seconds later.
    pub timeout: Option<Duration>,
    /// How many bytes of each stream are kept, after redaction.
    pub keep: Keep,
    /// What the program's file has to hold (SHA-256); then the very file that was read is executed, whatever has its name
    /// by then. A script so started is called `/proc/self/fd/N`.
    pub sha256: Option<[u8; 32]>,
    /// How much of the machine it may use.
    pub limits: Limits,
}

impl Launch {
    /// Tells two launches apart by what the program would get. Keyed, so that it tells nothing else.
    #[must_use]
    pub fn fingerprint(&self, keys: &RandomState) -> u64 {
        let env = self.env.iter().map(|(name, value)| (name, value.as_str()));
        let files = self.files.iter();
        let files = files.map(|(name, value)| (name, value.expose_secret()));
        let all: Vec<_> = env.chain(files).collect();
        keys.hash_one((&self.program, all))
    }
}

/// What a variable holds. Its `Debug` tells nothing: plain text may be a secret that stands in a file of variables.
#[derive(Clone)]
pub enum Value {
    /// Plain text.
    Plain(String),
    /// A secret.
    Secret(Secret),
}

impl Value {
    fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose_secret(),
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(..)",
            Self::Secret(_) => "Secret(..)",
        })
    }
}

/// Where the program's standard input comes from.
#[derive(Debug)]
pub enum Stdin {
    /// Nothing: end of file at once.
    Empty,
    /// A secret, then end of file.
    Secret(Secret),
}

/// How much of each stream is kept.
#[derive(Clone, Copy, Debug)]
pub enum Keep {
    /// The first and the last bytes of each stream, up to this many in all; the middle is cut.
    Ends(usize),
    /// Nothing, but the counts.
    Nothing,
    /// Only the last bytes.
    Tail(usize),
}

/// How a run ended.
#[derive(Debug)]
pub struct Finished {
    /// Exit status or signal.
    pub status: Status,
    /// Whether the time-out ended it.
    pub timed_out: bool,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// Wall time, from the request to the last byte of output.
    pub duration: Duration,
    /// Redacted standard output; invalid UTF-8 is kept as it is.
    pub stdout: Output,
    /// Redacted standard error.
    pub stderr: Output,
    /// How often each reference was concealed, over both streams.
    pub concealed: Counts,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Status {
    /// It exited with this status.
    Exited(i32),
    /// This signal killed it.
    Signaled(i32),
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exit status {status}"),
            Self::Signaled(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}

/// Runs a program for an agent, and answers when nothing of it is left: no process, no private
/// directory.
///
/// When `cancelled` resolves, or the future is dropped, the whole tree is killed at once. The program
/// is never hushkey itself. Needs Linux; elsewhere it is refused.
///
/// Not covered: a program that kills both this process and the supervisor at the same moment, which
/// only a pid namespace can hinder. If it kills the supervisor alone, what it left is swept here:
/// such orphans are told from this process's other children by their session, which is never ours.
/// A child that this process itself puts in a session of its own would be taken for one.
///
/// # Errors
/// [`LaunchError`]: the program could not be started, or its supervisor was lost. A program that ran
/// and failed is a [`Finished`].
pub async fn run(
    launch: Launch,
    redactor: &Redactor,
    cancelled: impl Future<Output = ()>,
) -> Result<Finished, LaunchError> {
    start(launch, redactor, std::future::pending(), cancelled)
        .1
        .await
}

/// As [`run`], with a view of what the program prints while it runs. When `stopped` resolves, the program is ended as its
/// time-out would end it: TERM, and KILL two seconds later.
pub fn start<S, C>(
    launch: Launch,
    redactor: &Redactor,
    stopped: S,
    cancelled: C,
) -> (
    View,
    impl Future<Output = Result<Finished, LaunchError>> + use<S, C>,
)
where
    S: Future<Output = ()>,
    C: Future<Output = ()>,
{
    let view = View::new(redactor, launch.keep);
    #[cfg(target_os = "linux")]
    let run = run::run(launch, view.clone(), stopped, cancelled);
    #[cfg(not(target_os = "linux"))]
    let run = async move {
        let _ = (launch, stopped, cancelled);
        Err(LaunchError::Unsupported(
            "an agent's run needs Linux: nothing here could end all that it starts".into(),
        ))
    };
    (view, run)
}

/// Serves the hidden subcommands through which hushkey re-executes itself, if `args` (with the
/// program's own name first) names one. Has to be the first thing in `main`.
#[must_use]
pub fn hidden(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let word = args.into_iter().nth(1)?;
    #[cfg(target_os = "linux")]
    match word.to_str() {
        Some(supervisor::WORD) => return Some(supervisor::main()),
        Some(stage::WORD) => return Some(stage::main()),
        Some(session::WORD) => return Some(session::main()),
        _ => {}
    }
    let _ = word;
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_variable_tells_neither_a_secret_nor_plain_text() {
        let values = [
            Value::Plain("canary".to_owned()),
            Value::Secret(Secret::new("canary".to_owned())),
        ];

        assert_eq!(format!("{values:?}"), "[Plain(..), Secret(..)]");
    }
}
