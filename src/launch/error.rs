//! Why a program could not be run, in words that are fit for a model.

use std::path::PathBuf;

/// Why a program could not be run.
///
/// Messages name programs, directories and variables, never an argument or a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The program's file is not the one that policy names by its digest.
    #[error("`{}` is not the file that the policy means: its SHA-256 is another, so it was not started; tell the owner", program.display())]
    Altered {
        /// The program's path.
        program: PathBuf,
    },

    /// The working directory is not there, or not ours to enter.
    #[error("cannot start in `{}`: {reason}; name a directory that exists and may be entered", cwd.display())]
    Directory {
        /// The directory, as it was asked for.
        cwd: PathBuf,
        /// What the system said.
        reason: String,
    },

    /// Hushkey's own failure.
    #[error("{0}")]
    Failed(String),

    /// The program is hushkey itself.
    #[error("hushkey does not run itself for an agent; use its tools instead")]
    Hushkey,

    /// The supervisor was killed, or frozen, before it could report.
    #[error(
        "the supervisor of the run was killed or stopped, so how the program ended is unknown; all that was left of it was ended"
    )]
    Lost,

    /// The program is there and can't be executed.
    #[error("cannot execute `{}`: {reason}; check its permissions and its first line", program.display())]
    NotExecutable {
        /// The program's path.
        program: PathBuf,
        /// What the system said.
        reason: String,
    },

    /// There is no such program.
    #[error("there is no program `{}`; check the name and the path", program.display())]
    NotFound {
        /// The program's path, or its name where none was found.
        program: PathBuf,
    },

    /// Arguments and environment are longer than the system takes.
    #[error(
        "the arguments and the environment are too long for this system; pass large values as files"
    )]
    TooLong,

    /// What was asked for can't be done here.
    #[error("{0}")]
    Unsupported(String),

    /// A variable can't be passed on.
    #[error("the variable `{name}` cannot be passed on: {problem}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong, without the value, and what to do.
        problem: &'static str,
    },
}

impl LaunchError {
    /// The exit status that `hushkey run` gives for it: 126 not executable, 127 not found, else 125.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::NotExecutable { .. } => 126,
            Self::NotFound { .. } => 127,
            _ => 125,
        }
    }

    /// A failure of hushkey's own. The system's error code is told, never a message with a payload.
    pub(super) fn failed(doing: &str, error: impl Into<std::io::Error>) -> Self {
        Self::Failed(format!("cannot {doing}: {}", reason(&error.into())))
    }

    /// What the system's refusal to execute `program` means.
    pub(super) fn of_exec(program: PathBuf, error: &std::io::Error) -> Self {
        use rustix::io::Errno;

        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NOENT) if program.exists() => Self::NotExecutable {
                program,
                reason: "the interpreter that its first line names is missing".into(),
            },
            Some(Errno::NOENT | Errno::NOTDIR) => Self::NotFound { program },
            Some(Errno::TOOBIG) => Self::TooLong,
            _ => Self::NotExecutable {
                program,
                reason: reason(error),
            },
        }
    }
}

/// The system's words for an error, and nothing that came from elsewhere.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => std::io::Error::from_raw_os_error(code)
            .to_string()
            .to_lowercase(),
        None => error.kind().to_string(),
    }
}
