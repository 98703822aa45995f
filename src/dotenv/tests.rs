use proptest::prelude::*;

use super::*;

fn nothing(_: &str) -> Option<Zeroizing<String>> {
    None
}

/// What a program gets, as text: references as they are written, parts of a composed value in brackets.
fn given(text: &str, outer: &[(&str, &str)]) -> Vec<(String, String)> {
    let outer = |name: &str| {
        let found = outer.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| Zeroizing::new((*value).to_owned()))
    };
    let assignments = Dotenv::parse(text).unwrap().expand(outer).unwrap();
    assignments
        .into_iter()
        .map(|assignment| (assignment.name, shown(&assignment.value)))
        .collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Composed(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Reference(reference) => format!("[{reference}]"),
                Part::Text(text) => format!("[{}]", text.expose_secret()),
            })
            .collect(),
        Value::Reference(reference) => reference.to_string(),
        Value::Text(text) => text.expose_secret().to_owned(),
    }
}

fn only_value(text: &str) -> String {
    let mut values = given(text, &[]);
    assert_eq!(values.len(), 1, "{text}");
    values.remove(0).1
}

fn refused(text: &str) -> DotenvError {
    Dotenv::parse(text).unwrap_err()
}

fn key() -> SecretReference {
    SecretReference::parse("op://Dev/Stripe/secret key").unwrap()
}

#[test]
fn values_are_read_as_op_run_reads_them() {
    for (line, value) in [
        ("A=b", "b"),
        ("export A=b", "b"),
        ("  export\tA = b  ", "b"),
        ("A=b # comment", "b"),
        ("A=b#no comment", "b#no comment"),
        ("A=#no comment", "#no comment"),
        ("A=", ""),
        ("A= # comment", ""),
        ("A=''", ""),
        ("A=\"\" # comment", ""),
        ("A=two words", "two words"),
        ("A=' b # c '  # comment", " b # c "),
        ("A={\"a\":\"b\"}", "{\"a\":\"b\"}"),
        ("A=it's", "it's"),
        ("A='\\n$B'", "\\n$B"),
        (
            "A=\"a\\nb\\t\\\"c\\\" \\\\ \\$B \\d\"",
            "a\nb\t\"c\" \\ $B \\d",
        ),
        ("A=a\\nb \\#c \\$B\\ ", "a\\nb #c $B "),
        ("A=\"one\ntwo\"", "one\ntwo"),
        ("A='one\r\ntwo'\r\n", "one\ntwo"),
        ("A=b\r\n", "b"),
        ("\u{feff}A=b", "b"),
        ("A=ü", "ü"),
        ("A=5$ and $5", "5$ and $5"),
        ("A=a=b==", "a=b=="),
        ("export=b", "b"),
        ("# c\n\n  # d\nA=b\n#", "b"),
    ] {
        assert_eq!(only_value(line), value, "{line}");
    }
}

#[test]
fn variables_come_from_earlier_lines_and_then_from_outside() {
    let outer = [("HOST", "db"), ("EMPTY", ""), ("A", "outer")];

    for (value, expanded) in [
        ("$A", "a"),
        ("${A}b", "ab"),
        ("${ A }", "a"),
        ("\"$A-$HOST\"", "a-db"),
        ("'$A'", "$A"),
        ("\\$A", "$A"),
        ("$NONE.", "."),
        ("${NONE:-d e}", "d e"),
        ("${EMPTY:-$A}", "a"),
        ("${HOST:-x}", "db"),
        ("${NONE:-${EMPTY:-{\\}}}", "{}"),
        ("\"${NONE:-one\ntwo}\"", "one\ntwo"),
    ] {
        let all = given(&format!("A=a\nB={value}"), &outer);

        assert_eq!(all[1], ("B".to_owned(), expanded.to_owned()), "{value}");
    }
}

#[test]
fn the_last_line_of_a_name_wins_and_may_build_on_the_one_before() {
    let all = given("A=1\nB=$A\nA=$A:2\nC=$A", &[]);

    let all: Vec<(&str, &str)> = all
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(all, [("A", "1:2"), ("B", "1"), ("C", "1:2")]);
}

