//! A person's run: the program on this terminal, its output concealed on the way.
//!
//! Hushkey supervises itself, in one thread. Where standard output is a terminal, the program has one too (`terminal`);
//! else it runs in our process group, so that Ctrl-C and Ctrl-Z reach it as ever. Daemons are left alone after a normal
//! end; a time-out or a signal that is meant to end the run ends all of it. Where there is nothing to
//! conceal, hushkey is replaced by the program.

use std::{
    ffi::OsString,
    io,
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags},
    process::{Pid, Signal, kill_process},
};
use signal_hook::consts::{
    SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
};

use super::{
    GRACE, LaunchError, Status, Value, group, guard,
    poll::poll,
    private_dir::{self, PrivateDir},
    signals::Signals,
    tree,
    variable::{check_file_variable, check_variable},
};
use crate::{redact::Redactor, vault::Secret};

#[cfg(not(target_os = "linux"))]
mod no_terminal;
mod outlet;
#[cfg(target_os = "linux")]
mod terminal;

#[cfg(not(target_os = "linux"))]
use no_terminal::{Streams, Terminal};
use outlet::Outlet;
#[cfg(target_os = "linux")]
use terminal::{Streams, Terminal};

/// How long output may still come after the program's end, from a pipe that a daemon keeps open.
const LAST_OUTPUT: Duration = Duration::from_millis(250);

/// The exit status when the time is out, as `timeout(1)` has it.
const TIMED_OUT: u8 = 124;

/// A program to run for a person.
pub struct Foreground {
    /// The program's absolute path.
    pub program: PathBuf,
    /// Its arguments, `argv[0]` first.
    pub argv: Vec<OsString>,
    /// The variables that it inherits.
    pub inherited: Vec<(OsString, OsString)>,
    /// Variables on top of those; they win.
    pub env: Vec<(String, Value)>,
    /// Values that it gets as private files (0600), gone when it ends; the variable holds the path.
    pub files: Vec<(String, Secret)>,
    /// When it is ended: TERM, and KILL two seconds later.
    pub timeout: Option<Duration>,
    /// Whether its output is concealed.
    pub masking: bool,
}

impl Foreground {
    /// Tells whether the program will take this process's place: nothing is left to do for hushkey
    /// while it runs, and nobody to tell how it ended.
    #[must_use]
    pub fn replaces_this_process(&self, redactor: &Redactor) -> bool {
        let conceal = self.masking && !redactor.is_empty();
        !conceal && self.files.is_empty() && self.timeout.is_none()
    }
}

/// Runs a program for a person, and returns the exit status to end with: the program's own, 128 + the
/// signal that killed it, or 124 on time-out. Without anything to conceal, to wipe or to time, it does
/// not return: the program takes this process's place.
///
/// # Errors
/// [`LaunchError`]; its [`exit_status`](LaunchError::exit_status) tells what to end with.
pub fn foreground(run: Foreground, redactor: &Redactor) -> Result<u8, LaunchError> {
    let replaces = run.replaces_this_process(redactor);
    let status = perform(run, redactor, replaces, None)?;
    Ok(status.unwrap_or(TIMED_OUT))
}

/// As [`foreground`], but ends the program (TERM, and KILL two seconds later) when `changed` can be read, and returns `None`
/// then. It never takes this process's place.
///
/// # Errors
/// As [`foreground`].
pub fn foreground_until(
    run: Foreground,
    redactor: &Redactor,
    changed: OwnedFd,
) -> Result<Option<u8>, LaunchError> {
    perform(run, redactor, false, Some(changed))
}

fn perform(
    run: Foreground,
    redactor: &Redactor,
    replaces: bool,
    changed: Option<OwnedFd>,
) -> Result<Option<u8>, LaunchError> {
    if !run.masking && !run.files.is_empty() {
        return Err(LaunchError::Unsupported(
            "secret files cannot go with --no-masking: nobody would be left to wipe them; drop one of the two"
                .into(),
        ));
    }
    let conceal = run.masking && !redactor.is_empty();
    let directory = secret_files(&run)?;
    let mut command = command(&run, &directory)?;
    if replaces {
        let error = command.exec();
        return Err(LaunchError::of_exec(run.program, &error));
    }
    let Foreground {
        program,
        argv,
        timeout,
        ..
    } = run;
    let mut watch = match Streams::of_this_process().filter(|_| conceal) {
        Some(streams) => Watch::on_a_terminal(&streams, &command, &program, &argv, redactor)?,
        None => {
            if conceal {
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
            }
            Watch::over(command, program, redactor)?
        }
    };
    watch.changed = changed;
    let ended = watch
        .until_the_end(timeout)
        .map_err(|e| LaunchError::failed("supervise the program", e));
    if let Some((directory, _)) = directory
        && let Err(error) = directory.wipe()
    {
        tracing::warn!(%error, "the private directory could not be removed; the next run tries again");
    }
    ended
}

/// A private directory and, for each variable, the path in it.
type SecretFiles = (PrivateDir, Vec<(String, PathBuf)>);

