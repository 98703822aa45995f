//! Names and texts from outside, made fit to be shown.
//!
//! A title, a url or a reason is chosen by somebody else. Shown as it is, it could move the cursor, reorder a line
//! or hide words from the person who reads, while a model still obeys them.

/// Shows control, bidirectional, zero-width and other invisible characters as `\n`, `\u{202e}` and the like. What is
/// left moves nothing and hides nothing; a second time changes nothing.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if is_hidden(c) || (is_emoji_style(c) && !before.is_some_and(takes_style)) => {
                shown.extend(c.escape_unicode());
            }
            _ => shown.push(c),
        }
        before = Some(c);
    }
    shown
}

/// Shows a url without what may be secret in it: user information, and the values in its query and fragment. What is
/// left is [`escaped`].
#[must_use]
pub fn safe_url(url: &str) -> String {
    let (rest, fragment) = url
        .split_once('#')
        .map_or((url, None), |(a, b)| (a, Some(b)));
    let (rest, query) = rest
        .split_once('?')
        .map_or((rest, None), |(a, b)| (a, Some(b)));
    let mut shown = without_user(rest);
    for (mark, part) in [('?', query), ('#', fragment)] {
        if let Some(part) = part {
            shown.push(mark);
            shown.push_str(&without_values(part));
        }
    }
    escaped(&shown)
}

/// Drops what stands before the authority's `@`, and what could be part of it. Readers of urls take `\` for `/`, and any number of them after the
/// scheme.
fn without_user(url: &str) -> String {
    let slash = |c| c == '/' || c == '\\';
    let scheme_end = url
        .find(':')
        .filter(|&colon| url[..colon].chars().all(char::is_alphanumeric))
        .filter(|&colon| url[colon + 1..].starts_with(slash))
        .map_or(0, |colon| colon + 1);
    let (scheme, rest) = url.split_at(scheme_end);
    let authority = rest.trim_start_matches(slash);
    let slashes = &rest[..rest.len() - authority.len()];
    let end = authority.find(slash).unwrap_or(authority.len());
    let last_at = authority.rfind('@').map(|at| &authority[at + 1..]);
    let shown = if authority[..end].contains('@') {
        // To the last `@` of all: a password that is not percent-encoded may hold `@` and `/` itself.
        last_at.unwrap_or_default()
    } else if has_sound_port(&authority[..end]) {
        authority
    } else {
        last_at.unwrap_or("…")
    };
    format!("{scheme}{slashes}{shown}")
}

fn has_sound_port(host: &str) -> bool {
    let after_address = host.rfind(']').map_or(host, |at| &host[at + 1..]);
    match after_address.split_once(':') {
        Some((_, port)) => !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()),
        None => true,
    }
}

/// Keeps the names of `name=value` pairs; what has no name is taken for a value.
fn without_values(pairs: &str) -> String {
    let names = pairs.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) => format!("{name}=…"),
        None if pair.is_empty() => String::new(),
        None => "…".to_owned(),
    });
    names.collect::<Vec<_>>().join("&")
}

/// Control characters, marks of direction, and what takes no room on a screen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Joins, hyphens and fillers that show nothing.
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            // Direction, zero width, line and paragraph separators, invisible operators.
            | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            // Variation selectors but for text and emoji style, and tags: whole sentences have been hidden in them.
            | '\u{fe00}'..='\u{fe0d}' | '\u{e0000}'..='\u{e0fff}')
}

/// Selects text or emoji style for the character before it.
fn is_emoji_style(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

/// A style after a letter or after another style selects nothing.
fn takes_style(c: char) -> bool {
    !is_emoji_style(c) && !c.is_alphabetic() && !is_hidden(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_move_reorder_or_hide_is_shown_escaped() {
        for (text, shown) in [
            ("a\nb\t\u{1b}[2J", r"a\nb\t\u{1b}[2J"),
            ("\u{202e}txt.exe", r"\u{202e}txt.exe"),
            ("pass\u{200b}word\u{feff}", r"pass\u{200b}word\u{feff}"),
            ("hi\u{e0069}\u{e0067}", r"hi\u{e0069}\u{e0067}"),
            ("x\u{fe0f}\u{fe0e}", r"x\u{fe0f}\u{fe0e}"),
            ("\u{85}\u{2028}\u{ad}", r"\u{85}\u{2028}\u{ad}"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in [
            "Größe ≤ 5 €",
            "日本語",
            "مفتاح",
            "❤\u{fe0f} prod",
            r"C:\keys",
        ] {
            assert_eq!(escaped(text), text);
        }
    }

    #[test]
    fn a_url_is_shown_without_user_and_values() {
        for (url, shown) in [
            (
                "https://ann:s3cret@example.com/a?token=s3cret&x#t=s3cret",
                "https://example.com/a?token=…&…#t=…",
            ),
            ("https://example.com/@ann", "https://example.com/@ann"),
            ("https://a@s3cret@example.com", "https://example.com"),
            (
                "https:\\\\ann:s3cret@example.com\\x",
                "https:\\\\example.com\\x",
            ),
            ("https:///ann:s3cret@example.com", "https:///example.com"),
            ("//ann:s3cret@example.com/", "//example.com/"),
            ("ann:s3cret@example.com/x", "example.com/x"),
            (
                "postgres://ann:s3cret@db:5432/shop?sslmode=require",
                "postgres://db:5432/shop?sslmode=…",
            ),
            ("postgres://ann:s3/cr3t@db/shop", "postgres://db/shop"),
            ("postgres://ann:s@3/cr3t@db/shop", "postgres://db/shop"),
            ("postgres://ann:s3?cr3t@db/shop", "postgres://…?…"),
            ("http://[::1]:80/x", "http://[::1]:80/x"),
            ("example.com", "example.com"),
            ("https://example.com/?", "https://example.com/?"),
            (
                "https://example.com/\u{202e}",
                "https://example.com/\\u{202e}",
            ),
        ] {
            assert_eq!(safe_url(url), shown, "{url}");
        }
    }

    proptest! {
        #[test]
        fn every_text_is_shown_without_anything_hidden_and_once_is_enough(text in ".{0,40}") {
            let shown = escaped(&text);

            prop_assert!(!shown.chars().any(is_hidden));
            prop_assert_eq!(escaped(&shown), shown.clone());
        }

        #[test]
        fn no_password_is_left_in_any_url(
            scheme in "([a-z]{1,5}:)?/{2,3}",
            user in "[a-z@]{0,5}:[a-z:@/]{0,4}",
            path in "[a-z/@:]{0,8}",
        ) {
            let shown = safe_url(&format!("{scheme}{user}:S3CRET@host/{path}?a=S3CRET&S3CRET#S3CRET"));

            prop_assert!(!shown.contains("S3CRET"), "{}", shown);
        }
    }
}
