//! Settings as people and programs write them: with comments in every gap, in all indentations, on one line or many.

use proptest::prelude::*;

/// Blanks, line ends and comments, as may stand between any two parts of JSON.
fn trivia() -> BoxedStrategy<String> {
    prop_oneof![
        6 => Just(String::new()),
        4 => Just(" ".to_owned()),
        4 => Just("\n  ".to_owned()),
        2 => Just("\n\t\t".to_owned()),
        1 => Just("\r\n    ".to_owned()),
        1 => Just("\n\n".to_owned()),
        1 => Just(" // a, \"b\": {\n".to_owned()),
        1 => Just("/* c, } */".to_owned()),
    ]
    .boxed()
}

fn scalar() -> BoxedStrategy<String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("-1.5e3".to_owned()),
        Just("true".to_owned()),
        Just("\"\"".to_owned()),
        Just("\"é \\u00e9 \\\" // no /* comment\"".to_owned()),
    ]
    .boxed()
}

fn value() -> BoxedStrategy<String> {
    scalar()
        .prop_recursive(3, 12, 3, |inner| {
            prop_oneof![object(inner.clone(), "k"), list(inner)]
        })
        .boxed()
}

fn list(inner: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let elements = proptest::collection::vec((trivia(), inner, trivia()), 0..3);
    (elements, trivia(), any::<bool>())
        .prop_map(|(elements, end, comma)| {
            let parts: Vec<String> = elements
                .iter()
                .map(|(before, value, after)| format!("{before}{value}{after}"))
                .collect();
            let comma = if comma && !parts.is_empty() { "," } else { "" };
            format!("[{}{comma}{end}]", parts.join(","))
        })
        .boxed()
}

/// An object of members with this prefix in their names, so that none is there twice.
fn object(inner: BoxedStrategy<String>, prefix: &'static str) -> BoxedStrategy<String> {
    let members = proptest::collection::vec((trivia(), trivia(), trivia(), inner, trivia()), 0..4);
    (members, trivia(), any::<bool>())
        .prop_map(move |(members, end, comma)| {
            let parts: Vec<String> = members
                .iter()
                .enumerate()
                .map(|(index, (a, b, c, value, d))| {
                    format!("{a}\"{prefix}{index}\"{b}:{c}{value}{d}")
                })
                .collect();
            let comma = if comma && !parts.is_empty() { "," } else { "" };
            format!("{{{}{comma}{end}}}", parts.join(","))
        })
        .boxed()
}

/// Settings of a client, with or without servers, with or without anything.
pub(super) fn settings_in_json() -> BoxedStrategy<String> {
    let containers = prop_oneof![
        Just("mcpServers"),
        Just("servers"),
        Just("mcp"),
        Just("context_servers")
    ];
    let servers = (containers, object(object(value(), "m"), "server"));
    let inner = (object(value(), "k"), proptest::option::of(servers));
    let body = inner.prop_map(|(object, servers)| match servers {
        None => object,
        // In front of what is there.
        Some((name, servers)) => {
            let rest = object.strip_prefix('{').unwrap_or(&object);
            let comma = if object.contains("\"k0\"") { "," } else { "" };
            format!("{{\"{name}\": {servers}{comma}{rest}")
        }
    });
    let whole = (trivia(), body, trivia()).prop_map(|(a, body, b)| format!("{a}{body}{b}"));
    prop_oneof![10 => whole, 1 => trivia()].boxed()
}

/// Settings in TOML, with or without servers.
pub(super) fn settings_in_toml() -> BoxedStrategy<String> {
    let line = prop_oneof![
        Just(""),
        Just("# a comment"),
        Just("  # indented, [no.header]"),
        Just("#"),
    ];
    let value = prop_oneof![
        Just("1"),
        Just("'x' # why"),
        Just("\"\"\"\n[no.header]\n\"\"\""),
        Just("[\n  1, # one\n  2,\n]"),
        Just("{ a = 1, b = [\"c\"] }"),
    ];
    let body = proptest::collection::vec(prop_oneof![line.prop_map(Err), value.prop_map(Ok)], 0..4);
    let header = prop_oneof![
        Just("[table{}]"),
        Just("[mcp_servers.server{}] # mine"),
        Just("[[array]]"),
        Just("  [ 'quoted {}' . b ]"),
    ];
    let tables = proptest::collection::vec((header, body.clone()), 0..4);
    let dotted = prop_oneof![Just(""), Just("mcp_servers.dotted.command = 'x'\n"),];
    (dotted, body, tables, 0..3_u8, any::<bool>())
        .prop_map(|(dotted, body, tables, end, windows)| {
            let mut lines = Vec::new();
            let write = |lines: &mut Vec<String>, body: &[Result<&str, &str>]| {
                for (index, line) in body.iter().enumerate() {
                    lines.push(match line {
                        Ok(value) => format!("key{index} = {value}"),
                        Err(line) => (*line).to_owned(),
                    });
                }
            };
            write(&mut lines, &body);
            for (index, (header, body)) in tables.iter().enumerate() {
                lines.push(header.replace("{}", &index.to_string()));
                write(&mut lines, body);
            }
            let mut text = dotted.to_owned() + &lines.join("\n");
            text.push_str(&"\n".repeat(end.into()));
            if windows {
                text.replace('\n', "\r\n")
            } else {
                text
            }
        })
        .boxed()
}

/// Anything: settings out of which a piece was torn, and heaps of what settings are made of.
pub(super) fn odd_text() -> BoxedStrategy<String> {
    let whole = prop_oneof![settings_in_json(), settings_in_toml()];
    let torn = (whole, any::<prop::sample::Index>(), 0..20_usize).prop_map(|(text, at, length)| {
        let characters: Vec<char> = text.chars().collect();
        let at = if characters.is_empty() {
            0
        } else {
            at.index(characters.len())
        };
        let before = &characters[..at];
        before
            .iter()
            .chain(characters.iter().skip(at + length))
            .collect()
    });
    prop_oneof![3 => torn, 1 => "[\\[\\]{}\",:/*=#.'\\\\\\n\\r\\tmcpServershushkeyé0-]{0,80}"]
        .boxed()
}
