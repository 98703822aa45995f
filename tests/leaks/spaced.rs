//! Class B: the value with something between its characters, wrapped, in columns, or on two streams.

use crate::{
    secrets::Kind::{Hex, PrivateKey, Short, Special},
    undo::{
        bare, colourless, first_column, last_column, last_words, plain, reversed, solid, without,
    },
    way::{Way, js, pl, py, sh},
};

pub const WAYS: &[Way] = &[
    sh("one character a line", "printf %s $KEY | fold -w 1", solid).withheld(),
    sh("lines of two", "printf %s $KEY | fold -w 2", solid).withheld(),
    sh("lines of three", "printf %s $KEY | fold -w 3", solid).withheld(),
    sh("lines of four", "printf %s $KEY | fold -w 4", solid).withheld(),
    sh("lines of five", "printf %s $KEY | fold -w 5", solid).withheld(),
    sh("lines of six, special characters", "printf %s \"$KEY\" | fold -w 6", |text| without(text, "\n")).of(Special).withheld(),
    sh("lines of seven, private key", "printf %s \"$KEY\" | fold -w 7", solid).of(PrivateKey).withheld(),
    sh("lines of eight", "printf %s $KEY | fold -w 8", solid).withheld(),
    sh("lines of nine, hexadecimal token", "printf %s $KEY | fold -w 9", solid).of(Hex).withheld(),
    sh("one character a line, twelve characters", "printf %s $KEY | fold -w 1", solid).of(Short).withheld(),
    sh("grep -o", "printf %s \"$KEY\" | grep -o .", |text| without(text, "\n")).of(Special).withheld(),
    sh("grep -on", "printf %s $KEY | grep -on .", last_column).withheld(),
    sh("grep -ob", "printf %s $KEY | grep -ob .", last_column).withheld(),
    sh("spaces between", "printf %s $KEY | sed 's/./& /g'", solid).withheld(),
    sh("tabs between", "printf %s $KEY | sed 's/./&\\t/g'", solid).withheld(),
    sh("dashes between", "printf %s $KEY | sed 's/./&-/g'", bare).withheld(),
    sh("dots between", "printf %s $KEY | sed 's/./&./g'", bare).withheld(),
    sh("underscores between", "printf %s $KEY | sed 's/./&_/g'", bare).withheld(),
    sh("stars between", "printf %s $KEY | sed 's/./&***/g'", bare).withheld(),
    sh("plus signs and quotes between", "printf %s $KEY | sed 's/./\"&\" + /g'", bare).withheld(),
    sh("line feeds and blank lines between", "printf %s $KEY | sed 's/./&\\n\\n\\n/g'", solid).withheld(),
    sh("groups of four with spaces", "printf %s $KEY | sed 's/..../& /g'", solid).withheld(),
    sh("groups of four with dashes", "printf %s $KEY | sed 's/..../&-/g'", bare).withheld(),
    sh("groups of five in quotes", "printf %s $KEY | sed 's/...../\"&\" . /g'", bare).withheld(),
    sh("groups of eight with a slash", "printf %s $KEY | sed 's,........,&/,g'", bare).withheld(),
    sh("pieces as shell variables", "printf %s $KEY | fold -w 8 | nl -s= -w1 | sed 's/^/p/'", last_equals).withheld(),
    sh("colours between", "printf %s $KEY | sed 's/./\\x1b[31m&\\x1b[0m/g'", colourless).withheld(),
    sh("many colours between", "printf %s $KEY | sed 's/./\\x1b[38;5;123m&/g'", colourless).withheld(),
    sh("grep's colours", "printf %s $KEY | grep --color=always '[A-Z]'", colourless).withheld(),
    sh("bold by overstriking", "printf %s $KEY | sed 's/./&\\x08&/g'", overstruck).withheld(),
    sh("underlined by overstriking", "printf %s $KEY | sed 's/./_\\x08&/g'", overstruck).withheld(),
    sh("carriage returns between", "printf %s $KEY | sed 's/./&\\r/g'", solid).withheld(),
    sh("a line that grows by carriage returns", "s=; for c in $(printf %s $KEY | fold -w 1); do s=$s$c; printf '%s\\r' $s; done", plain).withheld(),
    sh("window titles between", "printf %s $KEY | sed 's/./\\x1b]0;x\\x07&/g'", |text| text.replace("\u{1b}]0;x\u{7}", "")).withheld(),
    sh("window titles that show it", "for c in $(printf %s $KEY | fold -w 1); do printf '\\033]0;%s\\007' $c; done", |text| text.replace("\u{1b}]0;", "").replace('\u{7}', "")).withheld(),
    sh("cursor moves between", "printf %s $KEY | sed 's/./&\\x1b[1C\\x1b[1D/g'", colourless).withheld(),
    sh("control characters between", "printf %s $KEY | sed 's/./&\\x01/g'", |text| without(text, "\u{1}")).withheld(),
    sh("NUL bytes between", "printf %s $KEY | sed 's/./&\\x00\\x00/g'", |text| without(text, "\0")).withheld(),
    py("zero-width spaces between", "print('\\u200b'.join(K))", |text| without(text, "\u{200b}")).withheld(),
    py("zero-width joiners between", "print('\\u200d'.join(K))", |text| without(text, "\u{200d}")).withheld(),
    py("soft hyphens between", "print('\\xad'.join(K))", |text| without(text, "\u{ad}")).withheld(),
    py("combining marks", "print(''.join(c + '\\u0301' for c in K))", |text| without(text, "\u{301}")).withheld(),
    py("combining strokes", "print(''.join(c + '\\u20dd' for c in K))", |text| without(text, "\u{20dd}")).withheld(),
    py("variation selectors", "print(''.join(c + '\\ufe0f' for c in K))", |text| without(text, "\u{fe0f}")).withheld(),
    py("direction marks", "print('\\u202d'.join(K))", |text| without(text, "\u{202d}")).withheld(),
    py("no-break spaces between", "print('\\xa0'.join(K))", |text| without(text, "\u{a0}")).withheld(),
    py("ideographic spaces between", "print('\\u3000'.join(K))", |text| without(text, "\u{3000}")).withheld(),
    py("bullets between", "print('\\u2022'.join(K))", |text| without(text, "\u{2022}")).withheld(),
    py("arrows between", "print(' \\u2192 '.join(K))", |text| without(text, " \u{2192}")).withheld(),
    py("emoji between", "print('\\U0001f600'.join(K))", |text| without(text, "\u{1f600}")).withheld(),
    py("full-width letters", "print(''.join(chr(ord(c) + 0xfee0) for c in K))", |text| shifted(text, 0xfee0)).withheld(),
    py("mathematical letters", MATHEMATICAL, plain).undone_by(FOLDED).withheld(),
    py("mathematical monospaced letters", MONOSPACED, plain).undone_by(FOLDED).withheld(),
    py("circled letters", CIRCLED, plain).undone_by(FOLDED).withheld(),
    py("superscript digits and letters", "s = str.maketrans('0123456789', '\\u2070\\xb9\\xb2\\xb3\\u2074\\u2075\\u2076\\u2077\\u2078\\u2079')\nprint(' '.join(K).translate(s))", solid).undone_by(FOLDED).withheld(),
    py("tag characters", "print(''.join(chr(0xe0000 + ord(c)) for c in K))", |text| shifted(text, 0xe0000)).withheld(),
    py("a list, twelve characters", "print(list(K))", quoted_single).of(Short).withheld(),
    py("a list of characters", "print(list(K))", bare).withheld(),
    py("a tuple of pairs", "print(list(zip(K[::2], K[1::2])))", bare).withheld(),
    py("a list of chunks", "print([K[i:i+5] for i in range(0, len(K), 5)])", bare).withheld(),
    py("a JSON list", "print(json.dumps(list(K), indent=1))", bare).withheld(),
    py("enumerate", "print(list(enumerate(K)))", quoted_single).withheld(),
    py("enumerate, a line each", "[print(i, c) for i, c in enumerate(K)]", last_column).withheld(),
    py("enumerate, from the end", "[print(i, c) for i, c in reversed(list(enumerate(K)))]", |text| reversed(&last_column(text))).withheld(),
    py("a dictionary by index", "print(json.dumps(dict(enumerate(K))))", colons).withheld(),
    py("characters before their index", "[print(c, i) for i, c in enumerate(K)]", first_column).withheld(),
    py("characters in a sentence each", "[print(f'character {i} of the token is {c}') for i, c in enumerate(K)]", last_column).withheld(),
    py("characters in a sentence each, with a full stop", "[print(f'character {i} of the token is {c}.') for i, c in enumerate(K)]", |text| last_column(&text.replace('.', ""))).withheld(),
    py("characters in quotes in a sentence each", "[print(f'the character \"{c}\" stands at {i}') for i, c in enumerate(K)]", quoted).withheld(),
    py("a JSON object each", "print(json.dumps([{'i': i, 'c': c} for i, c in enumerate(K)]))", colons).withheld(),
    py("a JSON line each", "[print(json.dumps({'at': i, 'char': c})) for i, c in enumerate(K)]", colons).withheld(),
    py("a CSV of characters", "print('at,char')\n[print(f'{i},{c}') for i, c in enumerate(K)]", last_column).withheld(),
    py("a YAML list", "[print(f'- {c}') for c in K]", last_column).withheld(),
    py("a YAML list in quotes", "[print(f'- \"{c}\"') for c in K]", bare).withheld(),
    py("a Markdown table", "[print(f'| {i} | {c} |') for i, c in enumerate(K)]", |text| last_words(&text.replace(" |", ""))).withheld(),
    py("a Markdown table of one row", "print('|' + '|'.join(K) + '|')", bare).withheld(),
    py("elements round each character", "print(''.join(f'<b>{c}</b>' for c in K))", |text| text.replace("<b>", "").replace("</b>", "")).withheld(),
    py("elements with attributes", "print(''.join(f'<span class=\"x\">{c}</span>' for c in K))", |text| text.replace("<span class=\"x\">", "").replace("</span>", "")).withheld(),
    py("elements on lines of their own", "[print(f'<c i=\"{i}\">{c}</c>') for i, c in enumerate(K)]", elements).withheld(),
    py("comments between", "print('/**/'.join(K))", bare).withheld(),
    py("HTML comments between", "print('<!-- x -->'.join(K))", |text| text.replace("<!-- x -->", "")).withheld(),
    py("BB codes", "print(''.join(f'[b]{c}[/b]' for c in K))", |text| text.replace("[b]", "").replace("[/b]", "")).withheld(),
    py("a path", "print('/'.join(K))", bare).withheld(),
    py("a host name", "print('.'.join(K[i:i+4] for i in range(0, len(K), 4)) + '.example.com')", bare).withheld(),
    py("query parameters", "print('&'.join(f'c{i}={c}' for i, c in enumerate(K)))", equals).withheld(),
    py("assignments", "[print(f'k[{i}] = \"{c}\";') for i, c in enumerate(K)]", quoted).withheld(),
    py("a C array", "print('char k[] = { ' + ', '.join(f\"'{c}'\" for c in K) + ' };')", quoted_single).withheld(),
    py("string concatenation", "print(' + '.join(f'\"{K[i:i+3]}\"' for i in range(0, len(K), 3)))", bare).withheld(),
    py("format arguments", "print('printf(\"%c%c\", ' + ', '.join(f\"'{c}'\" for c in K) + ')')", quoted_single).withheld(),
    py("a diff of characters", "[print(f'+{c}') for c in K]", last_column).withheld(),
    py("a column in a log", "[print(f'2026-11-24T10:14:{i:02} INFO worker {c}') for i, c in enumerate(K)]", last_column).withheld(),
    py("pieces in a log", "[print(f'2026-11-24T10:14:07 INFO part {K[i:i+4]}') for i in range(0, len(K), 4)]", last_words).withheld(),
    py("pieces in a log with text after them", "[print(f'INFO part {K[i:i+4]} was read') for i in range(0, len(K), 4)]", |text| text.replace("INFO part ", "").replace(" was read\n", "")).withheld(),
    py("pieces between other lines", "[print(K[i:i+8] + '\\nanother line') for i in range(0, len(K), 8)]", |text| text.replace("\nanother line\n", "")).withheld(),
    py("right aligned", "[print(' ' * 30 + K[i:i+6]) for i in range(0, len(K), 6)]", solid).withheld(),
    py("a staircase", "[print(' ' * i + c) for i, c in enumerate(K)]", solid).withheld(),
    py("a word square", "[print(' '.join(K[i:i+6])) for i in range(0, len(K), 6)]", solid).withheld(),
    py("columns from top to bottom", "[print(K[i::8]) for i in range(8)]", columns).withheld(),
    py("every other character, in two lines", "print(K[::2])\nprint(K[1::2])", two_lines).withheld(),
    py("every other character, reversed in two lines", "print(K[::-2])\nprint(K[-2::-2])", |text| reversed(&two_lines(text))).withheld(),
    py("cases exchanged", "print(K.swapcase())", plain).withheld(),
    py("cases in turn, special characters", "print(''.join(c.upper() if i % 2 else c.lower() for i, c in enumerate(K)))", plain).of(Special).withheld(),
    py("lines of one word backwards", "[print(K[i:i+4]) for i in range(len(K) - 4, -1, -4)]", |text| reversed(&text.lines().map(reversed).collect::<String>())).withheld(),
    py("spelled backwards with spaces", "print(' '.join(reversed(K)))", |text| reversed(&solid(text))).withheld(),
    sh("half on each stream", "printf %.16s $KEY; printf %s $KEY | tail -c 16 >&2", plain),
    sh("small halves on each stream", "printf %s $KEY | cut -c1-6; printf %s $KEY | cut -c7-12 >&2", plain).of(Short).undone_by("tr -d '\\n'").withheld(),
    sh("lines in turn on each stream", "printf %s $KEY | fold -w 4 | awk 'NR % 2 { print; next } { print >\"/dev/stderr\" }'", in_turn).withheld(),
    sh("characters in turn on each stream", "printf %s $KEY | fold -w 1 | awk 'NR % 2 { printf $0; next } { printf $0 >\"/dev/stderr\" }'", halves_in_turn).withheld(),
    sh("the end first", "printf %s $KEY | tail -c 26; echo; printf %s $KEY | head -c 6", plain).withheld(),
    sh("column -c", "printf %s $KEY | fold -w 4 | column -c 30", plain).lost(32).withheld(),
    sh("pr in columns", "printf %s $KEY | fold -w 4 | pr -t -4 -w 40", plain).lost(32).withheld(),
    sh("paste of lines", "printf %s $KEY | fold -w 4 | paste -sd,", bare).withheld(),
    sh("xargs -n1", "printf %s $KEY | fold -w 3 | xargs -n1 echo part", last_words).withheld(),
    sh("read by lines in a loop", "printf %s $KEY | fold -w 1 | while read c; do echo \"got: $c\"; done", last_column).withheld(),
    sh("set -x of a loop", "set -x; for c in $(printf %s $KEY | fold -w 1); do :; done", |text| text.lines().filter(|it| *it != "+ :").map(|_| ' ').collect()).lost(32),
    sh("awk by index", "echo $KEY | awk '{ for (i = 1; i <= length($0); i++) print i \"=\" substr($0, i, 1) }'", last_column).withheld(),
    sh("cut by index", "for i in $(seq 32); do echo $KEY | cut -c$i; done", solid).withheld(),
    sh("tail by index", "for i in $(seq 32); do printf '%s: ' $i; echo $KEY | tail -c +$i | head -c 1; echo; done", last_column).withheld(),
    pl("split", "print join('|', split //, $k)", bare).withheld(),
    js("spread", "console.log([...k])", bare).withheld(),
    js("a table", "console.table([...k])", table).withheld(),
    js("entries", "console.log(Object.entries(k))", |text| text.split('\'').skip(3).step_by(4).collect()).withheld(),
];

