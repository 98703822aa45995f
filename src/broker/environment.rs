//! What an agent's program starts with: a short list, whatever the server itself was given.
//!
//! Agent hosts pass their own model keys to the servers that they start; none of that may reach a program.

/// Variables of the server's own environment that a program may have.
const KEPT: &[&str] = &[
    "COLORTERM",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TZ",
    "USER",
];

/// Picks what a program may have from the server's environment, `more` included, and sets `PATH` to the policy's.
#[must_use]
pub(super) fn clean(
    environment: impl IntoIterator<Item = (String, String)>,
    path: &[std::path::PathBuf],
    more: &[String],
) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = environment
        .into_iter()
        .filter(|(name, _)| {
            KEPT.contains(&name.as_str()) || name.starts_with("LC_") || more.contains(name)
        })
        .filter(|(name, _)| name != "PATH")
        .collect();
    kept.sort();
    let path = std::env::join_paths(path)
        .ok()
        .and_then(|joined| joined.into_string().ok())
        .unwrap_or_else(|| "/usr/bin:/bin".into());
    kept.push(("PATH".into(), path));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_short_list_reaches_a_program() {
        let given = [
            ("ANTHROPIC_API_KEY", "model-key"),
            ("HOME", "/home/ada"),
            ("LC_ALL", "C.UTF-8"),
            ("LD_PRELOAD", "/tmp/x.so"),
            ("OP_CONNECT_TOKEN", "token"),
            ("PATH", "/tmp/evil"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));

        let clean = clean(given, &["/usr/bin".into(), "/bin".into()], &[]);

        assert_eq!(
            clean,
            [
                ("HOME", "/home/ada"),
                ("LC_ALL", "C.UTF-8"),
                ("PATH", "/usr/bin:/bin")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
