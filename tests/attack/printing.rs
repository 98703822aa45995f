//! A program that has the value and prints it in some form.

use crate::den::{Den, VALUE, leaks};

/// Forms that this version promises to conceal.
const CONCEALED: &[(&str, &str)] = &[
    ("as it is", "echo $KEY"),
    ("on standard error", "echo $KEY >&2; exit 7"),
    ("as an error of the shell", "$KEY"),
    ("as a missing file", "cat /$KEY"),
    ("between others", "echo a${KEY}b$KEY"),
    (
        "in pieces, slowly",
        "printf '%s' $KEY | fold -w 8 | while read p; do printf '%s' $p; sleep 0.05; done",
    ),
    ("reversed", "echo $KEY | rev"),
    ("in capitals", "echo $KEY | tr a-z A-Z"),
    ("rotated by thirteen", "echo $KEY | tr A-Za-z N-ZA-Mn-za-m"),
    ("base64", "printf %s $KEY | base64 -w0"),
    ("base64, shifted by one", "printf x%s $KEY | base64 -w0"),
    ("base64, shifted by two", "printf xy%s $KEY | base64 -w0"),
    ("base64url", "printf %s $KEY | base64 -w0 | tr +/ -_ "),
    ("base64, wrapped", "printf %s $KEY | base64 -w 16"),
    ("hex", "printf %s $KEY | xxd -p -c 99"),
    ("hex in capitals", "printf %s $KEY | xxd -u -p -c 99"),
    ("percent", "printf %s $KEY | xxd -p -c 99 | sed 's/../%&/g'"),
    (
        "backslash x",
        "printf %s $KEY | xxd -p -c 99 | sed 's/../\\\\x&/g'",
    ),
    (
        "JSON with \\u",
        "printf %s $KEY | xxd -p -c 99 | sed 's/../\\\\u00&/g'",
    ),
    ("UTF-16", "printf %s $KEY | iconv -t UTF-16LE"),
    ("a part of it", "printf %s $KEY | cut -c1-14"),
    ("lines of twelve", "printf %s $KEY | fold -w 12"),
    ("all of the environment", "env; set; export -p"),
    (
        "its own environment in /proc",
        "tr '\\0' '\\n' </proc/$$/environ",
    ),
    (
        "its own environment, reversed",
        "tr '\\0' '\\n' </proc/$$/environ | rev",
    ),
    (
        "its own environment in base64",
        "base64 -w0 </proc/$$/environ",
    ),
    ("traced by the shell", "set -x; : $KEY"),
];

/// Reads a value out of a form.
type Undo = fn(&str) -> String;

/// Disguises: output that shows one is withheld as a whole; and what undoes them.
const WITHHELD: &[(&str, &str, Undo)] = &[
    (
        "one character a line",
        "printf %s $KEY | fold -w 1",
        |text| text.split_whitespace().collect(),
    ),
    ("lines of five", "printf %s $KEY | fold -w 5", |text| {
        text.split_whitespace().collect()
    }),
    (
        "with dashes between",
        "printf %s $KEY | sed 's/./&-/g'",
        |text| text.replace('-', ""),
    ),
    ("hex with spaces", "printf %s $KEY | od -An -v -tx1", unhex),
    ("decimal bytes", "printf %s $KEY | od -An -v -tu1", |text| {
        text.split_whitespace()
            .filter_map(|it| it.parse::<u8>().ok())
            .map(char::from)
            .collect()
    }),
    (
        "base64 twice",
        "printf %s $KEY | base64 -w0 | base64 -w0",
        |text| unbase64(&unbase64(text)),
    ),
    (
        "base64 of it reversed",
        "printf %s $KEY | rev | base64 -w0",
        unbase64,
    ),
    (
        "with letters moved by one",
        "echo $KEY | tr A-Za-z0-9 B-ZAb-za1-90",
        |text| {
            text.chars()
                .map(|it| match it {
                    'A' => 'Z',
                    'a' => 'z',
                    '0' => '9',
                    it if it.is_ascii_alphanumeric() => char::from(it as u8 - 1),
                    it => it,
                })
                .collect()
        },
    ),
    (
        "half on each stream",
        "printf %s $KEY | fold -w 4 | awk 'NR%2{print; next} {print > \"/dev/stderr\"}'",
        |text| {
            let half = text.split_whitespace().count() / 2;
            let pieces: Vec<&str> = text.split_whitespace().collect();
            (0..half)
                .flat_map(|at| [pieces[at], pieces[half + at]])
                .collect()
        },
    ),
];

/// Forms of a program's own making, which this version does not promise to find.
const NOT_PROMISED: &[(&str, &str)] = &[
    (
        "each byte times seven",
        "for b in $(printf %s $KEY | od -An -v -tu1); do echo $((b * 7)); done",
    ),
    (
        "every other character, twice",
        "printf %s $KEY | fold -w 1 | awk '{ if (NR % 2) a = a $0; else b = b $0 } END { print a \" \" b }'",
    ),
    (
        "its characters in order",
        "printf %s $KEY | fold -w 1 | sort | tr -d '\\n'",
    ),
];

/// What the gate says in the place of output.
const GATE: &str = "output withheld: it looks like an encoded form of op://Dev/Stripe/key; run it so that it does not print the value";

