//! New random values: passwords, passphrases, hexadecimal digits, key pairs for SSH, UUIDs.
//!
//! A [`Recipe`] says what is wanted, in the words of Connect's and `op`'s password recipes;
//! [`generate`] draws it from the system's random numbers, each possible value equally likely, and tells how
//! many bits an attacker would have to guess. Whether that is enough is for others to say.

use data_encoding::HEXLOWER;
use rand::Rng;
use zeroize::Zeroizing;

use crate::{
    seal,
    ssh_key::{self, PublicHalf},
    vault::Secret,
};

mod recipe;
mod words;

pub use recipe::{CharacterSet, Kind, Recipe};

/// A new value and its strength.
#[derive(Debug)]
pub struct Generated {
    /// The value.
    pub value: Secret,
    /// Binary logarithm of how many values the recipe could have given, all equally likely.
    pub entropy_bits: f64,
    /// What everybody may know of it, if it is a private key.
    pub public: Option<PublicHalf>,
}

/// Why nothing was generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// An option that the kind does not know.
    #[error("a {kind} has no `{option}`; leave it out", kind = kind.as_str())]
    DoesNotApply {
        /// The kind.
        kind: Kind,
        /// The option.
        option: &'static str,
    },

    /// A list of sets is empty.
    #[error("a password needs characters; name letters, digits or symbols")]
    NoSets,

    /// All characters of a set are excluded.
    #[error("none of the {set} are left to choose from; exclude fewer characters", set = set.as_str())]
    NothingLeft {
        /// The set.
        set: CharacterSet,
    },

    /// A number is out of bounds.
    #[error("`{option}` of a {kind} is a number from {least} to {most}", kind = kind.as_str())]
    OutOfBounds {
        /// The kind.
        kind: Kind,
        /// `length` or `words`.
        option: &'static str,
        /// The least that is taken.
        least: u32,
        /// The most that is taken.
        most: u32,
    },

    /// A recipe in one line is not understood.
    #[error(
        "a password recipe is a length and the character sets, for example 20,letters,digits,symbols"
    )]
    Recipe,
}

const SEPARATOR: &str = "-";

/// Makes a new value.
///
/// # Errors
/// [`GenerateError`] when the recipe asks for what can't be had.
pub fn generate(recipe: &Recipe) -> Result<Generated, GenerateError> {
    recipe.refuse_what_does_not_apply()?;
    match recipe.kind {
        Kind::Hex => hex(recipe),
        Kind::Passphrase => passphrase(recipe),
        Kind::Password => password(recipe),
        Kind::SshKey => Ok(ssh_key()),
        Kind::Uuid => Ok(uuid()),
    }
}

/// How many bits an attacker has to guess at most, who knows only which kinds of characters a password has: it can be much
/// less, since nobody knows here how it was chosen.
#[must_use]
pub fn most_bits(password: &Secret) -> f64 {
    let text = password.expose_secret();
    let has = |kind: fn(&char) -> bool| text.chars().any(|c| kind(&c));
    let kinds = [
        (has(char::is_ascii_lowercase), 26),
        (has(char::is_ascii_uppercase), 26),
        (has(char::is_ascii_digit), 10),
        (has(|c| c.is_ascii() && !c.is_ascii_alphanumeric()), 33),
        (has(|c| !c.is_ascii()), 100),
    ];
    let alphabet: u32 = kinds
        .iter()
        .filter(|(has, _)| *has)
        .map(|(_, size)| size)
        .sum();
    let length = text.chars().count();
    f64::from(alphabet.max(1)).log2() * length as f64
}

