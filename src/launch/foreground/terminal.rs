//! A pseudo-terminal for a person's program, so that concealing its output does not take its terminal away.
//!
//! What is typed goes to the program's terminal, which makes of it what a terminal does: lines, echo, Ctrl-C. Our own one
//! is raw meanwhile, as long as we are in front, and is put back whenever we are not. What the program prints is read
//! elsewhere, from the same descriptor.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{ffi::OsStrExt, net::UnixStream, process::CommandExt},
    },
    path::Path,
    process::{Command, Stdio},
};

use rustix::{
    event::{PollFd, PollFlags},
    fs::{Mode, OFlags, open},
    io::Errno,
    process::{Pid, Signal, kill_current_process_group},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize},
};
use zeroize::Zeroizing;

use crate::launch::{
    LaunchError, Status,
    frame::{Body, Frame},
    group,
    program::own_executable,
    session::{self, News, Order},
};

/// Bytes that are read of what is typed at once.
const TYPED: usize = 1024;

/// The program's terminal, ours, and who leads the program's session.
pub(super) struct Terminal {
    ours: File,
    /// The other end of the program's terminal.
    master: OwnedFd,
    control: UnixStream,
    /// How our terminal was, while it is raw.
    before: Option<Termios>,
    /// What was typed and is not passed on yet.
    typed: Zeroizing<Vec<u8>>,
    /// Whether our terminal has hung up.
    gone: bool,
}

/// Which streams of the program are on its terminal.
pub(super) struct Streams {
    stdin: bool,
    pub(super) stderr: bool,
}

impl Streams {
    /// Those of ours that are; `None` when standard output isn't: then there is no terminal to keep.
    pub(super) fn of_this_process() -> Option<Self> {
        isatty(rustix::stdio::stdout()).then(|| Self {
            stdin: isatty(rustix::stdio::stdin()),
            stderr: isatty(rustix::stdio::stderr()),
        })
    }
}

impl Terminal {
    /// Starts a program on a terminal of its own. `command` has its environment; returns the session's leader too, and
    /// the pipe of standard error, if that isn't on the terminal.
    ///
    /// # Errors
    /// [`LaunchError`] when there is no such terminal, or the program can't be started.
    pub(super) fn start(
        streams: &Streams,
        program: &Path,
        argv: &[OsString],
        environment: &Command,
    ) -> Result<(Self, Pid, Option<OwnedFd>), LaunchError> {
        let failed = |e: io::Error| LaunchError::failed("give the program a terminal", e);
        // What standard output was opened for may be writing only.
        let own = File::options().read(true).write(true).open("/dev/tty");
        let ours = own.or_else(|_| rustix::stdio::stdout().try_clone_to_owned().map(File::from));
        let ours = ours.map_err(failed)?;
        let (master, slave) = pair(&ours).map_err(failed)?;
        let (control, its) = UnixStream::pair().map_err(failed)?;

        let mut leader = Command::new(own_executable());
        leader.arg0("hushkey").arg(session::WORD).env_clear();
        for (name, value) in environment.get_envs() {
            leader.env(name, value.unwrap_or_default());
        }
        let on_terminal = || slave.try_clone().map(Stdio::from).map_err(failed);
        leader
            .stdin(Stdio::from(OwnedFd::from(its)))
            .stdout(on_terminal()?)
            .stderr(if streams.stderr {
                on_terminal()?
            } else {
                Stdio::piped()
            });
        let mut child = leader.spawn().map_err(failed)?;
        drop(leader);
        let stderr = child.stderr.take().map(OwnedFd::from);

        let order = Order::Start {
            program: program.as_os_str().as_bytes(),
            argv: argv.iter().map(|word| OsStr::as_bytes(word)).collect(),
        };
        let stdin = if streams.stdin {
            slave.as_fd()
        } else {
            rustix::stdio::stdin()
        };
        let sent = Frame::of(&order).and_then(|frame| frame.send(&control, Some(stdin)));
        sent.map_err(failed)?;
        drop(slave);
        let mut terminal = Self {
            ours,
            master,
            control,
            before: None,
            typed: Zeroizing::new(Vec::new()),
            gone: false,
        };
        match terminal.news() {
            Ok(Some(News::Started)) => {}
            Ok(Some(News::NotStarted(code))) => {
                let error = io::Error::from_raw_os_error(code);
                return Err(LaunchError::of_exec(program.to_owned(), &error));
            }
            Ok(_) => return Err(failed(Errno::PIPE.into())),
            Err(error) => return Err(failed(error)),
        }
        terminal.take_over();
        Ok((terminal, Pid::from_child(&child), stderr))
    }