const MATHEMATICAL: &str = "
def m(c):
    if c.isupper(): return chr(0x1d400 + ord(c) - 65)
    if c.islower(): return chr(0x1d41a + ord(c) - 97)
    return chr(0x1d7ce + int(c))
print(''.join(map(m, K)))
";

const MONOSPACED: &str = "
def m(c):
    if c.isupper(): return chr(0x1d670 + ord(c) - 65)
    if c.islower(): return chr(0x1d68a + ord(c) - 97)
    return chr(0x1d7f6 + int(c))
print(''.join(map(m, K)))
";

const CIRCLED: &str = "
def m(c):
    if c.isupper(): return chr(0x24b6 + ord(c) - 65)
    if c.islower(): return chr(0x24d0 + ord(c) - 97)
    return chr(0x2460 + int(c) - 1) if c != '0' else chr(0x24ea)
print(''.join(map(m, K)))
";

const FOLDED: &str = "python3 -c 'import sys, unicodedata; print(unicodedata.normalize(\"NFKC\", \"\".join(sys.stdin.read().split())))'";

fn shifted(text: &str, by: u32) -> String {
    text.chars()
        .filter_map(|c| u32::from(c).checked_sub(by))
        .filter_map(char::from_u32)
        .collect()
}

fn overstruck(text: &str) -> String {
    text.split('\u{8}')
        .map(|part| part.chars().next().unwrap_or_default())
        .skip(1)
        .collect()
}