fn password(recipe: &Recipe) -> Result<Generated, GenerateError> {
    let length = recipe.bounded("length", recipe.length, 32, 64)?;
    let wanted = recipe
        .character_sets
        .as_deref()
        .unwrap_or(&CharacterSet::ALL);
    let excluded = recipe.exclude_characters.as_deref().unwrap_or_default();
    let sets = CharacterSet::ALL
        .into_iter()
        .filter(|set| wanted.contains(set))
        .map(|set| remaining(set, excluded))
        .collect::<Result<Vec<_>, _>>()?;
    let least = u32::try_from(sets.len()).expect("there are three sets");
    if sets.is_empty() {
        return Err(GenerateError::NoSets);
    }
    if length < least {
        return Err(GenerateError::OutOfBounds {
            kind: Kind::Password,
            option: "length",
            least,
            most: 64,
        });
    }

    let alphabet = sets.concat();
    let mut rng = seal::system_rng();
    let mut value = Zeroizing::new(String::with_capacity(length as usize));
    // Drawing anew until every set is there keeps all values that have one of each equally likely;
    // putting one of each in some place first would not.
    while !sets.iter().all(|set| value.contains(&set[..])) {
        value.clear();
        value.extend((0..length).map(|_| pick(&alphabet, &mut rng)));
    }
    Ok(Generated {
        value: Secret::new(std::mem::take(&mut *value)),
        entropy_bits: password_entropy(&sets, length),
        public: None,
    })
}

fn remaining(set: CharacterSet, excluded: &str) -> Result<Vec<char>, GenerateError> {
    let left: Vec<char> = set
        .characters()
        .chars()
        .filter(|c| !excluded.contains(*c))
        .collect();
    if left.is_empty() {
        Err(GenerateError::NothingLeft { set })
    } else {
        Ok(left)
    }
}

/// Binary logarithm of how many texts of this length have a character of every set: all texts, less those
/// that miss a set, by inclusion and exclusion.
fn password_entropy(sets: &[Vec<char>], length: u32) -> f64 {
    let all: usize = sets.iter().map(Vec::len).sum();
    let share: f64 = (0..1_usize << sets.len())
        .map(|missed| {
            let left: usize = sets
                .iter()
                .enumerate()
                .filter(|(i, _)| missed & (1 << i) == 0)
                .map(|(_, set)| set.len())
                .sum();
            let sign = if missed.count_ones() % 2 == 0 {
                1.0
            } else {
                -1.0
            };
            sign * (left as f64 / all as f64).powf(f64::from(length))
        })
        .sum();
    f64::from(length) * (all as f64).log2() + share.log2()
}

fn passphrase(recipe: &Recipe) -> Result<Generated, GenerateError> {
    let count = recipe.bounded("words", recipe.words, 6, 24)?;
    let mut rng = seal::system_rng();
    let words: Vec<&str> = (0..count)
        .map(|_| words::word(draw(words::COUNT, &mut rng)))
        .collect();
    Ok(Generated {
        value: Secret::new(words.join(SEPARATOR)),
        entropy_bits: f64::from(count) * (words::COUNT as f64).log2(),
        public: None,
    })
}

fn hex(recipe: &Recipe) -> Result<Generated, GenerateError> {
    let digits = recipe.bounded("length", recipe.length, 64, 256)?;
    let bytes = Zeroizing::new(seal::random_bytes::<128>());
    let mut value = HEXLOWER.encode(&*bytes);
    value.truncate(digits as usize);
    Ok(Generated {
        value: Secret::new(value),
        entropy_bits: f64::from(digits) * 4.0,
        public: None,
    })
}

fn uuid() -> Generated {
    Generated {
        value: Secret::new(uuid::Uuid::new_v4().to_string()),
        entropy_bits: 122.0,
        public: None,
    }
}

/// Ed25519, whose private key is 256 random bits.
fn ssh_key() -> Generated {
    let pair = ssh_key::generate();
    Generated {
        value: pair.private_key,
        entropy_bits: 256.0,
        public: Some(pair.public),
    }
}

/// One of the choices, all equally likely.
fn pick<T: Copy>(choices: &[T], rng: &mut impl Rng) -> T {
    choices[draw(choices.len(), rng)]
}

/// A number below `count`, all equally likely: a draw from the ragged end of the number range is thrown away.
fn draw(count: usize, rng: &mut impl Rng) -> usize {
    let count = u32::try_from(count).expect("a list of choices is short");
    let fair = u32::MAX - u32::MAX % count;
    loop {
        let drawn = rng.next_u32();
        if drawn < fair {
            return (drawn % count) as usize;
        }
    }
}

#[cfg(test)]
mod tests;
