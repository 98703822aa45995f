//! What a rule says of how its program starts: `set`, `inherit`, `sha256`, `cwd`.

use std::path::PathBuf;

use toml_edit::{Item, TableLike, Value};

use super::{File, Result, place_of_key};
use crate::policy::Surroundings;

/// How hushkey's own credentials begin; no program gets one.
const OWN: [&str; 2] = ["HUSHKEY_", "OP_"];

impl File<'_> {
    pub(super) fn surroundings(&self, rule: &dyn TableLike) -> Result<Surroundings> {
        Ok(Surroundings {
            inherit: self.optional(rule, "inherit", |value| self.inherited(value))?,
            set: self.set(rule)?,
            sha256: rule
                .get("sha256")
                .map(|item| self.digest(item))
                .transpose()?,
        })
    }

    /// One directory, or several.
    pub(super) fn directories(&self, rule: &dyn TableLike) -> Result<Vec<PathBuf>> {
        match rule.get("cwd") {
            None => Ok(Vec::new()),
            Some(Item::Value(Value::Array(_))) => {
                self.optional(rule, "cwd", |value| self.directory(value))
            }
            Some(Item::Value(value)) => Ok(vec![self.directory(value)?]),
            Some(other) => Err(self.error(other.span(), "a directory is a text")),
        }
    }

    fn inherited(&self, value: &Value) -> Result<String> {
        let name = self.text(value)?;
        if !is_name(name) {
            let message = "a variable that is inherited is named in full: letters, digits and `_`";
            return Err(self.error(value.span(), message));
        }
        if OWN.iter().any(|own| name.starts_with(own)) {
            let message = format!("`{name}` is hushkey's own and reaches no program");
            return Err(self.error(value.span(), &message));
        }
        Ok(name.to_owned())
    }

    fn set(&self, rule: &dyn TableLike) -> Result<Vec<(String, String)>> {
        let mut set = Vec::new();
        for (name, item) in self.entries(rule, "set")? {
            let place = place_of_key(self.table(rule.get("set"))?, name);
            if !is_name(name) || OWN.iter().any(|own| name.starts_with(own)) {
                let message = format!(
                    "`{name}` can't be set: a variable's name has letters, digits and `_`, and is not hushkey's own"
                );
                return Err(self.error(place, &message));
            }
            let Some(text) = item.as_str() else {
                return Err(self.error(item.span(), "a variable's value is a text in quotes"));
            };
            if text.starts_with("op://") || text.contains('\0') {
                let error = self.error(item.span(), "what a rule sets is plain text");
                return Err(error
                    .with_hint("references go into `secrets`, and the agent names the variable"));
            }
            set.push((name.to_owned(), text.to_owned()));
        }
        Ok(set)
    }

    fn digest(&self, item: &Item) -> Result<[u8; 32]> {
        let bytes = item
            .as_str()
            .and_then(|hex| {
                data_encoding::HEXLOWER_PERMISSIVE
                    .decode(hex.as_bytes())
                    .ok()
            })
            .and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| {
            self.error(item.span(), "`sha256` has 64 hexadecimal digits")
                .with_hint("`sha256sum FILE` prints them")
        })
    }
}

fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    !name.is_empty() && name.bytes().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use insta::assert_snapshot;

    use crate::policy::{Policy, Surroundings};

    fn rule(lines: &str) -> Result<Surroundings, String> {
        let text = format!("[[agents.a.commands]]\nrun = 'x'\n{lines}");
        let policy = Policy::parse(&text, None).map_err(|error| error.to_string())?;
        let rule = policy.rules().next().unwrap();
        assert!(rule.cwd.is_empty() || rule.cwd == ["/a", "/b"].map(PathBuf::from));
        Ok(rule.surroundings.clone())
    }

    #[test]
    fn what_a_program_finds_when_it_starts_is_read() {
        let digest = "ab".repeat(32);
        let lines = format!(
            "set = {{ A = 'x' }}\ninherit = ['SSH_AUTH_SOCK']\nsha256 = '{digest}'\ncwd = ['/a', '/b']"
        );

        let read = rule(&lines).unwrap();

        assert_eq!(read.set, [("A".to_owned(), "x".to_owned())]);
        assert_eq!(read.inherit, ["SSH_AUTH_SOCK"]);
        assert_eq!(read.sha256, Some([0xab; 32]));
        assert_eq!(rule("").unwrap(), Surroundings::default());
    }

    #[test]
    fn what_no_program_may_find_is_refused_with_its_place() {
        let refused = |lines: &str| rule(lines).unwrap_err();

        assert_snapshot!(refused("inherit = ['*']"), @"line 3, column 12: a variable that is inherited is named in full: letters, digits and `_`");
        assert_snapshot!(refused("inherit = ['OP_CONNECT_TOKEN']"), @"line 3, column 12: `OP_CONNECT_TOKEN` is hushkey's own and reaches no program");
        assert_snapshot!(refused("set = { HUSHKEY_RUN = '' }"), @"line 3, column 9: `HUSHKEY_RUN` can't be set: a variable's name has letters, digits and `_`, and is not hushkey's own");
        assert_snapshot!(refused("set = { A = 'op://Dev/DB/x' }"), @"line 3, column 13: what a rule sets is plain text; references go into `secrets`, and the agent names the variable");
        assert_snapshot!(refused("set = { A = 1 }"), @"line 3, column 13: a variable's value is a text in quotes");
        assert_snapshot!(refused("sha256 = 'abc'"), @"line 3, column 10: `sha256` has 64 hexadecimal digits; `sha256sum FILE` prints them");
        assert_snapshot!(refused("cwd = ['a']"), @"line 3, column 8: `a` is no absolute path without `..`; begin it with `/` or `~/`");
    }
}
