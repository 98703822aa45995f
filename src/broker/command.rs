//! A program that a caller wants to run: found, but not yet allowed.

use std::path::{Path, PathBuf};

use crate::{
    access::Caller,
    broker::{Ask, Broker, BrokerError, paths::Reach, program},
    launch::{self, LaunchError},
    policy::{Governed, OutputMode, Run},
};

/// A program with its arguments, and where it starts.
pub(super) struct Command {
    pub program: PathBuf,
    pub argv: Vec<String>,
    pub cwd: PathBuf,
    /// The search path that it was found on, and that it gets as its own.
    pub path: Vec<PathBuf>,
}

impl Broker {
    /// Finds a program and the directory that it starts in.
    pub(super) fn command(
        &self,
        ask: &Ask<'_>,
        argv: Vec<String>,
        cwd: Option<&Path>,
    ) -> Result<Command, BrokerError> {
        let Some(name) = argv.first().filter(|name| !name.is_empty()) else {
            return Err(BrokerError::Invalid(
                "`command` is empty; give the program and its arguments as separate elements"
                    .into(),
            ));
        };
        if argv.iter().any(|argument| argument.contains('\0')) {
            return Err(BrokerError::Invalid(
                "an argument holds a NUL character, which no program can be given".into(),
            ));
        }
        let reach = self.reach(ask);
        let cwd = match (&reach, cwd) {
            // An agent over HTTP has no directory of its own: its programs start at the top.
            (Reach::Beneath(roots), None) if roots.is_empty() => PathBuf::from("/"),
            _ => reach.directory(cwd, &self.grounds.own_paths)?,
        };
        let path = match ask.caller {
            Caller::Agent(_) => ask.policy.search_path().to_vec(),
            Caller::Owner => self.grounds.owner_path.clone(),
        };
        let Some(found) = program::find(name, &cwd, &path) else {
            let program = crate::display_text::escaped(name).into();
            // Only the owner is told the difference: an agent could ask with it what is there.
            let there =
                *ask.caller == Caller::Owner && name.contains('/') && cwd.join(name).exists();
            return Err(BrokerError::Launch(if there {
                LaunchError::NotExecutable {
                    program,
                    reason: "it is no executable file".into(),
                }
            } else {
                LaunchError::NotFound { program }
            }));
        };
        if ask.caller.is_agent() && launch::is_hushkey(&found) {
            return Err(BrokerError::Invalid(
                "hushkey does not run itself; use its tools instead".into(),
            ));
        }
        Ok(Command {
            program: found,
            argv,
            cwd,
            path,
        })
    }
}

impl Command {
    /// What the policy is asked.
    pub(super) fn request<'a>(
        &'a self,
        secrets: &'a [Governed<'a>],
        secret_variables: &'a [&'a str],
        variables: &'a [&'a str],
        output: Option<OutputMode>,
    ) -> Run<'a> {
        Run {
            program: &self.program,
            arguments: &self.argv[1..],
            variables,
            secret_variables,
            secrets,
            cwd: &self.cwd,
            output,
            reasoned: false,
        }
    }

    /// The program as people are shown it.
    pub(super) fn shown(&self) -> String {
        crate::display_text::escaped(&self.argv[0])
    }
}
