//! One line of a `.env` file, written so that it reads back as what it was.

use zeroize::Zeroizing;

/// `NAME=value` without a line end; in double quotes where the value needs them.
#[must_use]
pub fn line(name: &str, value: &str) -> Zeroizing<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=?".contains(c);
    // Room for all of it at once: growing would leave pieces behind.
    let mut line = Zeroizing::new(String::with_capacity(name.len() + 2 * value.len() + 3));
    line.push_str(name);
    line.push('=');
    if value.chars().all(plain) {
        line.push_str(value);
        return line;
    }
    line.push('"');
    for c in value.chars() {
        match c {
            '"' | '$' | '\\' => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c => line.push(c),
        }
    }
    line.push('"');
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dotenv::Dotenv;

    #[test]
    fn a_reference_with_spaces_stands_in_quotes_and_a_word_does_not() {
        assert_eq!(
            *line("KEY", "op://Dev/Stripe/secret key"),
            "KEY=\"op://Dev/Stripe/secret key\""
        );
        assert_eq!(*line("NODE_ENV", "staging"), "NODE_ENV=staging");
        assert_eq!(*line("EMPTY", ""), "EMPTY=");
    }

    proptest! {
        #[test]
        fn every_text_reads_back_as_it_was(value in "(?s).{0,40}") {
            prop_assume!(!value.contains('\0') && !value.starts_with("op://"));

            let read = Dotenv::parse(&format!("{}\nNEXT=1\n", *line("NAME", &value))).unwrap();

            prop_assert_eq!(read.entries().len(), 2);
            let literal = read.entries()[0].literal().unwrap();
            prop_assert_eq!(literal.expose_secret(), value);
        }
    }
}
