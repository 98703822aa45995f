//! What Connect servers, their tokens, groups and members may be called.

use std::fmt;

use crate::vault;

/// Characters that a name may have at most.
const LONGEST: usize = 64;
/// What a name may have beside letters and digits of any script: nothing that a terminal, a log or a shell's list misreads.
const SIGNS: &str = " -_.@+/()&'#";

/// A name: 1 to 64 letters, digits, spaces and a few signs; not spelt like an id, so that either names one thing only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectName(String);

/// Why a text is no name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a name has 1 to {LONGEST} letters, digits, spaces and `- _ . @ + / ( ) & ' #`, begins with a letter or a digit, and has not the \
     form of an id"
)]
pub struct NotAConnectName;

impl ConnectName {
    /// Parses a name; spaces around it do not count.
    ///
    /// # Errors
    /// [`NotAConnectName`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NotAConnectName> {
        let text = text.trim();
        let fits = (1..=LONGEST).contains(&text.chars().count())
            && text.starts_with(char::is_alphanumeric)
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || SIGNS.contains(c));
        if fits && !vault::is_id(&text.to_ascii_lowercase()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAConnectName)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_nothing_that_a_log_a_terminal_or_a_look_up_could_misread() {
        for good in ["CI", "k8s operator (eu-1)", " Bücher & Töne ", "日本"] {
            assert_eq!(
                ConnectName::parse(good).unwrap().as_str(),
                good.trim(),
                "{good}"
            );
        }
        let id = "FTZ4PM2XXWMWRSD7RJQN7GRFFE";
        for bad in [
            "",
            "  ",
            "-f",
            "a\nb",
            "a:b",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{1b}[1m",
            id,
            &"x".repeat(65),
        ] {
            assert_eq!(ConnectName::parse(bad), Err(NotAConnectName), "{bad:?}");
        }
    }
}
