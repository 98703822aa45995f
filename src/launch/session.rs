//! The re-executed process that leads a program's session on a pseudo-terminal, as a shell would.
//!
//! A person's Ctrl-C, Ctrl-Z and window size reach a program through the terminal of its session; and a program can only
//! be stopped by Ctrl-Z if somebody in its session could let it go on. So this process stands between hushkey and the
//! program: it takes the terminal, puts the program in front, and tells hushkey when it stops or ends. It lets no
//! signal end it but the end of hushkey. It knows neither output nor secrets, though its environment holds what the
//! program is to get.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{ffi::OsStrExt, net::UnixStream, process::CommandExt},
    },
    process::{Command, ExitCode, Stdio},
};

use nix::sys::signal::{SigSet, Signal as NixSignal};
use rustix::{
    event::{PollFd, PollFlags},
    process::{
        Pid, Signal, WaitOptions, getpid, ioctl_tiocsctty, kill_process, kill_process_group,
        setsid, waitpid,
    },
    termios::{tcgetpgrp, tcsetpgrp},
};
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::{
    Status,
    errand::{code, path},
    frame::{Body, Frame},
    guard,
    poll::poll,
    signals::Signals,
};

/// The hidden subcommand.
pub(super) const WORD: &str = "__session";

/// Hushkey to this process.
#[derive(Serialize, Deserialize)]
pub(super) enum Order<'a> {
    /// Begin; the program's standard input comes as a descriptor beside it.
    Start {
        program: &'a [u8],
        #[serde(borrow)]
        argv: Vec<&'a [u8]>,
    },
    /// Let the stopped program go on.
    GoOn,
    /// Pass on a signal.
    Signal(i32),
}

/// This process to hushkey.
#[derive(Serialize, Deserialize)]
pub(super) enum News {
    /// The program runs.
    Started,
    /// It can't be started: the system's code.
    NotStarted(i32),
    /// It was stopped from the terminal.
    Stopped,
    /// It is over.
    Ended(Status),
}

/// Leads a session; standard output is the terminal, standard input the control socket.
pub(super) fn main() -> ExitCode {
    match lead() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn lead() -> io::Result<()> {
    guard::protect_memory()?;
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let signals = Signals::watch(&[SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    // The terminal is given to the program, and taken back, from behind: that must not stop us.
    let mut behind = SigSet::empty();
    behind.add(NixSignal::SIGTTOU);
    behind.thread_block()?;
    setsid()?;
    ioctl_tiocsctty(rustix::stdio::stdout())?;
    close_fds::set_fds_cloexec_threadsafe(3, &[]);

    let Some((body, stdin)) = Body::receive(&control)? else {
        return Ok(());
    };
    let Order::Start { program, argv } = body.decode()? else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let child = match start(program, &argv, stdin) {
        Ok(child) => child,
        Err(error) => return tell(&control, &News::NotStarted(code(&error))),
    };
    tell(&control, &News::Started)?;
    Leader {
        control,
        signals,
        child,
    }
    .watch()
}

/// Starts the program in a group of its own, in front of the terminal.
fn start(program: &[u8], argv: &[&[u8]], stdin: Option<OwnedFd>) -> io::Result<Pid> {
    let mut command = Command::new(path(program));
    if let Some((name, arguments)) = argv.split_first() {
        command.arg0(OsStr::from_bytes(name));
        command.args(arguments.iter().map(|argument| OsStr::from_bytes(argument)));
    }
    if let Some(stdin) = stdin {
        command.stdin(Stdio::from(stdin));
    }
    let child = Pid::from_child(&command.process_group(0).spawn()?);
    tcsetpgrp(rustix::stdio::stdout(), child)?;
    Ok(child)
}

struct Leader {
    control: UnixStream,
    signals: Signals,
    child: Pid,
}

impl Leader {
    /// Watches the program until it has ended.
    fn watch(mut self) -> io::Result<()> {
        loop {
            if let Some(status) = self.reap()? {
                // What the program leaves in the background would get HUP with us, if it were still in front.
                let _ = tcsetpgrp(rustix::stdio::stdout(), getpid());
                return tell(&self.control, &News::Ended(status));
            }
            let mut ready = [
                PollFd::new(&self.signals, PollFlags::IN),
                PollFd::new(&self.control, PollFlags::IN),
            ];
            poll(&mut ready, None)?;
            let told = !ready[1].revents().is_empty();
            self.signals.pending().for_each(drop);
            if told && !self.obey()? {
                // Hushkey is gone, and the terminal with it.
                self.pass_on(Signal::HUP);
                return Ok(());
            }
        }
    }

    /// How the program ended, if it has. Tells when it was stopped.
    fn reap(&self) -> io::Result<Option<Status>> {
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
        while let Some((_, status)) = waitpid(Some(self.child), options)? {
            if let Some(signal) = status.stopping_signal() {
                self.stopped(signal)?;
            } else if let Some(status) = status.exit_status() {
                return Ok(Some(Status::Exited(status)));
            } else if let Some(signal) = status.terminating_signal() {
                return Ok(Some(Status::Signaled(signal)));
            }
        }
        Ok(None)
    }

    fn stopped(&self, signal: i32) -> io::Result<()> {
        let by_terminal = [Signal::TTIN, Signal::TTOU]
            .map(Signal::as_raw)
            .contains(&signal);
        let in_front = tcgetpgrp(rustix::stdio::stdout()) == Ok(self.child);
        if by_terminal && in_front {
            // It asked for the terminal before it had it.
            return Ok(kill_process_group(self.child, Signal::CONT)?);
        }
        tell(&self.control, &News::Stopped)
    }

    /// Passes a signal on: to all of the group what a terminal would have sent there. One that is to end a stopped program
    /// lets it go on as well, or it would not hear of it.
    fn pass_on(&self, signal: Signal) {
        let _ = match signal {
            Signal::HUP | Signal::INT | Signal::QUIT => kill_process_group(self.child, signal),
            _ => kill_process(self.child, signal),
        };
        if matches!(signal, Signal::HUP | Signal::TERM) {
            let _ = kill_process_group(self.child, Signal::CONT);
        }
    }

    /// Does what it is told; `false` if nobody tells it anything any more.
    fn obey(&self) -> io::Result<bool> {
        let Some((body, _)) = Body::receive(&self.control)? else {
            return Ok(false);
        };
        match body.decode()? {
            Order::GoOn => {
                let _ = kill_process_group(self.child, Signal::CONT);
            }
            Order::Signal(signal) => {
                if let Some(signal) = Signal::from_named_raw(signal) {
                    self.pass_on(signal);
                }
            }
            Order::Start { .. } => return Err(io::ErrorKind::InvalidData.into()),
        }
        Ok(true)
    }
}

fn tell(control: &UnixStream, news: &News) -> io::Result<()> {
    Frame::of(news)?.send(control, None)
}
