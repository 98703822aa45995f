//! Which program with which arguments a rule is about.
//!
//! Each element stands for one argument; `*` for any one, a last `**` for any rest, none included. Within an
//! element `*` stands for any characters (`--file=*`). The first element is the program: a name or an absolute
//! path, resolved once and pinned; `*` for any program; `**` for any program with any arguments.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::policy::glob::Glob;

/// A pattern over a program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandPattern {
    program: ProgramPattern,
    arguments: Vec<Glob>,
    any_rest: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ProgramPattern {
    Any,
    Named {
        name: String,
        /// Where the program is; a program that was not found is matched by nothing.
        pinned: Option<PathBuf>,
    },
}

/// Why a text is no command pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandPatternError {
    /// `**` before the end.
    #[error("`**` stands for the rest of the arguments, so it has to be the last element")]
    AnyRestInside,
    /// Nothing at all.
    #[error(
        "a command pattern names at least a program; `**` means any program with any arguments"
    )]
    Empty,
    /// A NUL byte can't be in an argument.
    #[error("an argument holds no NUL character")]
    Nul,
    /// A part of a program's name is open.
    #[error("a program is named in full, or `*` for any program")]
    OpenProgram,
    /// A quote is left open.
    #[error("a quote is left open; the pattern is split as a shell splits words")]
    OpenQuote,
    /// A path from nowhere.
    #[error("a program is a plain name, looked up on the policy's path, or an absolute path")]
    RelativeProgram,
}

impl CommandPattern {
    /// Parses one text, split into elements as a shell splits words; nothing is expanded.
    ///
    /// # Errors
    /// [`CommandPatternError`].
    pub fn parse(text: &str) -> Result<Self, CommandPatternError> {
        let elements = shlex::split(text).ok_or(CommandPatternError::OpenQuote)?;
        Self::from_elements(elements)
    }

    /// Takes the elements, program first.
    ///
    /// # Errors
    /// [`CommandPatternError`].
    pub fn from_elements(elements: Vec<String>) -> Result<Self, CommandPatternError> {
        if elements.iter().any(|element| element.contains('\0')) {
            return Err(CommandPatternError::Nul);
        }
        let mut elements = elements.into_iter();
        let program = elements.next().unwrap_or_default();
        let mut arguments: Vec<_> = elements.collect();
        let mut any_rest = arguments.pop_if(|last| last == "**").is_some();
        if program == "**" {
            if any_rest || !arguments.is_empty() {
                return Err(CommandPatternError::AnyRestInside);
            }
            any_rest = true;
        }
        if arguments.iter().any(|argument| argument == "**") {
            return Err(CommandPatternError::AnyRestInside);
        }

        Ok(Self {
            program: ProgramPattern::parse(program)?,
            arguments: arguments.into_iter().map(Glob::new).collect(),
            any_rest,
        })
    }

    /// The elements, program first: what [`CommandPattern::from_elements`] takes.
    #[must_use]
    pub fn elements(&self) -> Vec<String> {
        let program = match &self.program {
            ProgramPattern::Any if self.is_anything() => return vec!["**".to_owned()],
            ProgramPattern::Any => "*",
            ProgramPattern::Named { name, .. } => name,
        };
        let mut elements = vec![program.to_owned()];
        elements.extend(self.arguments.iter().map(Glob::to_string));
        elements.extend(self.any_rest.then(|| "**".to_owned()));
        elements
    }

    /// Resolves the program once and for all.
    pub(super) fn pin(&mut self, resolve: &dyn Fn(&str) -> Option<PathBuf>) {
        if let ProgramPattern::Named { name, pinned } = &mut self.program {
            *pinned = resolve(name).filter(|path| path.is_absolute());
        }
    }

    /// The program's name as written; `None` when any program is meant.
    #[must_use]
    pub fn program(&self) -> Option<&str> {
        match &self.program {
            ProgramPattern::Any => None,
            ProgramPattern::Named { name, .. } => Some(name),
        }
    }

    /// Where the program is, once pinned; `None` when any program is meant or it was not found.
    #[must_use]
    pub fn pinned(&self) -> Option<&Path> {
        match &self.program {
            ProgramPattern::Any => None,
            ProgramPattern::Named { pinned, .. } => pinned.as_deref(),
        }
    }

    /// Tells whether any program with any arguments is meant.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.program == ProgramPattern::Any && self.any_rest && self.arguments.is_empty()
    }

    /// Tells whether all that another pattern covers is certainly covered, as far as the texts tell.
    pub(super) fn is_at_least(&self, other: &Self) -> bool {
        self.is_anything() || self.elements() == other.elements()
    }

    /// Tells whether some argument is left to the agent.
    #[must_use]
    pub fn leaves_arguments_open(&self) -> bool {
        self.any_rest || self.arguments.iter().any(Glob::is_open)
    }

    /// Why a program with these arguments is not meant, as a clause; `None` when it is.
    pub(super) fn mismatch(&self, program: &Path, arguments: &[String]) -> Option<String> {
        if self.covers(program, arguments) {
            return None;
        }
        if let ProgramPattern::Named { name, pinned } = &self.program {
            match pinned {
                None => return Some(format!("its program `{name}` was not found")),
                Some(pinned) if pinned != program => {
                    return Some(format!("its program is {}", pinned.display()));
                }
                Some(_) => {}
            }
        }
        let other = self
            .arguments
            .iter()
            .zip(arguments)
            .position(|(pattern, argument)| !pattern.covers(argument));
        Some(match other {
            Some(at) => format!("argument {} is not `{}`", at + 1, self.arguments[at]),
            None => format!(
                "it takes {}{} arguments, and here are {}",
                if self.any_rest { "at least " } else { "" },
                self.arguments.len(),
                arguments.len()
            ),
        })
    }

    /// Tells whether a program with these arguments (without `argv[0]`) is meant.
    #[must_use]
    pub fn covers(&self, program: &Path, arguments: &[String]) -> bool {
        let program_fits = match &self.program {
            ProgramPattern::Any => true,
            ProgramPattern::Named { pinned, .. } => pinned.as_deref() == Some(program),
        };
        let count_fits = if self.any_rest {
            arguments.len() >= self.arguments.len()
        } else {
            arguments.len() == self.arguments.len()
        };
        program_fits
            && count_fits
            && self
                .arguments
                .iter()
                .zip(arguments)
                .all(|(pattern, argument)| pattern.covers(argument))
    }
}

