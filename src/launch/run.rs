//! The server's side of an agent's run: starts the supervisor, hands the run over, reads the output,
//! waits for the report, and cleans up itself where no report comes.

use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as StdUnixStream},
    path::{Path, PathBuf},
    pin::pin,
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, Command},
    time::{sleep, timeout},
};
use zeroize::Zeroizing;

use super::{
    Finished, GRACE, Keep, Launch, LaunchError, Output, Status,
    errand::{Errand, Report},
    frame::{Body, Frame, HEAD},
    output::Kept,
    private_dir,
    program::{is_hushkey, own_executable},
    remove::remove,
    supervisor, tree,
};
use crate::redact::{Counts, Redactor, Stream};

/// How long a pipe may stay open after the end of all that could have held it.
const LAST_OUTPUT: Duration = Duration::from_millis(250);

/// How long a supervisor may take over what it should do at once, before it counts as frozen. It
/// gives killed processes three seconds itself.
const PATIENCE: Duration = Duration::from_secs(6);

/// Bytes read at once: what a pipe holds.
const CHUNK: usize = 64 << 10;

pub(super) async fn run(
    launch: Launch,
    redactor: &Redactor,
    cancelled: impl Future<Output = ()>,
) -> Result<Finished, LaunchError> {
    let began = Instant::now();
    if !launch.program.is_absolute() {
        return Err(LaunchError::NotFound {
            program: launch.program,
        });
    }
    if is_hushkey(&launch.program) {
        return Err(LaunchError::Hushkey);
    }
    let directory = private_dir::fresh_path();
    let errand = Frame::of(&Errand::of(&launch, &directory)?)
        .map_err(|e| LaunchError::failed("describe the run", e))?;
    tree::adopt_orphans().map_err(|e| LaunchError::failed("become a subreaper", e))?;

    let mut supervisor =
        Supervisor::start().map_err(|e| LaunchError::failed("start a run's supervisor", e))?;
    let mut stdout = Collector::new(redactor.stream(), launch.keep);
    let mut stderr = Collector::new(redactor.stream(), launch.keep);
    let pipes = (
        supervisor.child.stdout.take(),
        supervisor.child.stderr.take(),
    );
    let (report, was_cancelled) = {
        let mut reading = pin!(async {
            tokio::join!(stdout.read(pipes.0), stderr.read(pipes.1));
        });
        let mut all_read = false;
        let outcome = {
            let mut reported = pin!(supervisor.report(errand, launch.timeout, cancelled));
            loop {
                tokio::select! {
                    outcome = &mut reported => break outcome,
                    () = &mut reading, if !all_read => all_read = true,
                }
            }
        };
        let rest = async {
            if !all_read {
                let _ = timeout(LAST_OUTPUT, reading).await;
            }
        };
        tokio::join!(rest, supervisor.end(outcome.0.as_ref(), &directory));
        outcome
    };

    let (status, timed_out) = match report {
        Some(Report::Ended {
            status, timed_out, ..
        }) => (status, timed_out),
        Some(Report::NotStarted(obstacle)) => {
            return Err(obstacle.into_error(launch.program, launch.cwd));
        }
        None if was_cancelled => (Status::Signaled(Signal::KILL.as_raw()), false),
        None => return Err(LaunchError::Lost),
    };
    let (stdout, mut concealed) = stdout.finish();
    let (stderr, more) = stderr.finish();
    for (reference, count) in more {
        *concealed.entry(reference).or_default() += count;
    }
    Ok(Finished {
        status,
        timed_out,
        cancelled: was_cancelled,
        duration: began.elapsed(),
        stdout,
        stderr,
        concealed,
    })
}

/// The supervisor's process, as the server sees it. When dropped, the control socket ends, and the
/// run with it.
struct Supervisor {
    child: Child,
    pid: Option<Pid>,
    control: Option<(OwnedReadHalf, OwnedWriteHalf)>,
}

