//! A value that may be used and never shown.
//!
//! `Secret` has no `Serialize`, `Display` or `PartialEq`, and its `Debug` tells nothing, so that a
//! value can't slip into an answer, a log line or a failed assertion. It does not know what it is for.

use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use subtle::ConstantTimeEq;

/// One field's value: UTF-8 text that is wiped when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes ownership of a value; the caller's copy is moved, not duplicated.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(SecretString::from(value))
    }

    /// Lends the value. Which files may call this is a closed list, counted by `tests/layering.rs`.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Tells whether two values are the same, in a time that depends on their lengths only.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let [own, its] = [self, other].map(|secret| secret.0.expose_secret().as_bytes());
        own.ct_eq(its).into()
    }

    /// Tells whether the value is the empty string, which counts as "not set".
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.expose_secret().is_empty()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

/// The bytes of an item's file; not necessarily UTF-8. Wiped when dropped.
pub struct FileContent(SecretSlice<u8>);

impl FileContent {
    /// Takes ownership of the bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(SecretBox::from(bytes))
    }

    /// The content as a text, if it is UTF-8; wiped if it is not.
    #[must_use]
    pub fn into_text(self) -> Option<Secret> {
        let text = std::str::from_utf8(self.0.expose_secret()).ok()?;
        Some(Secret::new(text.to_owned()))
    }

    /// Lends the bytes; the same closed list as [`Secret::expose_secret`] applies.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for FileContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileContent(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_nothing() {
        let shown = format!(
            "{:?} {:?}",
            Secret::new("canary-value".into()),
            FileContent::new(b"canary-value".to_vec())
        );

        assert!(!shown.contains("canary"), "{shown}");
    }
}