#[test]
fn a_variable_that_nobody_sets_is_noticed_without_its_name() {
    let all = Dotenv::parse("A=pa$word\nB=${X:-}\nC=1")
        .unwrap()
        .expand(nothing)
        .unwrap();

    let lacking: Vec<bool> = all.iter().map(|one| one.lacks_variable).collect();
    assert_eq!(lacking, [true, false, false]);
}

#[test]
fn a_reference_can_be_made_with_variables_and_be_a_part_of_a_value() {
    let text = "ENV=Dev\nPASSWORD=op://$ENV/db/password\nSAME=$PASSWORD\nURL=postgres://app:${PASSWORD}@h/$ENV";

    let all = given(text, &[]);

    assert_eq!(all[1].1, "op://Dev/db/password");
    assert_eq!(all[2].1, "op://Dev/db/password");
    assert_eq!(all[3].1, "[postgres://app:][op://Dev/db/password][@h/Dev]");
    assert_eq!(
        given("URL=h?$TOKEN", &[("TOKEN", "op://Dev/db/token")])[0].1,
        "[h?][op://Dev/db/token]"
    );
}

#[test]
fn braces_put_secrets_into_a_value_once_its_variables_are_replaced() {
    for (text, value) in [
        (
            "A=postgres://app:{{ op://Dev/db/password }}@h/app # c",
            "[postgres://app:][op://Dev/db/password][@h/app]",
        ),
        (
            "A='{{op://Dev/my db/user}}:{{ op://Dev/my db/password }}'",
            "[op://Dev/my db/user][:][op://Dev/my db/password]",
        ),
        ("A={{ op://Dev/db/password }}", "op://Dev/db/password"),
        (
            "A=\"{{ \\\"{{ op://not/a/secret }}\\\" }}\"",
            "{{ op://not/a/secret }}",
        ),
        ("A={{ .Values.host }} {{#if}}", "{{ .Values.host }} {{#if}}"),
        ("A=x op://Dev/db/password", "x op://Dev/db/password"),
    ] {
        assert_eq!(only_value(text), value, "{text}");
    }
    let all = given("ENV=Dev\nA=h?{{ op://$ENV/db/password }}\nB=$A&x", &[]);
    assert_eq!(all[1].1, "[h?][op://Dev/db/password]");
    assert_eq!(all[2].1, "[h?][op://Dev/db/password][&x]");
}

#[test]
fn braces_that_hold_no_whole_reference_are_refused_with_their_line() {
    let refused = |text: &str| Dotenv::parse(text).unwrap().expand(nothing).unwrap_err();

    assert_eq!(
        refused("\nA=canary{{ op://Dev/db/password").to_string(),
        "line 2: A has `{{ op://` with no whole reference before `}}`; where no secret is meant, write {{ \"{{\" }}"
    );
    assert!(matches!(
        refused("A=x{{ op://canary }}"),
        DotenvError::Reference { line: 1, .. }
    ));
    assert!(matches!(
        refused("A='x{{ op://$B/db/password }}'"),
        DotenvError::Braces { line: 1, .. }
    ));
}

#[test]
fn what_begins_like_a_reference_is_never_plain_text() {
    let expanded = |text| Dotenv::parse(text).unwrap().expand(nothing).unwrap_err();

    assert_eq!(
        expanded("\nA=op://canary").to_string(),
        "line 2: A is no secret reference: too few '/': secret references should match op://<vault>/<item>[/<section>]/<field>"
    );
    assert!(matches!(
        expanded("A=\"OP://a/$B/c\""),
        DotenvError::Reference { .. }
    ));
    assert!(matches!(
        expanded("A=op://a/b/c\nB=op://a/b/$A"),
        DotenvError::ReferenceInReference { line: 2, .. }
    ));
}

