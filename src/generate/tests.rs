use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::*;

fn made(recipe: &Recipe) -> (String, f64) {
    let generated = generate(recipe).unwrap();
    (
        generated.value.expose_secret().to_owned(),
        generated.entropy_bits,
    )
}

fn of_kind(kind: Kind) -> Recipe {
    Recipe {
        kind,
        ..Recipe::default()
    }
}

/// A recipe that leaves `ab1`.
fn tiny(length: u32) -> Recipe {
    let all = [CharacterSet::Letters, CharacterSet::Digits].map(CharacterSet::characters);
    let excluded = all.iter().flat_map(|set| set.chars());
    Recipe {
        length: Some(length),
        character_sets: Some(vec![CharacterSet::Digits, CharacterSet::Letters]),
        exclude_characters: Some(excluded.filter(|c| !"ab1".contains(*c)).collect()),
        ..Recipe::default()
    }
}

#[test]
fn without_options_a_password_has_32_characters_of_all_sets() {
    let (value, entropy) = made(&Recipe::default());

    assert_eq!(value.len(), 32);
    for set in CharacterSet::ALL {
        assert!(value.contains(|c| set.characters().contains(c)));
    }
    assert!((205.0..205.1).contains(&entropy), "{entropy}");
}

#[test]
fn every_password_that_fits_the_recipe_is_equally_likely() {
    let mut counts = BTreeMap::<String, u32>::new();

    for _ in 0..18_000 {
        *counts.entry(made(&tiny(3)).0).or_default() += 1;
    }

    // 27 texts of three, less 8 without the digit and 1 without a letter.
    assert_eq!(counts.len(), 18);
    assert!((made(&tiny(3)).1 - 18_f64.log2()).abs() < 1e-9);
    for (value, count) in counts {
        assert!(
            (750..1250).contains(&count),
            "{value} came {count} times of 1000"
        );
    }
}

#[test]
fn a_passphrase_has_six_words_of_the_list_and_each_passphrase_can_be_read_in_one_way() {
    let (value, entropy) = made(&of_kind(Kind::Passphrase));
    let words: HashSet<&str> = (0..words::COUNT).map(words::word).collect();

    assert!(value.split('-').count() >= 6, "{value}");
    assert!((77.5..77.6).contains(&entropy), "{entropy}");
    assert_eq!(words.len(), 7776);
    for (first, rest) in words.iter().filter_map(|word| word.split_once('-')) {
        assert!(
            !(words.contains(first) && words.contains(rest)),
            "{first}-{rest}"
        );
    }
}

#[test]
fn hexadecimal_digits_and_uuids_have_their_form() {
    let (digits, bits) = made(&of_kind(Kind::Hex));
    let (odd, odd_bits) = made(&Recipe {
        length: Some(5),
        ..of_kind(Kind::Hex)
    });
    let (uuid, _) = made(&of_kind(Kind::Uuid));

    assert!(digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!((bits, odd.len(), odd_bits), (256.0, 5, 20.0));
    assert_eq!(uuid::Uuid::parse_str(&uuid).unwrap().get_version_num(), 4);
}

#[test]
fn what_a_recipe_cannot_mean_is_refused() {
    let password = Recipe::default();
    let refused = |recipe: Recipe| generate(&recipe).unwrap_err().to_string();

    for (recipe, message) in [
        (
            Recipe {
                length: Some(4096),
                ..of_kind(Kind::SshKey)
            },
            "a ssh_key has no `length`; leave it out",
        ),
        (
            Recipe {
                length: Some(65),
                ..password.clone()
            },
            "`length` of a password is a number from 1 to 64",
        ),
        (
            Recipe {
                length: Some(2),
                ..password.clone()
            },
            "`length` of a password is a number from 3 to 64",
        ),
        (
            Recipe {
                character_sets: Some(Vec::new()),
                ..password.clone()
            },
            "a password needs characters; name letters, digits or symbols",
        ),
        (
            Recipe {
                exclude_characters: Some(CharacterSet::Digits.characters().into()),
                ..password
            },
            "none of the digits are left to choose from; exclude fewer characters",
        ),
        (
            Recipe {
                words: Some(0),
                ..of_kind(Kind::Passphrase)
            },
            "`words` of a passphrase is a number from 1 to 24",
        ),
        (
            Recipe {
                length: Some(8),
                ..of_kind(Kind::Uuid)
            },
            "a uuid has no `length`; leave it out",
        ),
    ] {
        assert_eq!(refused(recipe), message);
    }
}

#[test]
fn a_recipe_in_one_line_is_read_as_op_reads_it() {
    use CharacterSet::{Digits, Letters};

    let recipe = Recipe::parse("letters, DIGITS,20").unwrap();

    assert_eq!(recipe.length, Some(20));
    assert_eq!(recipe.character_sets, Some(vec![Letters, Digits]));
    assert_eq!(Recipe::parse(" "), Ok(Recipe::default()));
    for bad in ["20,30", "letters,letters", "letters;20", "-1", "20,", "hex"] {
        assert_eq!(Recipe::parse(bad), Err(GenerateError::Recipe), "{bad}");
    }
}

#[test]
fn every_kind_is_found_by_its_word() {
    assert_eq!(Kind::parse("SSH-Key"), Some(Kind::SshKey));
    assert_eq!(Kind::parse("passphrase"), Some(Kind::Passphrase));
    assert_eq!(Kind::parse("rsa"), None);
}

proptest! {
    #[test]
    fn a_password_keeps_to_its_recipe(length in 3_u32..=64, excluded in "[A-Z0-8!-+]{0,12}") {
        let recipe = Recipe {
            length: Some(length),
            exclude_characters: Some(excluded.clone()),
            ..Recipe::default()
        };

        let (value, entropy) = made(&recipe);

        prop_assert_eq!(value.chars().count() as u32, length);
        prop_assert!(!value.contains(|c| excluded.contains(c)));
        prop_assert!(CharacterSet::ALL.iter().all(|set| value.contains(|c| set.characters().contains(c))));
        prop_assert!(entropy > 0.0 && entropy < f64::from(length) * 85_f64.log2());
    }

    #[test]
    fn no_text_makes_the_recipe_reader_panic(text in any::<String>()) {
        let _ = Recipe::parse(&text);
    }
}
