//! What server, supervisor and stage tell each other.
//!
//! All texts are borrowed: from the [`Launch`] on the sending side, from the frame on the receiving
//! side, so that a value has one copy in each process, in a buffer that is wiped.

use std::{
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::limits::Limits;

use super::{
    Launch, LaunchError, Status, Stdin, ceiling,
    error::reason,
    variable::{check_file_variable, check_variable},
};

/// Server to supervisor: all of a run. The end of the socket after it means "kill everything".
#[derive(Serialize, Deserialize)]
pub(super) struct Errand<'a> {
    /// The private directory to make, an absolute path.
    pub(super) directory: &'a [u8],
    #[serde(borrow)]
    pub(super) argv: Vec<&'a str>,
    pub(super) program: &'a [u8],
    #[serde(borrow)]
    pub(super) env: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    pub(super) files: Vec<(&'a str, &'a str)>,
    pub(super) stdin: Option<&'a str>,
    pub(super) cwd: &'a [u8],
    pub(super) timeout: Option<Duration>,
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) limits: Limits,
}

/// Supervisor to stage: what to become. Standard input comes as a descriptor beside it.
#[derive(Serialize, Deserialize)]
pub(super) struct Start<'a> {
    #[serde(borrow)]
    pub(super) argv: Vec<&'a str>,
    pub(super) program: &'a [u8],
    #[serde(borrow)]
    pub(super) env: Vec<(&'a str, &'a [u8])>,
    pub(super) cwd: &'a [u8],
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) limits: Limits,
}

/// Stage to supervisor: how far it came. After `Ready`, the end of the socket means that it is the
/// program now.
#[derive(Serialize, Deserialize)]
pub(super) enum Progress {
    /// It did not become the program.
    Stuck(Obstacle),
    /// All is set up; `exec` comes next.
    Ready,
}

/// Supervisor to server: the one answer to an errand.
#[derive(Serialize, Deserialize)]
pub(super) enum Report {
    /// The program ran, and all that it started is gone.
    Ended {
        status: Status,
        timed_out: bool,
        /// Whether every process is gone and the private directory with them.
        clean: bool,
    },
    /// The program never ran.
    NotStarted(Obstacle),
}

/// What was in the way, with the system's error code.
#[derive(Serialize, Deserialize)]
pub(super) enum Obstacle {
    /// The program's file is not the one that was meant.
    Altered,
    /// The working directory could not be entered.
    Directory(i32),
    /// The program could not be executed.
    Program(i32),
    /// The surroundings could not be set up: what was to be done, and the code.
    Setup(String, i32),
}

impl<'a> Errand<'a> {
    /// Reads a launch, and refuses what `exec` could not pass on.
    pub(super) fn of(launch: &'a Launch, directory: &'a Path) -> Result<Self, LaunchError> {
        let env: Vec<_> = launch
            .env
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let files: Vec<_> = launch
            .files
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect();
        for (name, value) in &env {
            check_variable(name.as_bytes(), value.as_bytes())?;
        }
        for (name, _) in &files {
            check_file_variable(name)?;
        }
        if launch.argv.is_empty() || launch.argv.iter().any(|arg| arg.contains('\0')) {
            return Err(LaunchError::Failed(
                "the command is empty or holds a NUL byte; name a program and plain arguments"
                    .into(),
            ));
        }
        if launch.limits.processes.is_some() && !ceiling::can_bind_processes() {
            return Err(LaunchError::Unsupported(
                "a limit on processes binds neither root nor who may pass limits over; run hushkey as an ordinary user, or take \
                 `processes` out of the rule"
                    .into(),
            ));
        }
        Ok(Self {
            directory: directory.as_os_str().as_bytes(),
            argv: launch.argv.iter().map(String::as_str).collect(),
            program: launch.program.as_os_str().as_bytes(),
            env,
            files,
            stdin: match &launch.stdin {
                Stdin::Empty => None,
                Stdin::Secret(secret) => Some(secret.expose_secret()),
            },
            cwd: launch.cwd.as_os_str().as_bytes(),
            timeout: launch.timeout,
            sha256: launch.sha256,
            limits: launch.limits,
        })
    }
}

impl Obstacle {
    /// An obstacle in setting up; `doing` follows "cannot" in a sentence.
    pub(super) fn setup(doing: &str, error: impl Into<io::Error>) -> Self {
        Self::Setup(doing.into(), code(&error.into()))
    }

    /// The error that the caller of a run sees.
    pub(super) fn into_error(self, program: PathBuf, cwd: PathBuf) -> LaunchError {
        match self {
            Self::Altered => LaunchError::Altered { program },
            Self::Directory(code) => LaunchError::Directory {
                cwd,
                reason: reason(&io::Error::from_raw_os_error(code)),
            },
            Self::Program(code) => {
                LaunchError::of_exec(program, &io::Error::from_raw_os_error(code))
            }
            Self::Setup(doing, code) => {
                LaunchError::failed(&doing, io::Error::from_raw_os_error(code))
            }
        }
    }
}

/// The system's code for an error; an error that is not the system's counts as an I/O error.
pub(super) fn code(error: &io::Error) -> i32 {
    error
        .raw_os_error()
        .unwrap_or(rustix::io::Errno::IO.raw_os_error())
}

/// A path as it was before it was sent.
pub(super) fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
