//! Who decided.

use std::fs;

/// Whose user account a decision was made under. Every program of that user could have been it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account's name; its number where it has none.
    pub name: String,
    /// The account's number.
    pub uid: u32,
}

impl Person {
    /// Whoever sits at a client: its name is all that is known.
    #[must_use]
    pub fn at(client: Option<&str>) -> Self {
        Self {
            name: format!("somebody at {}", client.unwrap_or("its client")),
            uid: Self::current().uid,
        }
    }

    /// The account that this process runs under.
    #[must_use]
    pub fn current() -> Self {
        let uid = rustix::process::getuid().as_raw();
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = accounts.lines().find_map(|line| {
            let mut parts = line.split(':');
            let name = parts.next()?;
            (parts.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
        });
        Self {
            name: name.unwrap_or_else(|| uid.to_string()),
            uid,
        }
    }
}

impl std::fmt::Display for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}