#[test]
fn what_could_be_read_in_two_ways_is_refused_with_its_line() {
    use DotenvError::{AfterQuote, Name, NoAssignment, Nul, UnclosedQuote, Variable};

    for (text, error) in [
        ("\ncanary", NoAssignment { line: 2 }),
        ("export A", NoAssignment { line: 1 }),
        ("my canary=1", NoAssignment { line: 1 }),
        ("1A=b", Name { line: 1 }),
        ("=b", Name { line: 1 }),
        ("'A'=b", Name { line: 1 }),
        ("Ä=b", Name { line: 1 }),
        ("A=\"x\n\n# c", UnclosedQuote { line: 1 }),
        ("A=1\nB='canary", UnclosedQuote { line: 2 }),
        ("A='x\ny'canary", AfterQuote { line: 2 }),
        ("A='x'#canary", AfterQuote { line: 1 }),
        ("A=\"a\" \"b\"", AfterQuote { line: 1 }),
        ("A=${canary", Variable { line: 1 }),
        ("A=${canary\n}", Variable { line: 1 }),
        ("A=\"${canary\"}", Variable { line: 1 }),
        ("A=${canary:?no}", Variable { line: 1 }),
        ("A=${}", Variable { line: 1 }),
        ("A=${1}", Variable { line: 1 }),
        ("A=1\n\nB=\0", Nul { line: 3 }),
    ] {
        assert_eq!(refused(text), error, "{text}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn another_encoding_is_refused_with_its_line() {
    let error = Dotenv::from_bytes(b"A=b\nB=\xff").unwrap_err();

    assert_eq!(error, DotenvError::NotUtf8 { line: 2 });
}

#[test]
fn lines_that_double_one_another_fill_no_memory() {
    let mut doubling = String::from("A0=xxxxxxxxxx\n");
    for i in 0..64 {
        doubling += &format!("A{}=$A{i}$A{i}\n", i + 1);
    }
    let references = doubling.replace("xxxxxxxxxx", "op://a/b/c");
    let mut many = format!("A={}\n", "x".repeat(100_000));
    for i in 0..100 {
        many += &format!("B{i}=$A\n");
    }
    let expanded = |text: &str| Dotenv::parse(text).unwrap().expand(nothing).unwrap_err();

    assert!(matches!(expanded(&doubling), DotenvError::TooLong { .. }));
    assert!(matches!(expanded(&references), DotenvError::TooLong { .. }));
    assert_eq!(expanded(&many), DotenvError::TooMuch);
}

#[test]
fn defaults_within_defaults_do_not_exhaust_the_stack() {
    let deep = format!("A={}{}", "${A:-".repeat(100_000), "}".repeat(100_000));

    assert_eq!(refused(&deep), DotenvError::Variable { line: 1 });
}

#[test]
fn an_entry_tells_its_kind_without_its_value() {
    let file =
        Dotenv::parse("A=canary\nB=$A\nC=op://a/b/c\nD='$A'\nE=\nF=op://a\nG=h?{{op://a/b/c}}")
            .unwrap();

    let kinds: Vec<Kind> = file.entries().iter().map(Entry::kind).collect();

    use Kind::{HasVariable, Literal, Reference, Template};
    assert_eq!(
        kinds,
        [
            Literal,
            HasVariable,
            Reference,
            Literal,
            Literal,
            Reference,
            Template
        ]
    );
    assert_eq!(
        file.entries()[0].literal().unwrap().expose_secret(),
        "canary"
    );
    assert!(file.entries()[1].literal().is_none());
    assert!(file.entries()[2].reference().unwrap().is_ok());
    assert!(file.entries()[4].literal().unwrap().is_empty());
    assert!(file.entries()[5].reference().unwrap().is_err());
    assert_eq!(
        format!("{file:?} {:?}", file.entries()[0]),
        "Dotenv(7 entries) Entry(A, line 1)"
    );
}

#[test]
fn an_entry_tells_what_it_is_made_of() {
    let file = Dotenv::parse("A=op://$B/${C:-$D}/x\nE=x$B").unwrap();

    assert_eq!(file.entries()[0].variables(), ["B", "D", "C"]);
    assert!(file.entries()[0].builds_reference());
    assert!(!file.entries()[1].builds_reference());
}

#[test]
fn a_rewritten_file_keeps_everything_but_the_values() {
    let before = "\u{feff}# Stripe\r\nexport A = hunter2   # old\r\n\r\nB='one\ntwo' # PEM\nC=\"x\"\nD=\nE=keep\nF=last";

    let after = Dotenv::parse(before)
        .unwrap()
        .rewrite(|entry| (entry.name() != "E").then(key));

    assert_eq!(
        *after,
        "\u{feff}# Stripe\r\nexport A = \"op://Dev/Stripe/secret key\"   # old\r\n\r\n\
         B='op://Dev/Stripe/secret key' # PEM\nC=\"op://Dev/Stripe/secret key\"\n\
         D=\"op://Dev/Stripe/secret key\"\nE=keep\nF=\"op://Dev/Stripe/secret key\""
    );
}

#[test]
fn a_reference_without_spaces_needs_no_quotes() {
    let reference = SecretReference::parse("op://Dev/Stripe/key?attribute=type").unwrap();

    let after = Dotenv::parse("A=b # c")
        .unwrap()
        .rewrite(|_| Some(reference.clone()));

    assert_eq!(*after, "A=op://Dev/Stripe/key?attribute=type # c");
}

/// Lines that look like those of a `.env` file, most of them.
fn any_file() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "(export )?[A-Z]{1,2} ?= ?(CANARY|[a-z#\\\\ ]{0,6}|'[a-z\n]{0,4}'|\"[a-z\n$\\\\A]{0,4}\")( #[a-z ]*)?",
        "[A-Z]=(\\$[A-Z]|\\$\\{[A-Z](:-[a-z$A]{0,4})?\\}|op://[a-z/]{0,8}|[a-z]{0,3}){0,3}",
        "#[a-z ]*",
        "[\\PC\t]{0,12}",
    ];
    proptest::collection::vec((line, prop_oneof!["\n", "\r\n"]), 0..8)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + &end).collect())
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic_or_speak(text in any_file()) {
        let read = Dotenv::parse(&text).and_then(|file| file.expand(nothing));

        if let Err(error) = read {
            prop_assert!(!error.to_string().contains("CANARY"), "{}", error);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = Dotenv::from_bytes(&bytes);
    }

    #[test]
    fn rewriting_nothing_changes_nothing(text in any_file()) {
        if let Ok(file) = Dotenv::parse(&text) {
            prop_assert_eq!(&*file.rewrite(|_| None), &text);
        }
    }

    #[test]
    fn a_rewritten_line_reads_as_the_reference_and_all_others_as_before(text in any_file(), pick in any::<prop::sample::Index>()) {
        let Ok(file) = Dotenv::parse(&text) else { return Ok(()) };
        if file.entries().is_empty() {
            return Ok(());
        }
        let at = pick.index(file.entries().len());
        let line = file.entries()[at].span.start;

        let rewritten = file.rewrite(|entry| (entry.span.start == line).then(key));

        let again = Dotenv::parse(&rewritten).unwrap();
        prop_assert_eq!(again.entries().len(), file.entries().len());
        for (i, (new, old)) in again.entries().iter().zip(file.entries()).enumerate() {
            prop_assert_eq!(new.name(), old.name());
            if i == at {
                prop_assert_eq!(new.reference(), Some(Ok(key())));
            } else {
                prop_assert_eq!(&rewritten[new.span.clone()], &text[old.span.clone()]);
            }
        }
    }

    #[test]
    fn any_value_survives_quoting(value in "[^\0\r]{0,20}") {
        if SecretReference::looks_like(&value) {
            return Ok(());
        }
        let escaped: String = value
            .chars()
            .flat_map(|c| matches!(c, '\\' | '"' | '$').then_some('\\').into_iter().chain([c]))
            .collect();

        prop_assert_eq!(only_value(&format!("A=\"{escaped}\"")), value.clone());
        if !value.contains('\'') {
            prop_assert_eq!(only_value(&format!("A='{value}' # c")), value);
        }
    }
}
