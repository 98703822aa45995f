//! What opens the page on which a person types a value, once.

use zeroize::Zeroizing;

use crate::seal::random_bytes;

/// 256 random bits in base64, for a page's address. Gives the right to write one field and to read nothing; the file has
/// only a MAC of it.
#[derive(Clone)]
pub struct Ticket(Zeroizing<String>);

impl Ticket {
    /// Makes a ticket.
    #[must_use]
    pub fn random() -> Self {
        Self::read(&data_encoding::BASE64URL_NOPAD.encode(&random_bytes::<32>()))
    }

    /// Takes what stands in an address: any text, which opens nothing if it is no ticket.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The ticket as it stands in an address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket(..)")
    }
}