    /// Where the program's output comes from.
    pub(super) fn output(&self) -> io::Result<OwnedFd> {
        self.master.try_clone()
    }

    /// What this waits for: news of the program, and either keys or room for them.
    pub(super) fn awaited(&self) -> [PollFd<'_>; 2] {
        let keys = if !self.typed.is_empty() {
            PollFd::new(&self.master, PollFlags::OUT)
        } else if self.before.is_some() && !self.gone {
            PollFd::new(&self.ours, PollFlags::IN)
        } else {
            PollFd::new(&self.control, PollFlags::empty())
        };
        [PollFd::new(&self.control, PollFlags::IN), keys]
    }

    /// Passes keys on.
    pub(super) fn pass_keys_on(&mut self) {
        if self.typed.is_empty() {
            let mut keys = Zeroizing::new(vec![0; TYPED]);
            match rustix::io::read(&self.ours, &mut keys[..]) {
                Ok(length @ 1..) => self.typed.extend_from_slice(&keys[..length]),
                Err(Errno::INTR | Errno::AGAIN) => {}
                // Whoever sat there has left.
                Ok(0) | Err(_) => {
                    self.gone = true;
                    self.signal(Signal::HUP.as_raw());
                }
            }
        }
        if !self.typed.is_empty() {
            match rustix::io::write(&self.master, &self.typed) {
                Ok(length) => drop(self.typed.drain(..length)),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => self.typed.clear(),
            }
        }
    }

    /// Hears what became of the program: how it ended, if it has. Stops with it when it was stopped.
    pub(super) fn hear(&mut self) -> Option<Status> {
        match self.news() {
            Ok(Some(News::Ended(status))) => Some(status),
            Ok(Some(News::Stopped)) => {
                self.stop();
                None
            }
            Ok(Some(News::Started | News::NotStarted(_))) => None,
            // The leader is gone, and the program's session with it.
            Ok(None) | Err(_) => Some(Status::Signaled(Signal::KILL.as_raw())),
        }
    }

    /// Passes a signal on.
    pub(super) fn signal(&self, signal: i32) {
        self.order(&Order::Signal(signal));
    }

    /// Takes our terminal, if we are in front of it: keys go to the program, and it has the same size.
    pub(super) fn take_over(&mut self) {
        self.resize();
        if self.before.is_some() || !group::is_in_front_of(&self.ours) {
            return;
        }
        if let Ok(before) = tcgetattr(&self.ours) {
            let mut raw = before.clone();
            raw.make_raw();
            if tcsetattr(&self.ours, OptionalActions::Drain, &raw).is_ok() {
                self.before = Some(before);
            }
        }
    }

    /// Gives the program's terminal the size of ours.
    pub(super) fn resize(&self) {
        if let Ok(size) = tcgetwinsize(&self.ours) {
            let _ = tcsetwinsize(&self.master, size);
        }
    }

    /// Stops with the program, until somebody lets us go on.
    fn stop(&mut self) {
        self.give_back();
        let _ = kill_current_process_group(Signal::TSTP);
        self.take_over();
        self.order(&Order::GoOn);
    }

    /// Puts our terminal back as it was.
    fn give_back(&mut self) {
        if let Some(before) = self.before.take() {
            let _ = tcsetattr(&self.ours, OptionalActions::Drain, &before);
        }
    }

    fn order(&self, order: &Order<'_>) {
        // A leader that is gone is noticed where its news end.
        let _ = Frame::of(order).and_then(|frame| frame.send(&self.control, None));
    }

    fn news(&self) -> io::Result<Option<News>> {
        match Body::receive(&self.control)? {
            Some((body, _)) => body.decode().map(Some),
            None => Ok(None),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// A new terminal that is set as ours is: our end of it, and the program's.
fn pair(ours: &File) -> io::Result<(OwnedFd, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = open(name.as_c_str(), flags, Mode::empty())?;
    if let Ok(settings) = tcgetattr(ours) {
        tcsetattr(&slave, OptionalActions::Now, &settings)?;
    }
    if let Ok(size) = tcgetwinsize(ours) {
        tcsetwinsize(&master, size)?;
    }
    Ok((master, slave))
}
