//! From the typed words to an exit status.

use std::{ffi::OsString, process::ExitCode};

use clap::{Args, CommandFactory, FromArgMatches};
use clap_complete::Shell;

use crate::{
    broker::Class,
    cli::{
        Arguments, Command, Global, agent, approve, backup, connect, demo, doctor, environment,
        export, failure, file, import, init, inject, item, log, mcp,
        output::{self, Output},
        passphrase, policy, read, run, serve,
        session::Session,
        setup, ui, unlock, variables, vault,
    },
};

/// Does what the command line says.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match parse(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => return misuse(&error, &arguments),
    };
    let output = Output::new(&arguments.global);
    let runs = matches!(arguments.command, Command::Run(_));
    match perform(arguments, output) {
        Ok(status) => status,
        Err(error) if failure::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            if runs {
                output.failure_of_run(&error);
            } else {
                output.failure(&error);
            }
            log_cause(&error);
            ExitCode::from(if runs {
                run::exit_status(&error)
            } else {
                failure::exit_status(failure::class(&error))
            })
        }
    }
}

/// Reads the words; what is asked of help, or is wrong, comes back as clap's error.
fn parse(words: &[OsString]) -> Result<Arguments, clap::Error> {
    if let Some(arguments) = parse_as_typed(words) {
        return Ok(arguments);
    }
    let matches = variables::twins(Arguments::command()).try_get_matches_from(words)?;
    Arguments::from_arg_matches(&matches)
}

/// The same for the subcommand alone that was typed, if all is well.
///
/// clap copies the global options into every subcommand that it knows of, of which each start needs one. Whatever does not fit
/// is read again among all of them, which alone know what help and "did you mean" are to say.
fn parse_as_typed(words: &[OsString]) -> Option<Arguments> {
    let all = Arguments::command();
    let typed = all.find_subcommand(subcommand(words)?)?.clone();
    let alone = Global::augment_args(clap::Command::new("hushkey"))
        .subcommand_required(true)
        .subcommand(typed);
    let matches = variables::twins(alone).try_get_matches_from(words).ok()?;
    Arguments::from_arg_matches(&matches).ok()
}

fn perform(arguments: Arguments, output: Output) -> anyhow::Result<ExitCode> {
    let begin = || Session::begin(&arguments.global, output);
    match arguments.command {
        Command::Agent(command) => agent::perform(&command, &begin()?),
        Command::Approve(command) => approve::perform(&command, &begin()?),
        Command::Backup(command) => backup::perform(&command, &begin()?),
        Command::Completions(command) => completions(command.shell),
        Command::Connect(command) => return connect::perform(&command, &begin()?),
        Command::Demo => return demo::perform(output),
        Command::Doctor(command) => return doctor::perform(command.accept_store, &begin()?),
        Command::Environment(command) => environment::perform(command.0, &begin()?),
        Command::Export(command) => export::perform(&command, &begin()?),
        Command::File(command) => file::perform(command.0, &begin()?),
        Command::Group(command) => connect::perform_group(&command, &begin()?),
        Command::HoldKey(command) => unlock::hold(&command.socket, command.seconds),
        Command::Import(command) => import::perform(&command, &begin()?),
        Command::Init(command) => init::perform(command.0, &begin()?),
        Command::Inject(command) => inject::perform(&command, &begin()?),
        Command::Item(command) => item::perform(command.0, &begin()?),
        Command::Lock => unlock::lock(&begin()?),
        Command::Log(command) => log::perform(&command, &begin()?),
        Command::Mcp(command) => {
            let file = command.agent_token_file.clone();
            mcp::perform(
                command.0,
                Session::begin_as(&arguments.global, output, file)?,
            )
        }
        Command::Passphrase(command) => passphrase::perform(&command, &begin()?),
        Command::Policy(command) => policy::perform(&command, &begin()?),
        Command::Read(command) => read::perform(&command, &begin()?),
        Command::Restore(command) => backup::restore(&command, &begin()?),
        Command::Run(command) => return run::perform(command.0, &begin()?),
        Command::Serve(command) => serve::perform(command.0, begin()?),
        Command::Setup(command) => setup::perform(&command, &arguments.global, &begin()?),
        Command::Ui(command) => ui::perform(&command, begin()?),
        Command::Unlock(command) => unlock::unlock(&command, &begin()?),
        Command::Vault(command) => vault::perform(command.0, &begin()?),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "hushkey", &mut script);
    output::raw(&script)
}

/// What lies behind the sentence is for whoever asked for it with RUST_LOG.
fn log_cause(error: &anyhow::Error) {
    for cause in error.chain().skip(1) {
        tracing::debug!(%cause, "because");
    }
}

/// Prints help where it was asked for, and otherwise what is wrong with the command line.
fn misuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if error.exit_code() == 0 {
        // Nobody can be told that the stream is gone.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    let runs = subcommand(arguments) == Some("run");
    let mut before_the_command = arguments.iter().take_while(|word| *word != "--");
    if before_the_command.any(|word| word == "--json") {
        let sentence = text.split("\n\n").next().unwrap_or(text);
        output::json_failure(Class::Usage, sentence);
    } else if runs {
        output::say(&format!("{}: {text}", failure::word(Class::Usage)));
    } else {
        output::say(text);
    }
    ExitCode::from(if runs {
        run::OWN_FAILURE
    } else {
        failure::exit_status(Class::Usage)
    })
}

/// The first word that is neither a global option nor its value.
fn subcommand(arguments: &[OsString]) -> Option<&str> {
    let mut words = arguments.iter().skip(1).filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        match word {
            "--home" | "--backend" | "--format" => drop(words.next()),
            option if option.starts_with('-') => {}
            command => return Some(command),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_definitions_are_consistent() {
        variables::twins(Arguments::command()).debug_assert();
    }

    #[test]
    fn a_subcommand_alone_is_read_as_among_all() {
        for line in [
            "run --env S=op://Dev/S/password -- npm test --home x",
            "--json run --no-masking -- true",
            "--home /x --format json item list --vault Dev",
            "item create --title T --vault Dev password=hidden --json",
            "env list",
            "mcp --agent ci --read-only",
            "connect server create S --vaults Dev,r",
            "lock",
            "completions bash",
        ] {
            let words = words(&format!("hushkey {line}"));
            let matches = variables::twins(Arguments::command())
                .try_get_matches_from(&words)
                .unwrap_or_else(|error| panic!("{line}: {error}"));
            let among_all = Arguments::from_arg_matches(&matches).unwrap();

            let alone = parse_as_typed(&words).unwrap_or_else(|| panic!("{line}: not read"));

            assert_eq!(format!("{alone:?}"), format!("{among_all:?}"), "{line}");
        }
    }

    #[test]
    fn what_does_not_fit_is_explained_by_all() {
        for line in [
            "rum -- true",
            "run --help",
            "run --version",
            "--version",
            "help run",
            "item",
            "run --oops",
        ] {
            let words = words(&format!("hushkey {line}"));
            assert!(parse_as_typed(&words).is_none(), "{line}");
            let error = parse(&words).expect_err(line).render().to_string();
            let among_all = variables::twins(Arguments::command())
                .try_get_matches_from(&words)
                .expect_err(line);
            assert_eq!(error, among_all.render().to_string(), "{line}");
        }
    }

    #[test]
    fn the_subcommand_is_found_behind_global_options() {
        assert_eq!(
            subcommand(&words("hushkey --home run --json item run")),
            Some("item")
        );
        assert_eq!(subcommand(&words("hushkey --json run --bad")), Some("run"));
        assert_eq!(subcommand(&words("hushkey --json")), None);
    }
}
