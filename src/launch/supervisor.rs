//! The re-executed process that owns an agent's run: single-threaded, not dumpable, a subreaper.
//!
//! It gets the run over the control socket that is its standard input, has the stage become the
//! program, and waits: for the program's end, the time-out, or the end of the control socket, which
//! means that the server cancels, or is dead however it died. Then it sweeps every descendant, wipes
//! the private directory, and only then reports. It does not know what the output says: that goes
//! past it, to the server.

use std::{
    fs::File,
    io::{self, Read},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{ffi::OsStrExt, net::UnixStream, process::CommandExt},
    },
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags},
    process::{Pid, Signal},
};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::{
    GRACE, Status,
    beneath::{self, MARKER},
    errand::{Errand, Obstacle, Progress, Report, Start, path},
    frame::{Body, Frame},
    guard,
    poll::poll,
    private_dir::PrivateDir,
    program,
    signals::Signals,
    stage, tree,
};

mod feed;

use feed::Feed;

/// The hidden subcommand.
pub(super) const WORD: &str = "__run";

/// What the server sends to have the program ended as a time-out would: TERM, and KILL after a while.
pub(super) const STOP: u8 = b'.';

/// How long killed processes may take to end before the run is reported with some of them left.
const SWEEP: Duration = Duration::from_secs(3);

/// Runs what the server sends.
pub(super) fn main() -> ExitCode {
    let Ok(control) = take_stdin() else {
        return ExitCode::FAILURE;
    };
    let report = match Supervisor::set_up() {
        Ok(supervisor) => supervisor.supervise(&control),
        Err(obstacle) => Some(Report::NotStarted(obstacle)),
    };
    if let Some(report) = &report {
        let _ = Frame::of(report).and_then(|frame| frame.send(&control, None));
    }
    if let Some(Report::Ended { clean: false, .. }) = report {
        linger();
    }
    ExitCode::SUCCESS
}

/// Tells whether the server wants the program to be ended gently. At the end of its socket it is gone itself.
fn is_stop(mut control: &UnixStream) -> bool {
    let mut order = [0];
    matches!(control.read(&mut order), Ok(1)) && order == [STOP]
}

/// A process that even KILL does not end at once (it waits for a disk, say) is waited for after the
/// report.
fn linger() {
    if let Ok(mut signals) = Signals::watch(&[SIGCHLD]) {
        while !tree::sweep(&mut signals, Duration::from_secs(1), |_, _| {}) {}
    }
}

/// What a run is made of once its stage waits for orders.
struct Supervisor {
    signals: Signals,
    stage: UnixStream,
    child: Pid,
}

impl Supervisor {
    /// Protects this process, and starts the stage: it loads while the errand is still on its way.
    fn set_up() -> Result<Self, Obstacle> {
        guard::protect_memory()
            .map_err(|e| Obstacle::setup("protect the memory of a run's supervisor", e))?;
        rustix::thread::set_name(beneath::SUPERVISOR)
            .map_err(|e| Obstacle::setup("name a run's supervisor", e))?;
        tree::adopt_orphans().map_err(|e| Obstacle::setup("become a subreaper", e))?;
        close_fds::set_fds_cloexec_threadsafe(3, &[]);
        let signals = Signals::watch(&[SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM])
            .map_err(|e| Obstacle::setup("watch signals", e))?;
        let (stage, child) = start_stage().map_err(|e| Obstacle::setup("start a stage", e))?;
        Ok(Self {
            signals,
            stage,
            child,
        })
    }

    /// Runs the errand to its end; no report if the server is gone before there was one.
    fn supervise(mut self, control: &UnixStream) -> Option<Report> {
        let outcome = match Body::receive(control) {
            Ok(Some((errand, _))) => self.run(errand, control),
            _ => Err(None),
        };
        match outcome {
            Ok(report) => Some(report),
            Err(obstacle) => {
                tree::sweep(&mut self.signals, SWEEP, |_, _| {});
                obstacle.map(Report::NotStarted)
            }
        }
    }

    fn run(&mut self, errand: Body, control: &UnixStream) -> Result<Report, Option<Obstacle>> {
        let told: Errand<'_> = errand
            .decode()
            .map_err(|e| Obstacle::setup("read the run's description", e))?;
        let mut directory = PrivateDir::make(path(told.directory))
            .map_err(|e| Obstacle::setup("make the run's private directory", e))?;
        let feed = self
            .start(&told, &mut directory)
            .map_err(|e| Obstacle::setup("prepare the program", e))?;
        let timeout = told.timeout;
        // The program has its values now; ours need not outlive this.
        drop(errand);

        let (status, timed_out) = self.wait(control, feed, timeout);
        let (status, swept) = self.sweep(status);
        let clean = swept & directory.wipe().is_ok();
        match self.obstacle() {
            Some(obstacle) => Err(Some(obstacle)),
            None => Ok(Report::Ended {
                status,
                timed_out,
                clean,
            }),
        }
    }