impl Supervisor {
    /// Starts it with an empty environment, in a process group of its own but in our session.
    fn start() -> io::Result<Self> {
        let (ours, its) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let child = Command::new(own_executable())
            .arg0("hushkey")
            .arg(supervisor::WORD)
            .env_clear()
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(its)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self {
            pid: child
                .id()
                .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)),
            child,
            control: Some(UnixStream::from_std(ours)?.into_split()),
        })
    }

    /// Hands the run over and waits for its report; tells also whether the run was cancelled. No
    /// report: the supervisor is dead or frozen.
    async fn report(
        &mut self,
        errand: Frame,
        time: Option<Duration>,
        cancelled: impl Future<Output = ()>,
    ) -> (Option<Report>, bool) {
        let Some((mut from, mut to)) = self.control.take() else {
            return (None, false);
        };
        let mut answer = pin!(receive(&mut from));
        // When this ends, our writing end is dropped: that is how the supervisor learns of it.
        let told = async move {
            let hold = async {
                let _ = to.write_all(errand.bytes()).await;
                drop(errand);
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = hold => {}
                () = cancelled => {}
            }
        };
        tokio::select! {
            report = &mut answer => return (report, false),
            () = overdue(time) => return (None, false),
            () = told => {}
        }
        (timeout(PATIENCE, answer).await.ok().flatten(), true)
    }

    /// Sees the supervisor off. Without a clean report, ends what is left of its run.
    async fn end(&mut self, report: Option<&Report>, directory: &Path) {
        let clean = match report {
            Some(Report::Ended { clean, .. }) => *clean,
            Some(Report::NotStarted(_)) => true,
            None => false,
        };
        if report.is_none() {
            if let Some(pid) = self.pid {
                // The stage is in this group until it begins its session.
                let _ = kill_process_group(pid, Signal::KILL);
            }
            let _ = timeout(PATIENCE, self.child.wait()).await;
            sweep_orphans().await;
        } else if clean {
            let _ = timeout(PATIENCE, self.child.wait()).await;
        }
        if !clean {
            remove_in_background(directory.to_owned()).await;
        }
    }
}

/// Resolves when a run with this time-out should long have been reported.
async fn overdue(time: Option<Duration>) {
    match time.and_then(|time| time.checked_add(GRACE + PATIENCE)) {
        Some(time) => sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Receives a report; `None` if the socket ends or says something else.
async fn receive(socket: &mut OwnedReadHalf) -> Option<Report> {
    let mut head = [0; HEAD];
    socket.read_exact(&mut head).await.ok()?;
    let mut body = Body::announced(head).ok()?;
    socket.read_exact(body.room()).await.ok()?;
    body.decode().ok()
}

async fn remove_in_background(directory: PathBuf) {
    let removed = tokio::task::spawn_blocking(move || remove(&directory)).await;
    if let Ok(Err(error)) = removed {
        tracing::warn!(%error, "a run's private directory is left; the next run tries to remove it");
    }
}

/// Kills and reaps what supervisors left behind that were killed: a supervisor that lives keeps its
/// own.
async fn sweep_orphans() {
    let until = Instant::now() + PATIENCE;
    loop {
        let orphans = tree::orphans();
        if orphans.is_empty() || Instant::now() >= until {
            return;
        }
        for &orphan in &orphans {
            tree::kill_child(orphan);
        }
        let mut gone = orphans.into_iter().map(tree::reap_this);
        if !gone.all(|gone| gone) {
            sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Reads one stream, redacts it and keeps its ends.
struct Collector {
    redacting: Stream,
    kept: Kept,
}

impl Collector {
    fn new(redacting: Stream, keep: Keep) -> Self {
        Self {
            redacting,
            kept: Kept::new(keep),
        }
    }

    /// Reads to the end. May be dropped at any time; what was read by then counts.
    async fn read(&mut self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else {
            return;
        };
        let mut raw = Zeroizing::new(vec![0; CHUNK]);
        let mut redacted = Vec::with_capacity(CHUNK);
        while let Ok(n) = pipe.read(&mut raw).await
            && n > 0
        {
            self.redacting.push(&raw[..n], &mut redacted);
            self.kept.push(&redacted);
            redacted.clear();
        }
    }

    fn finish(mut self) -> (Output, Counts) {
        let mut redacted = Vec::new();
        let concealed = self.redacting.finish(&mut redacted);
        self.kept.push(&redacted);
        (self.kept.finish(), concealed)
    }
}
