//! The server's hold on a supervisor: a control socket, and what to do when nothing comes over it.

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
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, ChildStderr, ChildStdout, Command},
    time::{sleep, timeout},
};

use crate::launch::{
    GRACE,
    errand::Report,
    frame::{Body, Frame, HEAD},
    program::own_executable,
    remove::remove,
    supervisor, tree,
};

/// How long a supervisor may take over what it should do at once, before it counts as frozen. It
/// gives killed processes three seconds itself.
const PATIENCE: Duration = Duration::from_secs(6);

/// A supervisor's process and the control socket. When dropped, the socket ends, and the run with it.
pub(super) struct Leash {
    child: Child,
    pid: Option<Pid>,
    control: Option<(OwnedReadHalf, OwnedWriteHalf)>,
}

impl Leash {
    /// Starts a supervisor with an empty environment, in a process group of its own but in our session.
    pub(super) fn start() -> io::Result<Self> {
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

    /// The pipes on which the program's standard output and error come.
    pub(super) fn output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Hands the run over and waits for its report; tells also whether the run was cancelled. `stopped` has the program
    /// ended as a time-out would, `cancelled` at once. No report: the supervisor is dead or frozen.
    pub(super) async fn report(
        &mut self,
        errand: Frame,
        time: Option<Duration>,
        stopped: impl Future<Output = ()>,
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
                stopped.await;
                let _ = to.write_all(&[supervisor::STOP]).await;
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
    pub(super) async fn end(&mut self, report: Option<&Report>, directory: &Path) {
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
        let dying = orphans
            .into_iter()
            .filter(|&orphan| !tree::reap_this(orphan));
        if dying.count() > 0 {
            sleep(Duration::from_millis(2)).await;
        }
    }
}
