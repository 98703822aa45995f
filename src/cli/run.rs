//! `hushkey run`: a program with secrets in its environment, on this terminal.

use std::{ffi::OsString, process::ExitCode};

use crate::{
    audit::Outcome,
    broker::{BrokerError, PreparedRun, RunRequest},
    cli::{
        Run,
        failure::Failure,
        guard, opening,
        session::{OWNER, Session, wait},
    },
    launch::{self, Foreground, Launch, LaunchError},
};

mod watch;

/// The exit status of `hushkey run` for every failure of hushkey's own, as `docker run` has it.
pub(super) const OWN_FAILURE: u8 = 125;

/// The exit status on time-out, as `timeout(1)` has it.
const TIMED_OUT: u8 = 124;

/// The variable with the Connect server's token.
const CONNECT_TOKEN: &str = "OP_CONNECT_TOKEN";

/// Does what the command says, and gives the exit status to end with.
pub(super) fn perform(arguments: Run, session: &Session) -> anyhow::Result<ExitCode> {
    if arguments.no_masking {
        guard::refuse_agents("`hushkey run --no-masking`")?;
    }
    if arguments.watch {
        return watch::perform(&arguments, session);
    }
    let timeout = arguments.timeout;
    let request = request(&arguments, session)?;
    let broker = session.broker()?;
    let prepared = wait(broker.prepare_run(&OWNER, request))?;
    tell_short(&prepared, &arguments, session);

    let (launch, redactor, ticket) = prepared.into_parts();
    let foreground = foreground(launch, &arguments, session);
    if foreground.replaces_this_process(&redactor) {
        // Nobody will be left to tell how it ended.
        wait(broker.finish_run(ticket, Outcome::Done))?;
        drop(broker);
        return launch::foreground(foreground, &redactor)
            .map(ExitCode::from)
            .map_err(Into::into);
    }
    let ended = launch::foreground(foreground, &redactor);
    let outcome = match &ended {
        Ok(TIMED_OUT) if timeout.is_some() => Outcome::TimedOut,
        Ok(status) => Outcome::Exited(i32::from(*status)),
        Err(error) => Outcome::Failed(error.to_string()),
    };
    wait(broker.finish_run(ticket, outcome))?;
    Ok(ExitCode::from(ended?))
}

/// Names what a mask would tell all the same.
fn tell_short(prepared: &PreparedRun, arguments: &Run, session: &Session) {
    if !arguments.no_masking && !prepared.short.is_empty() {
        session.output.note(&format!(
            "not concealed, since too short or too easy to guess: {}",
            prepared.short.join(", ")
        ));
    }
}

fn foreground(launch: Launch, arguments: &Run, session: &Session) -> Foreground {
    Foreground {
        program: launch.program,
        argv: arguments.command.clone(),
        inherited: inherited(session).collect(),
        env: launch.env,
        files: launch.files,
        timeout: arguments.timeout,
        masking: !arguments.no_masking,
    }
}

/// The exit status for what came up before or instead of the program.
pub(super) fn exit_status(error: &anyhow::Error) -> u8 {
    let launch = match error.downcast_ref() {
        Some(BrokerError::Launch(error)) => Some(error),
        _ => error.downcast_ref::<LaunchError>(),
    };
    launch.map_or(OWN_FAILURE, LaunchError::exit_status)
}

/// The shell's variables, without the token that opens all of the vaults: no program has it from hushkey.
fn inherited(session: &Session) -> impl Iterator<Item = (OsString, OsString)> {
    let is_connect = opening::is_connect(&session.config);
    std::env::vars_os().filter(move |(name, _)| !(is_connect && name == CONNECT_TOKEN))
}

/// Those that are text.
pub(super) fn texts(session: &Session) -> Vec<(String, String)> {
    inherited(session)
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
        .collect()
}

fn request(arguments: &Run, session: &Session) -> Result<RunRequest, Failure> {
    let command = arguments
        .command
        .iter()
        .cloned()
        .map(OsString::into_string)
        .collect::<Result<_, _>>()
        .map_err(|_| {
            Failure::Usage("the command is not UTF-8, which the log could not hold".to_owned())
        })?;
    let env = arguments
        .env
        .iter()
        .map(|pair| {
            pair.split_once('=')
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| Failure::Usage("--env takes NAME=REFERENCE".to_owned()))?;
    Ok(RunRequest {
        command,
        env,
        inherited: texts(session),
        env_files: arguments.env_files.clone(),
        environments: arguments.environments.clone(),
        timeout: arguments.timeout,
        ..RunRequest::default()
    })
}
