//! What a client calls itself, made fit for the log. It decides nothing.

use rmcp::model::Implementation;

use super::Way;

/// The longest label kept, in characters.
const LONGEST: usize = 64;

/// `name version`, from characters that no log line can be confused by; `None` when nothing is left.
pub(super) fn label(client: &Implementation) -> Option<String> {
    let said = format!("{} {}", client.name, client.version);
    let label: String = said
        .chars()
        .filter(|it| it.is_ascii_alphanumeric() || " ._-+/@()".contains(*it))
        .take(LONGEST)
        .collect();
    let label = label.trim();
    (!label.is_empty()).then(|| label.to_owned())
}

/// The label behind the way by which it came: `[http 127.0.0.1] claude-code 2.1`. No label has brackets, so that none can
/// look like a way.
pub(super) fn on_its_way(label: Option<String>, way: Option<&Way>) -> Option<String> {
    let Some(Way(way)) = way else {
        return label;
    };
    Some(match label {
        Some(label) => format!("[{way}] {label}"),
        None => format!("[{way}]"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_write_what_a_log_could_misread() {
        let label = |name: &str, version: &str| label(&Implementation::new(name, version));

        assert_eq!(
            label("claude-code", "2.1.330").as_deref(),
            Some("claude-code 2.1.330")
        );
        assert_eq!(label("a\nb\u{202e}<c>", "1`").as_deref(), Some("abc 1"));
        assert_eq!(label(&"x".repeat(500), "1").map(|it| it.len()), Some(64));
        assert_eq!(label("\n", "\u{7}"), None);
    }

    #[test]
    fn a_client_cannot_say_by_which_way_it_came() {
        let way = Way("http 10.0.0.7".into());
        let forged = label(&Implementation::new("[http 10.0.0.9] x", "1"));

        let told = on_its_way(forged.clone(), Some(&way));

        assert_eq!(forged.as_deref(), Some("http 10.0.0.9 x 1"));
        assert_eq!(told.as_deref(), Some("[http 10.0.0.7] http 10.0.0.9 x 1"));
        assert_eq!(
            on_its_way(None, Some(&way)).as_deref(),
            Some("[http 10.0.0.7]")
        );
    }
}