impl ProgramPattern {
    fn parse(name: String) -> Result<Self, CommandPatternError> {
        match name.as_str() {
            "" => Err(CommandPatternError::Empty),
            "*" | "**" => Ok(Self::Any),
            _ if name.contains('*') => Err(CommandPatternError::OpenProgram),
            _ if name.contains('/') && !name.starts_with('/') => {
                Err(CommandPatternError::RelativeProgram)
            }
            _ => Ok(Self::Named { name, pinned: None }),
        }
    }
}

impl fmt::Display for CommandPattern {
    /// One line, quoted where a shell would need it: what [`CommandPattern::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elements = self.elements();
        let words: Vec<_> = elements.iter().map(|element| quoted(element)).collect();
        f.write_str(&words.join(" "))
    }
}

/// Quotes a word for a shell, but leaves `*` as it is: a pattern is meant to be read.
fn quoted(word: &str) -> std::borrow::Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_@%+=:,./*-".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.into()
    } else {
        shlex::try_quote(word).expect("a pattern holds no NUL")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pinned(pattern: &str) -> CommandPattern {
        let mut pattern = CommandPattern::parse(pattern).unwrap();
        pattern.pin(&|name| Some(Path::new("/usr/bin").join(name)));
        pattern
    }

    fn covers(pattern: &str, command: &[&str]) -> bool {
        let program = Path::new("/usr/bin").join(command[0]);
        let arguments: Vec<_> = command[1..].iter().map(|&word| word.to_owned()).collect();
        pinned(pattern).covers(&program, &arguments)
    }

    #[test]
    fn a_star_stands_for_exactly_one_argument() {
        assert!(covers("psql --file *", &["psql", "--file", "a b.sql"]));
        assert!(!covers("psql --file *", &["psql", "--file"]));
        assert!(!covers("psql --file *", &["psql", "--file", "a", "b"]));
    }

    #[test]
    fn trailing_arguments_need_two_stars() {
        assert!(!covers("npm test", &["npm", "test", "--", "x"]));
        assert!(covers("npm test **", &["npm", "test"]));
        assert!(covers("npm test **", &["npm", "test", "--", "x"]));
        assert!(!covers("npm test **", &["npm", "install"]));
    }

    #[test]
    fn any_program_is_spelt_with_a_star() {
        assert!(covers("**", &["sh", "-c", "x"]));
        assert!(covers("*", &["sh"]));
        assert!(!covers("*", &["sh", "-c"]));
        assert!(covers("* --version", &["sh", "--version"]));
    }

    #[test]
    fn a_program_is_the_pinned_file_and_no_namesake() {
        let pattern = pinned("psql");

        assert!(!pattern.covers(Path::new("/tmp/evil/psql"), &[]));
        assert!(
            !CommandPattern::parse("psql")
                .unwrap()
                .covers(Path::new("psql"), &[])
        );
    }

    #[test]
    fn case_and_look_alikes_are_other_words() {
        assert!(!covers("npm test", &["npm", "Test"]));
        assert!(!covers("npm test", &["npm", "t\u{435}st"]));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, error) in [
            ("", CommandPatternError::Empty),
            ("a ** b", CommandPatternError::AnyRestInside),
            ("** a", CommandPatternError::AnyRestInside),
            ("py*", CommandPatternError::OpenProgram),
            ("./x", CommandPatternError::RelativeProgram),
            ("a 'b", CommandPatternError::OpenQuote),
        ] {
            assert_eq!(CommandPattern::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_reads_back_as_it_is_shown(elements in prop::collection::vec("[a-z*' \\\\#\"$ü-]{0,5}", 1..5)) {
            if let Ok(pattern) = CommandPattern::from_elements(elements) {
                prop_assert_eq!(CommandPattern::parse(&pattern.to_string()), Ok(pattern));
            }
        }

        #[test]
        fn any_rest_covers_every_longer_command(
            arguments in prop::collection::vec(".{0,6}", 0..6),
            fixed in 0_usize..6,
        ) {
            let fixed = fixed.min(arguments.len());
            let mut elements = vec!["*".to_owned()];
            elements.extend(arguments[..fixed].iter().map(|a| a.replace(['*', '\0'], "_")));
            elements.push("**".into());
            let arguments: Vec<_> = arguments.iter().map(|a| a.replace(['*', '\0'], "_")).collect();

            let pattern = CommandPattern::from_elements(elements).unwrap();

            prop_assert!(pattern.covers(Path::new("/bin/x"), &arguments));
            prop_assert_eq!(
                pattern.covers(Path::new("/bin/x"), &arguments[..fixed.saturating_sub(1)]),
                fixed == 0
            );
        }

        #[test]
        fn no_text_makes_a_command_pattern_panic(text in ".{0,40}") {
            let _ = CommandPattern::parse(&text);
        }
    }
}
