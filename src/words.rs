//! A command line as one string, split into words as a shell splits it.
//!
//! Quotes and backslashes as POSIX has them (Shell Command Language, 2.2); nothing is expanded, and
//! `$`, `*`, `;`, `|` and `#` are letters like any other, since no shell will ever see the words.

/// A quote is not closed, or the text ends with a backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a quote is not closed, or a backslash ends the text")]
pub struct Unfinished;

/// Splits a text into words.
///
/// # Errors
/// [`Unfinished`]; the message does not repeat the text.
pub fn split(text: &str) -> Result<Vec<String>, Unfinished> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => single_quoted(&mut chars, word.get_or_insert_default())?,
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => match chars.next().ok_or(Unfinished)? {
                '\n' => {}
                escaped => word.get_or_insert_default().push(escaped),
            },
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn single_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), Unfinished> {
    loop {
        match chars.next().ok_or(Unfinished)? {
            '\'' => return Ok(()),
            other => word.push(other),
        }
    }
}

fn double_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), Unfinished> {
    loop {
        match chars.next().ok_or(Unfinished)? {
            '"' => return Ok(()),
            '\\' => match chars.next().ok_or(Unfinished)? {
                '\n' => {}
                escaped @ ('$' | '`' | '"' | '\\') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            other => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        for (text, words) in [
            ("", &[][..]),
            ("  psql  --file *\n", &["psql", "--file", "*"]),
            ("a'b c'd \"e f\" ''", &["ab cd", "e f", ""]),
            (r#"a\ b "c\"d\e" 'f\g'"#, &["a b", "c\"d\\e", "f\\g"]),
            ("a\\\nb \"c\\\nd\"", &["ab", "cd"]),
            ("echo $HOME # x; y|z", &["echo", "$HOME", "#", "x;", "y|z"]),
        ] {
            assert_eq!(split(text).unwrap(), words, "{text}");
        }
    }

    #[test]
    fn an_open_quote_is_refused() {
        for text in ["'a", "a \"b", "\"a\\", "a\\"] {
            assert_eq!(split(text), Err(Unfinished), "{text}");
        }
    }

    proptest! {
        #[test]
        fn quoted_words_come_back_as_they_were(words in proptest::collection::vec("[ -~\\n]{0,8}", 0..5)) {
            let quoted: Vec<String> = words
                .iter()
                .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
                .collect();

            prop_assert_eq!(split(&quoted.join(" ")), Ok(words));
        }

        #[test]
        fn no_text_makes_the_splitter_panic(text in any::<String>()) {
            let _ = split(&text);
        }
    }
}
