//! SCIM filters as Connect takes them, and their place in an address.
//!
//! `title eq "X"` is all that is sent. A title that cannot be written between quotes is not filtered: then the list is
//! compared instead. The quoting inside a filter is described nowhere, so that nothing is escaped.

/// The filter that finds a title, where one can be written.
#[must_use]
pub fn title(title: &str) -> Option<String> {
    let title = title.trim();
    let fits =
        !title.is_empty() && !title.contains(['"', '\\']) && !title.contains(char::is_control);
    fits.then(|| format!("title eq \"{title}\""))
}

/// The filter that finds a vault by name, where one can be written.
#[must_use]
pub fn name(name: &str) -> Option<String> {
    title(name).map(|filter| filter.replacen("title", "name", 1))
}

/// `?filter=…`, percent-encoded; nothing for no filter.
pub(super) fn query(filter: Option<&str>) -> String {
    filter.map_or_else(String::new, |filter| format!("?filter={}", encoded(filter)))
}

/// Everything but letters, digits and `-._~` as `%XX`.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_an_address_is_percent_encoded() {
        let filter = title("a&b #1 + 50% ü").unwrap();

        assert_eq!(
            query(Some(&filter)),
            "?filter=title%20eq%20%22a%26b%20%231%20%2B%2050%25%20%C3%BC%22"
        );
        assert_eq!(query(None), "");
    }

    #[test]
    fn a_title_that_would_end_the_quotes_is_not_filtered() {
        for odd in ["a\"b", "a\\", "a\nb", " "] {
            assert_eq!(title(odd), None);
        }
        assert_eq!(name("Dev"), Some("name eq \"Dev\"".to_owned()));
    }
}