fn secret_files(run: &Foreground) -> Result<Option<SecretFiles>, LaunchError> {
    if run.files.is_empty() {
        return Ok(None);
    }
    for (name, _) in &run.files {
        check_file_variable(name)?;
    }
    let failed = |e| LaunchError::failed("write the secret files", e);
    let mut directory = PrivateDir::make(&private_dir::fresh_path()).map_err(failed)?;
    let mut paths = Vec::new();
    for (name, value) in &run.files {
        let path = directory
            .add_file(name, value.expose_secret().as_bytes())
            .map_err(failed)?;
        paths.push((name.clone(), path));
    }
    Ok(Some((directory, paths)))
}

fn command(run: &Foreground, files: &Option<SecretFiles>) -> Result<Command, LaunchError> {
    let mut command = Command::new(&run.program);
    if let Some((name, arguments)) = run.argv.split_first() {
        command.arg0(name).args(arguments);
    }
    command.env_clear();
    for (name, value) in &run.inherited {
        check_variable(name.as_bytes(), value.as_bytes())?;
        command.env(name, value);
    }
    for (name, value) in &run.env {
        check_variable(name.as_bytes(), value.as_str().as_bytes())?;
        command.env(name, value.as_str());
    }
    for (name, path) in files.iter().flat_map(|(_, paths)| paths) {
        command.env(name, path);
    }
    Ok(command)
}

/// A program that runs, and what has to be watched meanwhile.
struct Watch {
    /// The program, or who leads its session.
    child: Pid,
    /// How the program ended, once it has.
    status: Option<Status>,
    signals: Signals,
    outlets: Vec<Outlet>,
    terminal: Option<Terminal>,
    /// Whether somebody wants this run to end.
    told_to_end: bool,
    /// Can be read when the program is to make room for another; `None` once it was.
    changed: Option<OwnedFd>,
    makes_room: bool,
}

impl Watch {
    /// Starts the program with pipes, or on our own streams.
    fn over(
        mut command: Command,
        program: PathBuf,
        redactor: &Redactor,
    ) -> Result<Self, LaunchError> {
        let signals = ears(&[]).map_err(|e| LaunchError::failed("supervise the program", e))?;
        let mut child = command
            .spawn()
            .map_err(|e| LaunchError::of_exec(program, &e))?;
        let stdout = child.stdout.take().map(OwnedFd::from);
        let stderr = child.stderr.take().map(OwnedFd::from);
        let outlets = [
            stdout.map(|pipe| Outlet::new(pipe, rustix::stdio::stdout(), redactor)),
            stderr.map(|pipe| Outlet::new(pipe, rustix::stdio::stderr(), redactor)),
        ];
        Ok(Self {
            child: Pid::from_child(&child),
            status: None,
            signals,
            outlets: outlets.into_iter().flatten().collect(),
            terminal: None,
            told_to_end: false,
            changed: None,
            makes_room: false,
        })
    }

    /// Starts the program on a terminal of its own.
    fn on_a_terminal(
        streams: &Streams,
        command: &Command,
        program: &Path,
        argv: &[OsString],
        redactor: &Redactor,
    ) -> Result<Self, LaunchError> {
        let failed = |e| LaunchError::failed("supervise the program", e);
        let signals = ears(&[SIGCONT, SIGWINCH]).map_err(failed)?;
        let (terminal, child, stderr) = Terminal::start(streams, program, argv, command)?;
        let output = terminal.output().map_err(failed)?;
        let mut outlets = vec![Outlet::new(output, rustix::stdio::stdout(), redactor)];
        outlets.extend(stderr.map(|pipe| Outlet::new(pipe, rustix::stdio::stderr(), redactor)));
        Ok(Self {
            child,
            status: None,
            signals,
            outlets,
            terminal: Some(terminal),
            told_to_end: false,
            changed: None,
            makes_room: false,
        })
    }

    /// Waits for the program's end and passes its output on; returns the exit status to end with, or `None` if it made
    /// room for another.
    fn until_the_end(&mut self, timeout: Option<Duration>) -> io::Result<Option<u8>> {
        let mut until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let (mut ending, mut timed_out) = (false, false);
        while self.reap() && self.status.is_none() {
            let due = until.is_some_and(|until| Instant::now() >= until);
            if due && ending {
                break;
            }
            if !ending && (due || self.makes_room) {
                ending = true;
                timed_out = !self.makes_room;
                tree::signal_all(Signal::TERM);
                until = Some(Instant::now() + GRACE);
            }
            self.turn(until)?;
        }
        let hurried = ending || self.told_to_end;
        if hurried {
            self.end_all(if ending { until } else { None })?;
        }
        let told_to_end = self.told_to_end;
        self.pass_on_the_rest(hurried)?;
        Ok(match self.status {
            _ if self.makes_room && !told_to_end => None,
            _ if timed_out => Some(TIMED_OUT),
            Some(Status::Exited(status)) => Some(u8::try_from(status & 0xff).unwrap_or(u8::MAX)),
            Some(Status::Signaled(signal)) => Some(u8::try_from(128 + signal).unwrap_or(u8::MAX)),
            None => Some(128 + 9),
        })
    }

