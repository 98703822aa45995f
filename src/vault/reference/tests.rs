use super::*;

use proptest::prelude::*;

fn parsed(text: &str) -> SecretReference {
    SecretReference::parse(text).unwrap()
}

fn refused(text: &str) -> ReferenceError {
    SecretReference::parse(text).unwrap_err()
}

fn stripe_key() -> ResolvedReference {
    ResolvedReference {
        vault: Named {
            id: VaultId::parse("vaultvaultvaultvaultvault1").unwrap(),
            name: "Dev".into(),
        },
        item: Named {
            id: ItemId::parse("itemitemitemitemitemitem12").unwrap(),
            name: "Stripe".into(),
        },
        section: None,
        field: Named {
            id: FieldId::new("credential"),
            name: "secret key".into(),
        },
    }
}

#[test]
fn a_reference_names_vault_item_and_field_and_perhaps_a_section() {
    let short = parsed("op://Dev/Stripe/secret key");
    let long = parsed("op://Dev/Stripe/Live keys/secret-key_2.0?attribute=type");

    assert_eq!(
        (&*short.vault, &*short.item, short.section, &*short.field),
        ("Dev", "Stripe", None, "secret key")
    );
    assert_eq!(short.attribute, Attribute::Value);
    assert_eq!(long.section.as_deref(), Some("Live keys"));
    assert_eq!(long.attribute, Attribute::Type);
}

#[test]
fn scheme_attribute_quotes_and_surrounding_space_are_read_as_people_write_them() {
    let plain = parsed("op://Dev/Stripe/key?attribute=id");

    for same in [
        "OP://Dev/Stripe/key?ATTRIBUTE=ID",
        "  op://Dev/Stripe/key?attribute=id\n",
        "\"op://Dev/Stripe/key?attribute=id\"",
        "'op://Dev/Stripe/key?attribute=id'",
        "' op:// Dev /Stripe/ key ?attribute=id '",
    ] {
        assert_eq!(parsed(same), plain, "{same}");
    }
}

#[test]
fn each_broken_rule_has_its_own_sentence() {
    use ReferenceError::{Attribute, Character, Empty, Quotes, Scheme, TooFewParts, TooManyParts};

    for (text, error) in [
        ("", Scheme),
        ("op:/Dev/Stripe/key", Scheme),
        ("https://Dev/Stripe/key", Scheme),
        ("op://", TooFewParts),
        ("op://Dev/Stripe", TooFewParts),
        ("op://a/b/c/d/e", TooManyParts),
        ("op:///Stripe/key", Empty { part: Noun::Vault }),
        ("op://Dev//key", Empty { part: Noun::Item }),
        (
            "op://Dev/Stripe/ /key",
            Empty {
                part: Noun::Section,
            },
        ),
        ("op://Dev/Stripe/", Empty { part: Noun::Field }),
        ("op://D&v/Stripe/key", Character { part: Noun::Vault }),
        ("op://Dev/Strüpe/key", Character { part: Noun::Item }),
        (
            "op://Dev/Stripe/a\nb/key",
            Character {
                part: Noun::Section,
            },
        ),
        ("op://Dev/Stripe/k%65y", Character { part: Noun::Field }),
        ("op://$APP/Stripe/key", Character { part: Noun::Vault }),
        ("\"op://Dev/Stripe/key", Quotes),
        ("\"op://Dev/Stripe/key'", Quotes),
        ("\"", Quotes),
        ("op://Dev/Stripe/key?", Attribute),
        ("op://Dev/Stripe/key?attribute=title", Attribute),
        ("op://Dev/Stripe/key?attribute=id&x=y", Attribute),
    ] {
        assert_eq!(refused(text), error, "{text}");
    }
}

