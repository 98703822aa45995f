//! The second re-execution: sets up the surroundings of a run's program, then becomes it.
//!
//! A process of its own, because a session and limits are set from inside, and std's `pre_exec` is
//! unsafe. It is the supervisor's child, gets what to become over the socket that is its standard
//! input, and has standard output and error already. It does not know what a secret is.

use std::{
    env,
    ffi::OsStr,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{ffi::OsStrExt, net::UnixStream, process::CommandExt},
    },
    process::{Command, ExitCode, Stdio},
};

use rustix::{process::setsid, thread::set_no_new_privs};

use super::{
    beneath,
    errand::{Obstacle, Progress, Start, code, path},
    frame::{Body, Frame},
    guard,
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
    let mut command = command(&start, stdin);
    match Frame::of(&Progress::Ready).and_then(|frame| frame.send(socket, None)) {
        Ok(()) => Obstacle::Program(code(&command.exec())),
        Err(error) => Obstacle::setup("report to the supervisor", error),
    }
}

fn command(start: &Start<'_>, stdin: OwnedFd) -> Command {
    let mut command = Command::new(path(start.program));
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