    /// Reaps what has ended; returns whether there are children left.
    fn reap(&mut self) -> bool {
        loop {
            match tree::reap() {
                Ok(Some((pid, status))) if pid == self.child => {
                    let told = self.terminal.as_mut().and_then(Terminal::hear);
                    self.status = self.status.or(told).or(Some(status));
                }
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    /// Asks all that is left to end, and kills it when the grace is over.
    fn end_all(&mut self, until: Option<Instant>) -> io::Result<()> {
        let until = until.unwrap_or_else(|| {
            tree::signal_all(Signal::TERM);
            Instant::now() + GRACE
        });
        while self.reap() && Instant::now() < until {
            self.turn(Some(until))?;
        }
        let child = self.child;
        let status = &mut self.status;
        if status.is_none() {
            tree::kill_child(child);
        }
        tree::sweep(&mut self.signals, GRACE, |pid, ended| {
            if pid == child {
                *status = Some(ended);
            }
        });
        Ok(())
    }

    /// Passes on what the pipes still hold. A pipe that a daemon keeps open is waited for briefly; a
    /// reader that is slow, until it has read, unless somebody wants an end.
    fn pass_on_the_rest(&mut self, hurried: bool) -> io::Result<()> {
        self.told_to_end = false;
        self.outlets.iter_mut().for_each(Outlet::program_ended);
        let until = Instant::now() + LAST_OUTPUT;
        while !self.told_to_end {
            let late = Instant::now() >= until;
            for outlet in &mut self.outlets {
                outlet.end_if(late);
            }
            if hurried && late || self.outlets.iter().all(Outlet::is_done) {
                break;
            }
            self.turn((!late).then_some(until))?;
        }
        Ok(())
    }

    /// Waits once, for a signal, for output, for room to pass it on, or for the instant.
    fn turn(&mut self, until: Option<Instant>) -> io::Result<()> {
        let until = self
            .outlets
            .iter()
            .filter_map(Outlet::idle_at)
            .chain(until)
            .min();
        // An order for a program that has ended is not waited for.
        let changed = self.changed.as_ref().filter(|_| self.status.is_none());
        let orders = changed.map(|changed| PollFd::new(changed, PollFlags::IN));
        let mut ready = vec![PollFd::new(&self.signals, PollFlags::IN)];
        let on_terminal = self.terminal.iter().flat_map(Terminal::awaited);
        ready.extend(on_terminal);
        let first = ready.len();
        let waiting: Vec<usize> = (0..self.outlets.len())
            .filter(|&at| !self.outlets[at].is_done())
            .collect();
        ready.extend(waiting.iter().map(|&at| self.outlets[at].awaited()));
        let orders = orders.map(|orders| ready.push(orders)).is_some();
        poll(&mut ready, until)?;
        let mut ready: Vec<bool> = ready.iter().map(|fd| !fd.revents().is_empty()).collect();

        if orders && ready.pop() == Some(true) {
            self.changed = None;
            self.makes_room = true;
        }

        if ready[0] {
            self.pass_on_signals();
        }
        if let (Some(terminal), [_, news, keys, ..]) = (&mut self.terminal, &ready[..]) {
            if *keys {
                terminal.pass_keys_on();
            }
            if *news && self.status.is_none() {
                self.status = terminal.hear();
            }
        }
        for (at, ready) in waiting.into_iter().zip(&ready[first..]) {
            if *ready {
                self.outlets[at].go_on();
            }
            self.outlets[at].pass_on_if_idle();
        }
        Ok(())
    }

    fn pass_on_signals(&mut self) {
        for signal in self.signals.pending() {
            if let Some(terminal) = &mut self.terminal {
                match signal {
                    SIGCONT => terminal.take_over(),
                    SIGWINCH => terminal.resize(),
                    _ => {}
                }
            }
            if matches!(signal, SIGCONT | SIGWINCH) {
                continue;
            }
            let ends = matches!(signal, SIGHUP | SIGINT | SIGQUIT | SIGTERM);
            let from_terminal =
                self.terminal.is_none() && matches!(signal, SIGINT | SIGQUIT) && is_in_front();
            if signal == SIGCHLD || from_terminal && self.status.is_none() {
                // The terminal has sent it to the program as well.
                continue;
            }
            self.told_to_end |= ends;
            if self.status.is_some() {
                continue;
            }
            if let Some(terminal) = &self.terminal {
                terminal.signal(signal);
            } else if let Some(signal) = Signal::from_named_raw(signal) {
                let _ = kill_process(self.child, signal);
            }
        }
    }
}

/// Protects this process, and watches signals before the program starts, so that none is missed.
fn ears(more: &[i32]) -> io::Result<Signals> {
    guard::protect_memory()?;
    let usual = [SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];
    let signals = Signals::watch_unless_ignored(&[&usual, more].concat())?;
    tree::adopt_orphans()?;
    Ok(signals)
}

/// Tells whether our process group is the one that the terminal's keys reach.
fn is_in_front() -> bool {
    std::fs::File::open("/dev/tty").is_ok_and(group::is_in_front_of)
}
