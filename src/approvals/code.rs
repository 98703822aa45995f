//! The short code that a person reads on one screen and types on another.

use crate::seal::random_bytes;

/// Digits and letters without those that are taken for one another (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 8;

/// Forty random bits as eight letters and digits: `KXQ4-7MAB`. Names a request or a grant; it is no secret, for it gives
/// no right by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(String);

impl Code {
    pub(super) fn random() -> Self {
        let letters =
            random_bytes::<LENGTH>().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        Self::written(&letters.iter().collect::<String>())
    }

    /// Reads a code as somebody typed it: in any case, with or without its hyphen, `O` for `0`, `I` or `L` for `1`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let letters = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            });
        let letters: String = letters.take(LENGTH + 1).collect();
        let known = letters.bytes().all(|byte| ALPHABET.contains(&byte));
        (letters.len() == LENGTH && known).then(|| Self::written(&letters))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn written(letters: &str) -> Self {
        let (first, second) = letters.split_at(LENGTH / 2);
        Self(format!("{first}-{second}"))
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_a_person_types_it() {
        let code = Code("KXQ4-701B".into());

        for typed in ["KXQ4-701B", "kxq4701b", " kxq4 - 7oib ", "KXQ47OLB"] {
            assert_eq!(Code::read(typed), Some(code.clone()), "{typed}");
        }
        for typed in ["", "KXQ4-701", "KXQ4-701BB", "KXQ4-701U", "KXQ4-701ü"] {
            assert_eq!(Code::read(typed), None, "{typed}");
        }
        let random = Code::random();
        assert_eq!(Code::read(random.as_str()), Some(random));
    }
}