    /// Writes the secret files, and has the stage become the program.
    fn start(&self, errand: &Errand<'_>, directory: &mut PrivateDir) -> io::Result<Option<Feed>> {
        let files: Vec<(&str, PathBuf)> = errand
            .files
            .iter()
            .map(|(name, value)| Ok((*name, directory.add_file(name, value.as_bytes())?)))
            .collect::<io::Result<_>>()?;
        let temporary = directory.temporary()?;
        let run = path(errand.directory).file_name().unwrap_or_default();

        let mut env: Vec<(&str, &[u8])> = errand
            .env
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        env.extend(
            files
                .iter()
                .map(|(name, path)| (*name, path.as_os_str().as_bytes())),
        );
        env.push(("TMPDIR", temporary.as_os_str().as_bytes()));
        env.push((MARKER, run.as_bytes()));

        let (stdin, feed) = Feed::begin(errand.stdin)?;
        let start = Start {
            argv: errand.argv.clone(),
            program: errand.program,
            env,
            cwd: errand.cwd,
            sha256: errand.sha256,
            limits: errand.limits,
        };
        // If the stage is gone already, its last words say more than our broken pipe.
        let _ = Frame::of(&start)?.send(&self.stage, Some(stdin.as_fd()));
        Ok(feed)
    }

    /// Waits for the program's end. `None` if it still has to be killed.
    fn wait(
        &mut self,
        control: &UnixStream,
        mut feed: Option<Feed>,
        timeout: Option<Duration>,
    ) -> (Option<Status>, bool) {
        let mut until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let (mut timed_out, mut stopping) = (false, false);
        loop {
            while let Ok(Some((pid, status))) = tree::reap() {
                if pid == self.child {
                    return (Some(status), timed_out);
                }
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                if timed_out || stopping {
                    return (None, timed_out);
                }
                timed_out = true;
                tree::signal_all(Signal::TERM);
                until = Some(Instant::now() + GRACE);
            }
            let [ready_control, ready_feed] = self.wait_once(control, feed.as_ref(), until);
            let told_to_end = self.signals.pending().any(|signal| signal != SIGCHLD);
            if told_to_end {
                return (None, timed_out);
            }
            if ready_control {
                if stopping || timed_out || !is_stop(control) {
                    return (None, timed_out);
                }
                stopping = true;
                tree::signal_all(Signal::TERM);
                until = Some(Instant::now() + GRACE);
            }
            if ready_feed && feed.as_mut().is_some_and(Feed::write_some) {
                feed = None;
            }
        }
    }

    /// Waits for a signal, the control socket's end, room in the program's input, or the instant.
    fn wait_once(
        &self,
        control: &UnixStream,
        feed: Option<&Feed>,
        until: Option<Instant>,
    ) -> [bool; 2] {
        let nothing_to_feed = self.signals.as_fd();
        let (feed, wanted): (BorrowedFd<'_>, _) = match feed {
            Some(feed) => (feed.as_fd(), PollFlags::OUT),
            None => (nothing_to_feed, PollFlags::empty()),
        };
        let mut ready = [
            PollFd::new(&self.signals, PollFlags::IN),
            PollFd::new(control, PollFlags::IN),
            PollFd::new(&feed, wanted),
        ];
        match poll(&mut ready, until) {
            Ok(()) => [&ready[1], &ready[2]].map(|fd| !fd.revents().is_empty()),
            // Without ears the run can't be supervised: it ends.
            Err(_) => [true, false],
        }
    }

    /// Kills what is left, the program included. Tells how that ended and whether all are gone.
    fn sweep(&mut self, status: Option<Status>) -> (Status, bool) {
        let mut status = status;
        let child = self.child;
        if status.is_none() {
            tree::kill_child(child);
        }
        let swept = tree::sweep(&mut self.signals, SWEEP, |pid, ended| {
            if pid == child {
                status = Some(ended);
            }
        });
        (
            status.unwrap_or(Status::Signaled(Signal::KILL.as_raw())),
            swept,
        )
    }

    /// Asks, after its end, whether the stage ever became the program.
    fn obstacle(&self) -> Option<Obstacle> {
        let mut ready = false;
        let _ = self.stage.set_nonblocking(true);
        while let Ok(Some((body, _))) = Body::receive(&self.stage) {
            match body.decode() {
                Ok(Progress::Ready) => ready = true,
                Ok(Progress::Stuck(obstacle)) => return Some(obstacle),
                Err(_) => break,
            }
        }
        (!ready).then(|| Obstacle::setup("start the program: its stage ended", broken()))
    }
}

/// Takes the control socket from standard input, so that no child gets it.
fn take_stdin() -> io::Result<UnixStream> {
    let control = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(UnixStream::from(control))
}

/// Starts the stage with our standard output and error, and lets go of them: only the run holds them.
fn start_stage() -> io::Result<(UnixStream, Pid)> {
    let (ours, its) = UnixStream::pair()?;
    let stage = Command::new(program::own_executable())
        .arg0("hushkey")
        .arg(stage::WORD)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(its)))
        .spawn()?;
    let nowhere = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    Ok((ours, Pid::from_child(&stage)))
}

fn broken() -> io::Error {
    rustix::io::Errno::PIPE.into()
}