fn unhex(text: &str) -> String {
    let digits: String = text.split_whitespace().collect();
    let bytes = data_encoding::HEXLOWER
        .decode(digits.as_bytes())
        .unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn unbase64(text: &str) -> String {
    let bytes = data_encoding::BASE64
        .decode(text.trim().as_bytes())
        .unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A form as what it says: undone where that is easy, so that no half-way form passes for nothing.
fn undone(text: &str) -> Vec<String> {
    let mut all = vec![text.to_owned(), text.split_whitespace().collect()];
    all.push(text.to_lowercase());
    all.push(text.chars().filter(|it| *it != '\0').collect());
    all.push(unhex(
        &text
            .to_lowercase()
            .replace("%", "")
            .replace("\\u00", "")
            .replace("\\x", ""),
    ));
    for line in text.split_whitespace() {
        for skip in 0..4 {
            let digits = line
                .get(skip..)
                .unwrap_or_default()
                .trim_end_matches('=')
                .replace('-', "+")
                .replace('_', "/");
            let whole = &digits[..digits.len() / 4 * 4];
            if let Ok(bytes) = data_encoding::BASE64.decode(whole.as_bytes()) {
                all.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
    all
}

#[test]
fn each_form_that_is_promised_is_concealed() {
    let mut den = Den::open();

    for (name, script) in CONCEALED {
        let answer = den.shell_with_key(script);

        let concealed = answer.contains("<concealed:op://Dev/Stripe/key>");
        assert!(concealed || answer.contains(GATE), "{name}: {answer}");
        for text in undone(&answer) {
            let turned = text.to_lowercase();
            assert!(
                !leaks(&text, VALUE) && !leaks(&turned, &VALUE.to_lowercase()),
                "{name}: {answer}"
            );
        }
    }
}

#[test]
fn what_undoes_a_form_would_find_it_if_it_came_through() {
    let mut den = Den::open();

    for (name, script) in CONCEALED {
        if name.contains("environment")
            || name.contains("thirteen")
            || name.contains("UTF-16")
            || name.contains("all of")
        {
            continue;
        }
        // The same program with the value in plain view: it comes from the agent, so it is not concealed.
        let answer = den.agent.answered(
            "run_command",
            serde_json::json!({ "command": ["sh", "-c", script], "env": { "KEY": VALUE } }),
        );
        let shown = format!(
            "{} {}",
            answer["stdout"].as_str().unwrap(),
            answer["stderr"].as_str().unwrap()
        );

        let found = undone(&shown)
            .iter()
            .any(|text| leaks(text, VALUE) || leaks(&text.to_lowercase(), &VALUE.to_lowercase()));
        assert!(found, "{name}: {shown}");
    }
}

#[test]
fn output_that_shows_a_value_in_disguise_is_withheld_with_the_references_name() {
    let mut den = Den::open();

    for (name, script, undo) in WITHHELD {
        let run = |key: &str| serde_json::json!({ "command": ["sh", "-c", script], "env": { "KEY": key } });
        // The same with the value in plain view: it comes from the agent, so it is not concealed.
        let open = den.agent.answered("run_command", run(VALUE));
        let answer = den
            .agent
            .answered("run_command", run("op://Dev/Stripe/key"));

        let both = |answer: &serde_json::Value| {
            let text = |stream: &str| answer[stream].as_str().unwrap().to_owned();
            format!("{} {}", text("stdout"), text("stderr"))
        };
        assert!(leaks(&undo(&both(&open)), VALUE), "{name}: {open}");
        assert_eq!(both(&answer), " ", "{name}");
        assert_eq!(answer["withheld"].as_str().unwrap(), GATE, "{name}");
    }
    let log = den.agent.answered("list_activity", serde_json::json!({}));
    assert!(log.to_string().contains("output withheld"), "{log}");
}

/// Prints the list that SECURITY.md tells in words (`--nocapture`). Nothing is asserted but that the programs ran: what
/// comes through today may be closed tomorrow.
#[test]
fn forms_that_are_not_promised_are_listed_with_what_becomes_of_them() {
    let mut den = Den::open();

    for (name, script) in NOT_PROMISED {
        let run = serde_json::json!({ "command": ["sh", "-c", script], "env": { "KEY": "op://Dev/Stripe/key" } });
        let answer = den.agent.answered("run_command", run);
        let told = match answer["withheld"].as_str() {
            Some(_) => "is withheld",
            None => "comes through",
        };
        println!("{name:28} {told}");
        assert_eq!(answer["ok"], true, "{name}: {answer}");
    }
}

#[test]
fn the_exit_status_tells_eight_bits_a_run_as_security_md_says() {
    let mut den = Den::open();

    let answer = den.agent.answered(
        "run_command",
        serde_json::json!({ "command": ["sh", "-c", "exit $(printf '%d' \"'$KEY\")"], "env": { "KEY": "op://Dev/Stripe/key" } }),
    );
    let silent = den.agent.answered(
        "run_command",
        serde_json::json!({ "command": ["sh", "-c", "exit $(printf '%d' \"'$KEY\")"], "env": { "KEY": "op://Dev/Stripe/key" }, "output": "none" }),
    );

    assert_eq!(
        answer["exit_code"],
        VALUE.as_bytes()[0],
        "this is closed now: say so in SECURITY.md"
    );
    assert_eq!(silent, serde_json::json!({ "ok": false }));
}