#[test]
fn every_attribute_is_written_as_it_is_read() {
    for (query, attribute) in [
        ("", Attribute::Value),
        ("?attribute=content", Attribute::Content),
        ("?attribute=id", Attribute::Id),
        ("?attribute=name", Attribute::Name),
        ("?attribute=otp", Attribute::Otp),
        ("?attribute=purpose", Attribute::Purpose),
        ("?attribute=size", Attribute::Size),
        ("?attribute=type", Attribute::Type),
        ("?ssh-format=openssh", Attribute::OpenSsh),
    ] {
        let text = format!("op://Dev/GitHub/field{query}");

        let reference = parsed(&text);

        assert_eq!(reference.attribute, attribute);
        assert_eq!(reference.to_string(), text);
    }
    assert_eq!(
        refused("op://Dev/ssh/private key?ssh-format=putty"),
        ReferenceError::Attribute
    );
}

#[test]
fn a_name_outside_the_grammar_is_pointed_to_its_id() {
    let message = refused("op://Dev/R&D/key").to_string();

    assert_eq!(
        message,
        "the item's name can't be written in a secret reference, which takes letters, digits, \
         `-`, `_`, `.` and spaces; use the id instead"
    );
}

#[test]
fn a_malformed_reference_still_looks_like_one() {
    for text in [
        "op://",
        " OP://x",
        "\"op://a/b/c",
        "'op://a/b/c'",
        "' op://a",
    ] {
        assert!(SecretReference::looks_like(text), "{text}");
    }
    for text in ["", "op:/", "xop://a/b/c", "see op://a/b/c", "öp://a/b/c"] {
        assert!(!SecretReference::looks_like(text), "{text}");
    }
}

#[test]
fn a_resolved_reference_is_written_with_names_where_they_find_it_again() {
    let reference = stripe_key();

    assert_eq!(
        reference.reference_text(Ambiguity::default()),
        "op://Dev/Stripe/secret key"
    );
    assert_eq!(
        reference.by_ids(),
        "op://vaultvaultvaultvaultvault1/itemitemitemitemitemitem12/credential"
    );
}

#[test]
fn a_name_that_is_ambiguous_or_cannot_be_written_becomes_an_id() {
    let mut reference = stripe_key();
    reference.vault.name = "R&D".into();
    reference.field.name = "lookslikeanidbutisafield12".into();
    reference.section = Some(Named {
        id: SectionId::new("Section_1"),
        name: String::new(),
    });

    let text = reference.reference_text(Ambiguity {
        item: true,
        ..Ambiguity::default()
    });

    assert_eq!(
        text,
        "op://vaultvaultvaultvaultvault1/itemitemitemitemitemitem12/Section_1/credential"
    );
}

/// One part of a reference, as it is after parsing: no space at its ends.
fn part() -> impl Strategy<Value = String> {
    "[A-Za-z0-9._-]([A-Za-z0-9._ \t-]{0,8}[A-Za-z0-9._-])?"
}

fn attribute() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        Just(Attribute::Id),
        Just(Attribute::Purpose),
        Just(Attribute::Type),
        Just(Attribute::Value),
    ]
}

proptest! {
    #[test]
    fn a_reference_reads_back_as_it_was_printed(
        vault in part(),
        item in part(),
        section in proptest::option::of(part()),
        field in part(),
        attribute in attribute(),
    ) {
        let reference = SecretReference { vault, item, section, field, attribute };

        let text = reference.to_string();

        prop_assert!(SecretReference::looks_like(&text));
        prop_assert_eq!(SecretReference::parse(&text), Ok(reference));
    }

    #[test]
    fn a_resolved_reference_can_always_be_parsed(
        vault in any::<String>(),
        item in any::<String>(),
        section in proptest::option::of(any::<String>()),
        field in any::<String>(),
    ) {
        let mut reference = stripe_key();
        reference.vault.name = vault;
        reference.item.name = item;
        reference.section = section.map(|name| Named { id: SectionId::new("Section_1"), name });
        reference.field.name = field;

        let text = reference.reference_text(Ambiguity::default());

        prop_assert!(SecretReference::parse(&text).is_ok(), "{}", text);
    }

    #[test]
    fn no_text_makes_the_parser_panic_or_speak(text in "(op://)?[\"'a/?= \\PC]{0,40}CANARY[/?é\"']{0,4}") {
        if let Err(error) = SecretReference::parse(&text) {
            prop_assert!(!error.to_string().contains("CANARY"));
        }
        let _ = SecretReference::looks_like(&text);
    }
}
