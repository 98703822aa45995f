//! The second re-execution: sets up the surroundings of a run's program, then becomes it.
//!
//! A process of its own, because a session and limits are set from inside, and std's `pre_exec` is
//! unsafe. It is the supervisor's child, gets what to become over the socket that is its standard
//! input, and has standard output and error already. It does not know what a secret is.

use std::{
    env,
    ffi::OsStr,
    fs::File,
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::FileExt, net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use rustix::{io::FdFlags, process::setsid, thread::set_no_new_privs};

use super::{
    beneath, ceiling,
    errand::{Obstacle, Progress, Start, code, path},
    frame::{Body, Frame},
    guard, program,
};

/// The hidden subcommand.
pub(super) const WORD: &str = "__exec";

/// Becomes the program that the supervisor names.
pub(super) fn main() -> ExitCode {
    // A copy that `exec` closes: its end tells the supervisor that the program runs.
    let Ok(socket) = io::stdin().as_fd().try_clone_to_owned() else {
        return ExitCode::FAILURE;
    };
    let socket = UnixStream::from(socket);
    let obstacle = match set_up() {
        Ok(()) => become_program(&socket),
        Err(obstacle) => obstacle,
    };
    let _ = Frame::of(&Progress::Stuck(obstacle)).and_then(|frame| frame.send(&socket, None));
    ExitCode::FAILURE
}

/// What every run's program has, whatever it is.
fn set_up() -> Result<(), Obstacle> {
    guard::protect_memory()
        .map_err(|e| Obstacle::setup("protect the memory of a run's stage", e))?;
    setsid().map_err(|e| Obstacle::setup("begin a session", e))?;
    guard::forbid_core_dumps().map_err(|e| Obstacle::setup("forbid core dumps", e))?;
    beneath::mark().map_err(|e| Obstacle::setup("mark the run", e))?;
    set_no_new_privs(true).map_err(|e| Obstacle::setup("forbid new privileges", e))?;
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
    Ok(())
}

/// Returns only if that failed.
fn become_program(socket: &UnixStream) -> Obstacle {
    let told = |e| Obstacle::setup("learn which program to start", e);
    let (body, stdin) = match Body::receive(socket) {
        Ok(Some((body, Some(stdin)))) => (body, stdin),
        Ok(_) => return told(io::ErrorKind::UnexpectedEof.into()),
        Err(error) => return told(error),
    };
    let start: Start<'_> = match body.decode() {
        Ok(start) => start,
        Err(error) => return told(error),
    };
    if let Err(error) = env::set_current_dir(path(start.cwd)) {
        return Obstacle::Directory(code(&error));
    }
    let program = match verified(&start) {
        Ok(program) => program,
        Err(obstacle) => return obstacle,
    };
    let mut command = command(&start, &program.path, stdin);
    if let Err(obstacle) = ceiling::lower(&start.limits) {
        return obstacle;
    }
    match Frame::of(&Progress::Ready).and_then(|frame| frame.send(socket, None)) {
        Ok(()) => Obstacle::Program(code(&command.exec())),
        Err(error) => Obstacle::setup("report to the supervisor", error),
    }
}

/// What is executed; the file stays open until then.
struct Program {
    path: PathBuf,
    _file: Option<File>,
}

/// The program by its path; or, where its content is to be a certain one, by the descriptor that was read.
fn verified(start: &Start<'_>) -> Result<Program, Obstacle> {
    let Some(wanted) = start.sha256 else {
        return Ok(Program {
            path: path(start.program).to_owned(),
            _file: None,
        });
    };
    let unreadable = |error: io::Error| Obstacle::Program(code(&error));
    let mut file = File::open(path(start.program)).map_err(unreadable)?;
    if program::digest(&mut file).map_err(unreadable)? != wanted {
        return Err(Obstacle::Altered);
    }
    let mut first = [0; 2];
    let read = file.read_at(&mut first, 0).map_err(unreadable)?;
    if first[..read] == *b"#!" {
        // Its interpreter opens it by this name, after `exec`.
        rustix::io::fcntl_setfd(&file, FdFlags::empty()).map_err(|e| unreadable(e.into()))?;
    }
    Ok(Program {
        path: format!("/proc/self/fd/{}", file.as_raw_fd()).into(),
        _file: Some(file),
    })
}

fn command(start: &Start<'_>, program: &Path, stdin: OwnedFd) -> Command {
    let mut command = Command::new(program);
    if let Some((name, arguments)) = start.argv.split_first() {
        command.arg0(name).args(arguments);
    }
    command
        .env_clear()
        .envs(
            start
                .env
                .iter()
                .map(|(name, value)| (name, OsStr::from_bytes(value))),
        )
        .stdin(Stdio::from(stdin));
    command
}
