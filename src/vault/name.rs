//! When two names are the same.
//!
//! Vaults, items, sections, fields and files are found by name in any case and without the white
//! space around them, everywhere alike: in references, tools, the store's blind index and policy. The
//! module knows nothing of ids, nor of what is called by the name.

/// The form of a name that look-ups compare and index: trimmed, in Unicode lower case.
///
/// Letters that look alike but are written with other code points (composed and decomposed accents)
/// stay apart.
#[must_use]
pub fn folded_name(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Tells whether two names are the same for a look-up.
#[must_use]
pub fn same_name(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    if a.is_ascii() && b.is_ascii() {
        a.eq_ignore_ascii_case(b)
    } else {
        a.to_lowercase() == b.to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn case_and_surrounding_space_make_no_other_name() {
        assert!(same_name(" Stripe ", "stripe"));
        assert!(same_name("BÜRO", "büro"));
        assert!(same_name("ΣΑΣ", "σας"));
        assert!(!same_name("Stripe", "Stripe 2"));
        assert!(!same_name("Büro", "Buro"));
    }

    proptest! {
        #[test]
        fn names_are_the_same_exactly_when_their_folded_forms_are(a in "[ aAüÜßΣσK]{0,3}", b in "[ aAüÜßΣσk]{0,3}") {
            prop_assert_eq!(same_name(&a, &b), folded_name(&a) == folded_name(&b));
        }
    }
}
