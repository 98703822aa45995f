//! Vaults as they are named when they are granted: `Dev`, `Dev,r`, `Dev,r,CI`.

use crate::access::VaultAccess;

/// A vault that is to be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedVault {
    /// Its name or id.
    pub vault: String,
    /// What for; `None` where nothing is said.
    pub access: Option<VaultAccess>,
}

/// Why a list names no vaults.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "name vaults as Dev, or Dev,r (read), Dev,w (write) or Dev,rw, several one after the other: Dev,r,CI,rw"
)]
pub struct NotWanted;

impl WantedVault {
    /// Reads lists of vaults. After a vault, `r`, `w` and `rw` say what for; anywhere else they are a vault's name.
    ///
    /// # Errors
    /// [`NotWanted`] for an empty name, or a vault that is named twice.
    pub fn parse_all<'t>(lists: impl IntoIterator<Item = &'t str>) -> Result<Vec<Self>, NotWanted> {
        let mut all: Vec<Self> = Vec::new();
        for list in lists {
            let mut open = false;
            for word in list.split(',').map(str::trim) {
                match (VaultAccess::parse(word), all.last_mut()) {
                    (Ok(access), Some(last)) if open => {
                        last.access = Some(access);
                        open = false;
                    }
                    _ if word.is_empty() => return Err(NotWanted),
                    _ => {
                        all.push(Self {
                            vault: word.to_owned(),
                            access: None,
                        });
                        open = true;
                    }
                }
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_vault_says_what_for_and_all_else_is_a_vault() {
        let read = |lists: &[&str]| -> Result<String, NotWanted> {
            let all = WantedVault::parse_all(lists.iter().copied())?;
            let told = all.iter().map(|wanted| match wanted.access {
                Some(access) => format!("{}={access}", wanted.vault),
                None => wanted.vault.clone(),
            });
            Ok(told.collect::<Vec<_>>().join(" "))
        };

        assert_eq!(read(&["Dev"]).unwrap(), "Dev");
        assert_eq!(read(&["Dev,r", "CI , rw"]).unwrap(), "Dev=r CI=rw");
        assert_eq!(read(&["Dev,CI,w,Docs"]).unwrap(), "Dev CI=w Docs");
        assert_eq!(read(&["r,r,w,x"]).unwrap(), "r=r w x");
        assert_eq!(read(&[]).unwrap(), "");
        for bad in ["", "Dev,", ",r", "Dev,,r"] {
            assert_eq!(read(&[bad]), Err(NotWanted), "{bad}");
        }
    }
}
