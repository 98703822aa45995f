//! Forms that escape some characters and leave the others as they are: languages, shells, markup, addresses.

use std::fmt::Write as _;

use crate::redact::variants::{Forms, Source};

type Escape = fn(char, &mut String);

/// Adds the plain form and all escaped ones.
pub(super) fn add(forms: &mut Forms, source: Source<'_>) {
    forms.add_mapped(source, |c, out| out.push(c));
    if source.text.bytes().all(is_plain_everywhere) {
        return;
    }
    for escape in ESCAPES {
        forms.add_mapped(source, escape);
    }
    for keeps in PERCENT {
        forms.add_mapped(source, |c, out| percent(c, keeps, false, out));
        forms.add_mapped(source, |c, out| percent(c, keeps, true, out));
    }
}

fn is_plain_everywhere(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

const ESCAPES: [Escape; 26] = [
    json,
    json_slash,
    json_ascii,
    json_html,
    json_strict,
    go_quoted,
    go_ascii,
    python_single,
    python_double,
    rust_debug,
    shell_single,
    shell_single_joined,
    shell_backslash,
    quote_meta,
    regular,
    shell_ansi,
    shell_double,
    power_shell,
    doubled_single,
    doubled_double,
    my_sql,
    |c, out| markup(c, "&quot;", "&#39;", out),
    |c, out| markup(c, "&#34;", "&#39;", out),
    |c, out| markup(c, "&quot;", "&#x27;", out),
    |c, out| markup(c, "&quot;", "&apos;", out),
    |c, out| markup(c, "\"", "'", out),
];

/// What percent-encodings leave as it is, besides letters and digits: RFC 3986, Python's `quote`, JavaScript's
/// `encodeURIComponent` and `encodeURI`, a form (`+` stands for a space, so it is not kept).
const PERCENT: [&str; 5] = [
    "-_.~",
    "-_.~/",
    "-_.!~*'()",
    ";,/?:@&=+$-_.!~*'()#",
    "*-._ ",
];

fn percent(c: char, keeps: &str, lower: bool, out: &mut String) {
    if c == ' ' && keeps.contains(' ') {
        out.push('+');
    } else if c.is_ascii_alphanumeric() || keeps.contains(c) {
        out.push(c);
    } else {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            let _ = if lower {
                write!(out, "%{byte:02x}")
            } else {
                write!(out, "%{byte:02X}")
            };
        }
    }
}

fn json(c: char, out: &mut String) {
    match c {
        '"' | '\\' => out.extend(['\\', c]),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        _ if c.is_control() && c.is_ascii() => white_or(c, out, |c, out| units(c, false, out)),
        _ => out.push(c),
    }
}

fn json_slash(c: char, out: &mut String) {
    if c == '/' {
        out.push_str("\\/")
    } else {
        json(c, out)
    }
}

fn json_ascii(c: char, out: &mut String) {
    if c.is_ascii() {
        json(c, out)
    } else {
        units(c, false, out)
    }
}

/// As Go's `encoding/json` and others that write for a page.
fn json_html(c: char, out: &mut String) {
    if "<>&\u{2028}\u{2029}".contains(c) {
        units(c, false, out)
    } else {
        json(c, out)
    }
}

/// As .NET's `System.Text.Json`.
fn json_strict(c: char, out: &mut String) {
    if "\"'&<>+`".contains(c) || !c.is_ascii() {
        units(c, true, out)
    } else {
        json(c, out)
    }
}

/// As Go's `%q`, C and most of its heirs.
fn go_quoted(c: char, out: &mut String) {
    match c {
        '"' | '\\' => out.extend(['\\', c]),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{b}' => out.push_str("\\v"),
        '\u{c}' => out.push_str("\\f"),
        _ => white_or(c, out, byte_code),
    }
}

fn go_ascii(c: char, out: &mut String) {
    if c.is_ascii() {
        go_quoted(c, out)
    } else {
        units(c, false, out)
    }
}

fn python_single(c: char, out: &mut String) {
    match c {
        '\'' | '\\' => out.extend(['\\', c]),
        _ => white_or(c, out, byte_code),
    }
}

fn python_double(c: char, out: &mut String) {
    match c {
        '\\' => out.push_str("\\\\"),
        _ => white_or(c, out, byte_code),
    }
}

fn rust_debug(c: char, out: &mut String) {
    if c == '\'' {
        out.push(c)
    } else {
        out.extend(c.escape_debug())
    }
}

fn shell_single(c: char, out: &mut String) {
    if c == '\'' {
        out.push_str("'\\''")
    } else {
        out.push(c)
    }
}

/// As Python's `shlex.quote`.
fn shell_single_joined(c: char, out: &mut String) {
    if c == '\'' {
        out.push_str("'\"'\"'")
    } else {
        out.push(c)
    }
}

fn shell_backslash(c: char, out: &mut String) {
    if c.is_ascii() && !c.is_ascii_alphanumeric() && !"_-./:=@%+,".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// As Perl's `quotemeta`.
fn quote_meta(c: char, out: &mut String) {
    if c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_' {
        out.push('\\');
    }
    out.push(c);
}

/// As Python's `re.escape`.
fn regular(c: char, out: &mut String) {
    if "\\.^$*+?{}[]|()-&~# \t\n\r\u{b}\u{c}".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// As bash's `$'…'`.
fn shell_ansi(c: char, out: &mut String) {
    match c {
        '\'' | '\\' => out.extend(['\\', c]),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{b}' => out.push_str("\\v"),
        '\u{c}' => out.push_str("\\f"),
        '\u{1b}' => out.push_str("\\E"),
        _ => white_or(c, out, |c, out| {
            let _ = write!(out, "\\{:03o}", u32::from(c));
        }),
    }
}

fn shell_double(c: char, out: &mut String) {
    if "\"$`\\".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

fn power_shell(c: char, out: &mut String) {
    if "\"$`".contains(c) {
        out.push('`');
    }
    out.push(c);
}

/// As SQL and YAML.
fn doubled_single(c: char, out: &mut String) {
    if c == '\'' {
        out.push_str("''")
    } else {
        out.push(c)
    }
}

/// As CSV.
fn doubled_double(c: char, out: &mut String) {
    if c == '"' {
        out.push_str("\"\"")
    } else {
        out.push(c)
    }
}

fn my_sql(c: char, out: &mut String) {
    match c {
        '\'' | '"' | '\\' => out.extend(['\\', c]),
        '\u{1a}' => out.push_str("\\Z"),
        '\0' => out.push_str("\\0"),
        _ => white_or(c, out, |c, out| out.push(c)),
    }
}

fn markup(c: char, double: &str, single: &str, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str(double),
        '\'' => out.push_str(single),
        _ => out.push(c),
    }
}

/// Line feed, carriage return and tab have the same codes nearly everywhere; other control characters have not.
fn white_or(c: char, out: &mut String, other: impl Fn(char, &mut String)) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if c.is_control() => other(c, out),
        _ => out.push(c),
    }
}

fn byte_code(c: char, out: &mut String) {
    let _ = write!(out, "\\x{:02x}", u32::from(c));
}

fn units(c: char, upper: bool, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _ = if upper {
            write!(out, "\\u{unit:04X}")
        } else {
            write!(out, "\\u{unit:04x}")
        };
    }
}