fn last_equals(text: &str) -> String {
    text.lines()
        .filter_map(|line| line.split('=').next_back())
        .collect()
}

/// What stands in double quotes.
fn quoted(text: &str) -> String {
    text.split('"').skip(1).step_by(2).collect()
}

fn quoted_single(text: &str) -> String {
    text.split('\'').skip(1).step_by(2).collect()
}

/// What stands in quotes after a colon.
fn colons(text: &str) -> String {
    text.split(": \"")
        .skip(1)
        .filter_map(|it| it.chars().next())
        .collect()
}

fn elements(text: &str) -> String {
    text.lines()
        .filter_map(|line| line.split_once('>')?.1.chars().next())
        .collect()
}

fn equals(text: &str) -> String {
    text.split('=')
        .skip(1)
        .filter_map(|it| it.chars().next())
        .collect()
}

fn table(text: &str) -> String {
    text.split('\'')
        .skip(1)
        .step_by(2)
        .filter(|it| it.len() == 1)
        .collect()
}

fn columns(text: &str) -> String {
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let height = lines.iter().map(Vec::len).max().unwrap_or_default();
    (0..height)
        .flat_map(|at| lines.iter().filter_map(move |line| line.get(at)))
        .collect()
}

fn two_lines(text: &str) -> String {
    columns(text)
}

/// Lines of the first half and of the second half in turn.
fn in_turn(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let (first, second) = lines.split_at(lines.len() / 2);
    first
        .iter()
        .zip(second)
        .flat_map(|(a, b)| [*a, *b])
        .collect()
}

fn halves_in_turn(text: &str) -> String {
    let (first, second) = text.split_at(text.len() / 2);
    first
        .chars()
        .zip(second.chars())
        .flat_map(|(a, b)| [a, b])
        .collect()
}
