use proptest::prelude::*;

use super::*;

fn variables(name: &str) -> Option<Zeroizing<String>> {
    let value = match name.to_ascii_uppercase().as_str() {
        "STAGE" => "prod",
        "HOST" => "db.example",
        "EMPTY" => "",
        "TOKEN" => "op://Dev/Stripe/key",
        "PATHLIKE" => "a/b",
        "WRONG" => "op://only",
        _ => return None,
    };
    Some(Zeroizing::new(value.to_owned()))
}

/// The parts on one line: references in angle brackets.
fn read(text: &str) -> String {
    let template = match Template::parse(text, variables) {
        Ok(template) => template,
        Err(error) => return format!("error: {error}"),
    };
    let shown = template.parts().iter().map(|part| match part {
        Part::Reference(reference) => format!("<{reference}>"),
        Part::Text(text) => text.expose_secret().to_owned(),
    });
    shown.collect()
}

#[test]
fn references_stand_bare_or_between_braces() {
    for (text, meant) in [
        ("k=op://v/i/f", "k=<op://v/i/f>"),
        ("k=op://v/i/f,", "k=<op://v/i/f>,"),
        ("\"op://v/i/s/f\"", "\"<op://v/i/s/f>\""),
        (
            "op://v/i/f?attribute=type x",
            "<op://v/i/f?attribute=type> x",
        ),
        (
            "op://v/my item",
            "error: line 1: too few '/': secret references should match op://<vault>/<item>[/<section>]/<field>; where no secret is meant, write {{ \"op://…\" }}",
        ),
        ("{{ op://v/my item/f }}!", "<op://v/my item/f>!"),
        (
            "{{op://v/i/f}}{{\top://v/i/g\t}}",
            "<op://v/i/f><op://v/i/g>",
        ),
        ("OP://v/i/f", "<op://v/i/f>"),
        ("ünicode op://v/i/f ünicode", "ünicode <op://v/i/f> ünicode"),
        ("op://v/i/fü", "<op://v/i/f>ü"),
    ] {
        assert_eq!(read(text), meant, "{text}");
    }
}

#[test]
fn what_only_looks_like_a_reference_stays_text() {
    for text in [
        "shop://v/i/f",
        "x-op://v/i/f",
        "x+op://v/i/f",
        "x.op://v/i/f",
        "\\op://v/i/f",
        "1op://v/i/f",
        "éop://v/i/f",
        "op:/v/i/f",
        "{{ .Values.password }}",
        "{{ \"a\" | quote }}",
        "{{",
        "{{ \"open",
        "${{ github.ref }}",
        "${1}",
        "${a.b}",
        "${open",
        "${HOST:+other}",
        "$1 costs $",
        "",
    ] {
        assert_eq!(read(text), text);
    }
}

#[test]
fn quoted_braces_stand_for_what_is_between_the_quotes() {
    for (text, meant) in [
        ("{{ \"{{ op://v/i/f }}\" }}", "{{ op://v/i/f }}"),
        ("{{\"$HOST\"}}", "$HOST"),
        ("{{ \"say \\\"op://v/i/f\\\"\" }}", "say \"op://v/i/f\""),
        ("{{ \"back\\slash\" }}", "back\\slash"),
        ("{{ \"op://v/i/f\" }}", "op://v/i/f"),
        ("{{ \"\" }}x", "x"),
    ] {
        assert_eq!(read(text), meant, "{text}");
    }
}

#[test]
fn variables_are_replaced_in_text_and_in_references() {
    for (text, meant) in [
        (
            "$HOST:${host}:${ Host }",
            "db.example:db.example:db.example",
        ),
        ("${NOPE:-5432}", "5432"),
        ("${EMPTY:-full}${EMPTY}", "full"),
        ("op://$STAGE/i/f", "<op://prod/i/f>"),
        ("op://${NOPE:-dev}/i/f", "<op://dev/i/f>"),
        ("{{ op://${STAGE}/my item/f }}", "<op://prod/my item/f>"),
        ("k=$TOKEN", "k=<op://Dev/Stripe/key>"),
        (
            "$HOST_",
            "error: line 1: a variable is not set and has no default; set it, write ${NAME:-default}, or {{ \"$\" }} for a dollar sign",
        ),
        (
            "$a\n$b $c\n\n${d}",
            "error: lines 1, 2, 4: a variable is not set and has no default; set it, write ${NAME:-default}, or {{ \"$\" }} for a dollar sign",
        ),
        (
            "\n\nop://$NOPE/i/f",
            "error: line 3: a variable is not set and has no default; set it, write ${NAME:-default}, or {{ \"$\" }} for a dollar sign",
        ),
        (
            "\n$WRONG",
            "error: line 2: too few '/': secret references should match op://<vault>/<item>[/<section>]/<field>; where no secret is meant, write {{ \"op://…\" }}",
        ),
    ] {
        assert_eq!(read(text), meant, "{text}");
    }
}

#[test]
fn what_is_not_understood_is_told_with_its_line_and_without_the_text() {
    for (text, told) in [
        (
            "a\n{{ op://v/i/f }",
            "line 2: a reference begins with `{{` and does not end with `}}`",
        ),
        ("a\n{{op://h?ack/1Password!/for\"real}}", "line 2: "),
        ("op://v/i/f?attribute=canary", "line 1: after `?`"),
        ("op://a/b/c/d/canary", "line 1: too many"),
    ] {
        let said = read(text);
        assert!(
            said.starts_with(&format!("error: {told}")),
            "{text}: {said}"
        );
        assert!(!said.contains("canary"), "{said}");
    }
    let not_utf8 = Template::from_bytes(b"one\n\xff", variables).unwrap_err();
    assert_eq!(not_utf8, TemplateError::NotUtf8 { line: 2 });
}

#[test]
fn variables_can_not_grow_a_template_beyond_its_limit() {
    let text = "$A".repeat(100_000);

    let refused = Template::parse(&text, |_| Some(Zeroizing::new("x".repeat(1000))));

    assert_eq!(refused.unwrap_err(), TemplateError::TooLong);
}

#[test]
fn references_are_listed_once_and_in_order() {
    let template = Template::parse("op://v/b/f op://v/a/f {{ op://v/b/f }}", variables).unwrap();

    let listed: Vec<String> = template
        .references()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(listed, ["op://v/b/f", "op://v/a/f"]);
}

proptest! {
    #[test]
    fn text_without_dollars_and_schemes_comes_out_as_it_went_in(text in "[a-z{}\" \\\\\n:/é]{0,60}") {
        prop_assume!(!text.contains("op://") && !text.contains("{{"));

        prop_assert_eq!(read(&text), text);
    }

    #[test]
    fn no_text_makes_it_panic_and_quoted_text_comes_out_as_it_went_in(text in "(op://|\\$\\{|\\{\\{|\\}\\}|:-|\\\\|\"|[a-z/ é\n$]){0,30}") {
        let _ = Template::parse(&text, variables);
        let _ = Template::parse(&text, |_| None);

        prop_assume!(!text.ends_with('\\') && !text.contains("\\\""));
        let quoted = format!("{{{{ \"{}\" }}}}", text.replace('"', "\\\""));
        prop_assert_eq!(read(&quoted), text);
    }
}
