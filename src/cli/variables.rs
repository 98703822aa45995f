//! The environment's twin of every option, and the small values that options take.

use std::{ops::Deref, time::Duration};

use clap::{
    ArgAction, ArgMatches, Args, Command, FromArgMatches, Subcommand,
    builder::{FalseyValueParser, Resettable},
};
use jiff::{Span, SpanRelativeTo, Timestamp};

/// Gives every option its variable: `--read-only` is `HUSHKEY_READ_ONLY`.
///
/// A flag is on for any value but `0`, `no`, `off`, `false` and the empty one.
pub(crate) fn twins(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let Some(long) = argument.get_long() else {
            return argument;
        };
        if matches!(long, "help" | "version") {
            return argument;
        }
        let argument = match argument.get_env() {
            // Named in its definition: the plain name means something else to another command.
            Some(_) => argument,
            None => {
                let name = format!("HUSHKEY_{}", long.to_uppercase().replace('-', "_"));
                // clap wants names that live as long as the program, which these do.
                argument.env(name.leak() as &'static str)
            }
        };
        let argument = argument.hide_env(true);
        if matches!(argument.get_action(), ArgAction::SetTrue) {
            argument.value_parser(FalseyValueParser::new())
        } else {
            argument
        }
    });
    command.mut_subcommands(twins)
}

/// What a subcommand takes, each option with its variable; see [`twins`].
#[derive(Debug)]
pub struct Twinned<T>(pub T);

impl<T> Deref for Twinned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: FromArgMatches> FromArgMatches for Twinned<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T: Args> Args for Twinned<T> {
    fn augment_args(command: Command) -> Command {
        explained(command, T::augment_args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        explained(command, T::augment_args_for_update)
    }
}

impl<T: Subcommand> Subcommand for Twinned<T> {
    // clap's own `defer` leaves out those that have subcommands themselves.
    fn augment_subcommands(command: Command) -> Command {
        command.defer(|command| explained(command, T::augment_subcommands))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        command.defer(|command| explained(command, T::augment_subcommands_for_update))
    }

    fn has_subcommand(name: &str) -> bool {
        T::has_subcommand(name)
    }
}

/// Gives a command what it takes, and leaves it the sentence that explains it in the list of all: the type has a sentence
/// for whoever reads the code.
fn explained(command: Command, take: impl FnOnce(Command) -> Command) -> Command {
    let about = Resettable::from(command.get_about().cloned());
    let long = Resettable::from(command.get_long_about().cloned());
    twins(take(command).about(about).long_about(long))
}

const DURATION: &str = "write a time as 90s, 10m, 1h or 2d";

/// Reads a file mode: `0600`, `640`.
pub(crate) fn file_mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("a file mode has three or four octal digits, as 0600".to_owned()),
    }
}

/// Reads a length of time: `90s`, `10m`, `1h 30m`, `2d`; a bare number means seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| DURATION.to_owned());
    }
    text.parse::<Span>()
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| DURATION.to_owned())
}

/// Reads a moment: a length of time before `now`, or a time in RFC 3339.
pub(crate) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    duration(text)
        .ok()
        .and_then(|ago| now.checked_sub(ago).ok())
        .ok_or_else(|| "write it as 1h or 2d, or as 2026-11-24T08:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_option_has_a_variable() {
        fn walk(command: &Command) {
            for argument in command.get_arguments() {
                if let Some(long) = argument
                    .get_long()
                    .filter(|l| !matches!(*l, "help" | "version"))
                {
                    assert!(
                        argument.get_env().is_some(),
                        "--{long} of {}",
                        command.get_name()
                    );
                }
            }
            command.get_subcommands().for_each(walk);
        }

        let mut command = twins(crate::cli::Arguments::command());
        // What is deferred is there afterwards.
        command.build();
        walk(&command);
    }

    #[test]
    fn times_and_modes_are_read_as_people_write_them() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();

        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_secs(172_800)));
        assert_eq!(duration("5"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["-1h", "-1", "inf", "NaN", "1e300", "soon", ""] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(
            moment("1h", now).unwrap().to_string(),
            "2026-11-24T11:00:00Z"
        );
        assert_eq!(
            moment("2026-11-01T00:00:00Z", now).unwrap().to_string(),
            "2026-11-01T00:00:00Z"
        );
        assert!(moment("yesterday-ish", now).is_err());
        assert_eq!(file_mode("0640"), Ok(0o640));
        assert!(file_mode("rw").is_err());
    }
}
