//! Class B: escapes of every character, escapes of escapes, and encodings round encodings.

use crate::{
    secrets::Kind::{JsonKey, PrivateKey, Short, Special},
    undo::{base32, base64, decimal, hex, plain, reversed, rotated, solid, solid_base64},
    way::{Way, js, pl, py, sh},
};

const MARKUP: &str =
    "python3 -c 'import html, sys; print(html.unescape(html.unescape(sys.stdin.read())))'";
const PERCENT: &str = "python3 -c 'import sys, urllib.parse as u; print(u.unquote(u.unquote(u.unquote(sys.stdin.read()))))'";
const JSON: &str = "python3 -c 'import json, sys; print(json.loads(json.loads(sys.stdin.read())))'";

pub const WAYS: &[Way] = &[
    py("decimal entities", "print(''.join(f'&#{b};' for b in B))", decimal).withheld(),
    py("decimal entities, special characters", "print(''.join(f'&#{b};' for b in B))", decimal).of(Special).withheld(),
    py("decimal entities without semicolons", "print(''.join(f'&#{b}' for b in B))", decimal).withheld(),
    py("decimal entities with zeros", "print(''.join(f'&#{b:07};' for b in B))", decimal).withheld(),
    py("hexadecimal entities", "print(''.join(f'&#x{b:x};' for b in B))", hex).withheld(),
    py("hexadecimal entities in capitals", "print(''.join(f'&#X{b:X};' for b in B))", plain).undone_by(MARKUP).withheld(),
    py("entities of every other character", "print(''.join(f'&#{ord(c)};' if i % 2 else c for i, c in enumerate(K)))", plain).undone_by(MARKUP).withheld(),
    py("entities twice", "print(''.join(f'&amp;#{b};' for b in B))", plain).undone_by(MARKUP).withheld(),
    py("escapes in a style sheet", "print(''.join(f'\\\\{b:x} ' for b in B))", |text| hex(&text.replace('\\', ""))).withheld(),
    py("escapes in a style sheet, six digits", "print(''.join(f'\\\\{b:06x}' for b in B))", |text| hex(&text.replace("\\0000", " "))).withheld(),
    py("escapes with braces", "print(''.join(f'\\\\u{{{b:04x}}}' for b in B))", |text| hex(&text.replace("\\u{00", " "))).withheld(),
    py("escapes of eight digits", "print(''.join(f'\\\\U{b:08x}' for b in B))", |text| hex(&text.replace("\\U000000", " "))).withheld(),
    py("escapes of Perl", "print(''.join(f'\\\\x{{{b:x}}}' for b in B))", |text| hex(&text.replace("x{", " "))).withheld(),
    py("percent u", "print(''.join(f'%u{b:04x}' for b in B))", hex).withheld(),
    py("octal escapes", "print(''.join(f'\\\\{b:03o}' for b in B))", crate::undo::octal).withheld(),
    py("quoted-printable of all bytes", "print(''.join(f'={b:02X}' for b in B))", hex).withheld(),
    py("quoted-printable, special characters", "import quopri\nprint(quopri.encodestring(B, quotetabs=True).decode())", plain)
        .of(Special)
        .undone_by("python3 -c 'import quopri, sys; print(quopri.decodestring(sys.stdin.read()).decode())'"),
    py("quoted-printable in short lines", "s = ''.join(f'={b:02X}' for b in B)\nprint('=\\n'.join(s[i:i+24] for i in range(0, len(s), 24)))", hex).withheld(),
    py("encoded words in a mail's header", "from email.header import Header\nprint('Subject:', Header('\\xe9' + K, 'utf-8', header_name='Subject').encode())", solid_base64),
    py("encoded words, quoted-printable", "print('=?utf-8?q?' + ''.join(f'={b:02X}' for b in B) + '?=')", hex).withheld(),
    py("percent signs twice", "print(''.join(f'%25{b:02x}' for b in B))", plain).undone_by(PERCENT).withheld(),
    py("percent signs twice, special characters", "import urllib.parse as u\nprint(u.quote(u.quote(K)))", plain).of(Special).undone_by(PERCENT).withheld(),
    py("percent signs three times", "import urllib.parse as u\nprint(u.quote(u.quote(u.quote(K))))", plain).of(Special).undone_by(PERCENT).withheld(),
    py("percent signs and spaces", "print(' '.join(f'%{b:02x}' for b in B))", hex).withheld(),
    py("JSON in JSON", "print(json.dumps(json.dumps(K)))", plain).of(Special).undone_by(JSON),
    py("JSON in JSON, private key", "print(json.dumps(json.dumps(K)))", plain).of(PrivateKey).undone_by(JSON),
    py("JSON in JSON, key file", "print(json.dumps(json.dumps({'f': K})))", plain).of(JsonKey).undone_by("sed 's/\\\\//g'"),
    py("JSON in JSON in JSON", "print(json.dumps(json.dumps(json.dumps(K))))", plain).of(Special).undone_by("sed 's/\\\\//g'").lost(40),
    py("backslash u in JSON in JSON", "print(json.dumps(''.join(f'\\\\u{b:04x}' for b in B)))", plain).undone_by("sed 's/\\\\\\\\/\\\\/g' | python3 -c 'import json, sys; print(json.loads(sys.stdin.read()))'").withheld(),
    py("backslash x, twice", "print(''.join(f'\\\\\\\\x{b:02x}' for b in B))", hex).withheld(),
    py("repr of repr", "print(repr(repr(K)))", plain).of(Special).lost(40),
    py("quoted for a shell in a shell", "import shlex\nprint(shlex.quote(shlex.quote(K)))", plain)
        .of(Special)
        .undone_by("python3 -c 'import shlex, sys; print(*shlex.split(*shlex.split(sys.stdin.read())))'")
        .withheld(),
    py("YAML, folded", "import textwrap\nprint('key: >-\\n' + textwrap.indent('\\n'.join(textwrap.wrap(K, 9)), '  '))", solid).withheld(),
    py("a header, folded", "print('X-Token: ' + '\\r\\n '.join(K[i:i+8] for i in range(0, len(K), 8)))", solid).withheld(),
    sh("continued lines of a shell", "printf %s $KEY | sed 's/......../&\\\\\\n/g'", |text| text.replace("\\\n", "")).withheld(),
    sh("base64 in lines of four", "printf %s $KEY | base64 -w4", solid_base64).withheld(),
    sh("base64 in lines of eight", "printf %s $KEY | base64 -w8", solid_base64).withheld(),
    sh("base64 with spaces", "printf %s $KEY | base64 -w0 | sed 's/./& /g'", solid_base64).withheld(),
    sh("base64 with commas", "printf %s $KEY | base64 -w0 | sed 's/..../&,/g'", |text| base64(&text.replace(',', ""))).withheld(),
    sh("base64, one character a line", "printf %s $KEY | base64 -w1", solid_base64).withheld(),
    sh("base64, quoted in pieces", "printf %s $KEY | base64 -w9 | sed 's/.*/\"&\" +/'", |text| base64(&text.replace(['"', '+', '\n', ' '], ""))).withheld(),
    sh("base64, numbered lines", "printf %s $KEY | base64 -w8 | nl", |text| base64(&text.lines().filter_map(|line| line.split('\t').nth(1)).collect::<String>())).withheld(),
    sh("base64 of each character", "for c in $(printf %s $KEY | fold -w 1); do printf %s $c | base64; done", base64_each).withheld(),
    sh("base64 of each four characters", "for c in $(printf %s $KEY | fold -w 4); do printf %s $c | base64; done", base64_each).withheld(),
    sh("base64, reversed", "printf %s $KEY | base64 -w0 | rev", |text| base64(&reversed(text))).withheld(),
    sh("base64 of it reversed", "printf %s $KEY | rev | base64 -w0", |text| reversed(&base64(text))).withheld(),
    sh("base64, rotated by thirteen", "printf %s $KEY | base64 -w0 | tr A-Za-z N-ZA-Mn-za-m", |text| base64(&rotated(text, 13))).withheld(),
    sh("base64 of it rotated by thirteen", "printf %s $KEY | tr A-Za-z N-ZA-Mn-za-m | base64 -w0", |text| rotated(&base64(text), 13)).withheld(),
    sh("base64 in capitals", "printf %s $KEY | base64 -w0 | tr a-z A-Z", plain).lost(40).withheld(),
    sh("base64 with dashes for all signs", "printf %s \"$KEY\" | base64 -w0 | tr +/ ._", |text| base64(&text.replace('.', "+"))).of(Special),
    sh("base64 twice", "printf %s $KEY | base64 -w0 | base64 -w0", |text| base64(&base64(text))).withheld(),
    sh("base64 twice, special characters", "printf %s \"$KEY\" | base64 -w0 | base64 -w0", |text| base64(&base64(text))).of(Special).withheld(),
    sh("base64 twice, in lines", "printf %s $KEY | base64 -w20 | base64 -w20", |text| solid_base64(&solid_base64(text))).withheld(),
    sh("base64 three times", "printf %s $KEY | base64 -w0 | base64 -w0 | base64 -w0", |text| base64(&base64(&base64(text)))).withheld(),
    sh("base64 four times", "printf %s $KEY | base64 -w0 | base64 -w0 | base64 -w0 | base64 -w0", |text| base64(&base64(&base64(&base64(text))))).withheld(),
    sh("base64 five times", "s=$KEY; for i in 1 2 3 4 5; do s=$(printf %s $s | base64 -w0); done; echo $s", |text| base64(&base64(&base64(&base64(&base64(text)))))).withheld(),
    sh("base64 of hexadecimal", "printf %s $KEY | xxd -p -c 99 | base64 -w0", |text| hex(&base64(text))).withheld(),
    sh("base64 of spaced hexadecimal", "printf %s $KEY | od -An -v -tx1 | base64 -w0", |text| hex(&base64(text))).withheld(),
    sh("base64 of a dump", "printf %s $KEY | xxd | base64 -w0", plain).undone_by("base64 -d | xxd -r").withheld(),
    sh("base64 of decimal numbers", "printf %s $KEY | od -An -v -tu1 | base64 -w0", |text| decimal(&base64(text))).withheld(),
    sh("base64 of one character a line", "printf %s $KEY | fold -w 1 | base64 -w0", |text| solid(&base64(text))).withheld(),
    sh("base64 of percent signs", "printf %s $KEY | xxd -p -c 99 | sed 's/../%&/g' | base64 -w0", |text| hex(&base64(text))).withheld(),
    sh("base64 of UTF-16", "printf %s $KEY | iconv -t UTF-16LE | base64 -w0", |text| crate::undo::without(&base64(text), "\0")).withheld(),
    sh("base64 of base32", "printf %s $KEY | base32 -w0 | base64 -w0", |text| base32(&base64(text))).withheld(),
    py("base64 of JSON with entities", "print(base64.b64encode(json.dumps({'k': ''.join(f'&#{b};' for b in B)}).encode()).decode())", |text| decimal(&base64(text))).withheld(),
    sh("base32 of base64", "printf %s $KEY | base64 -w0 | base32 -w0", |text| base64(&base32(text))).withheld(),
    sh("base32 in small letters", "printf %s $KEY | base32 -w0 | tr A-Z a-z", base32).withheld(),
    sh("base32 in groups of four", "printf %s $KEY | base32 -w0 | sed 's/..../& /g'", |text| base32(&solid(text))).withheld(),
    sh("base32, twelve characters, in lines", "printf %s $KEY | base32 -w5", |text| base32(&solid(text))).of(Short).withheld(),
    sh("hexadecimal of base64", "printf %s $KEY | base64 -w0 | xxd -p -c 99", |text| base64(&hex(text))).withheld(),
    sh("hexadecimal twice", "printf %s $KEY | xxd -p -c 99 | tr -d '\\n' | xxd -p -c 999", |text| hex(&hex(text))).withheld(),
    sh("hexadecimal three times", "printf %s $KEY | xxd -p -c 99 | tr -d '\\n' | xxd -p -c 999 | tr -d '\\n' | xxd -p -c 999", |text| hex(&hex(&hex(text)))).withheld(),
    sh("hexadecimal of it reversed", "printf %s $KEY | rev | xxd -p -c 99", |text| reversed(&hex(text))).withheld(),
    sh("hexadecimal of UTF-16", "printf %s $KEY | iconv -t UTF-16BE | xxd -p -c 999", |text| crate::undo::without(&hex(text), "\0")).withheld(),
    sh("hexadecimal of UTF-32", "printf %s $KEY | iconv -t UTF-32LE | xxd -p -c 999", |text| crate::undo::without(&hex(text), "\0")).withheld(),
    sh("UTF-32", "printf %s $KEY | iconv -t UTF-32LE", |text| crate::undo::without(text, "\0")).withheld(),
    sh("UTF-32, big endian, with a mark", "printf %s $KEY | iconv -t UTF-32", |text| crate::undo::without(text, "\0\u{feff}")).lost(60).withheld(),
    sh("EBCDIC in hexadecimal", "printf %s $KEY | iconv -t EBCDIC-US 2>/dev/null | xxd -p -c 99", plain).undone_by("xxd -r -p | iconv -f EBCDIC-US -t UTF-8").withheld(),
    py("UTF-7 of all characters", "print(' '.join('+' + base64.b64encode(c.encode('utf-16-be')).decode().rstrip('=') + '-' for c in K))", plain)
        .undone_by("python3 -c 'import sys; print(\"\".join(t.encode().decode(\"utf-7\") for t in sys.stdin.read().split()))'")
        .withheld(),
    py("UTF-7 in one run", "print('+' + base64.b64encode(K.encode('utf-16-be')).decode().rstrip('=') + '-')", |text| crate::undo::without(&base64(text), "\0")).withheld(),
    py("punycode, special characters", "print((K + '\\xfc').encode('punycode').decode())", plain).of(Special),
    py("UTF-16 in words of four digits", "print(' '.join(f'{b:04x}' for b in B))", |text| crate::undo::without(&hex(text), "\0")).withheld(),
    py("base64 of a JSON list of characters", "print(base64.b64encode(json.dumps(list(K)).encode()).decode())", |text| crate::undo::bare(&base64(text))).withheld(),
    py("base64 of pickle", "import pickle\nprint(base64.b64encode(pickle.dumps([K, K])).decode())", base64),
    py("URL-safe base64 in an address, escaped", "import urllib.parse as u\nprint(u.quote(base64.b64encode(B).decode(), safe=''))", plain).undone_by("python3 -c 'import base64, sys, urllib.parse as u; print(base64.b64decode(u.unquote(sys.stdin.read()) + \"==\").decode())'"),
    py("a basic header in a JSON text in base64", "h = 'Basic ' + base64.b64encode(b'u:' + B).decode()\nprint(base64.b64encode(json.dumps({'h': h}).encode()).decode())", |text| base64(&base64(text))).withheld(),
    pl("pack u", "print pack('u', $k)", plain).undone_by("perl -ne 'print unpack(\"u\", $_)'").withheld(),
    py("uu", "print('begin 644 x')\nprint(binascii.b2a_uu(B).decode() + '`\\nend')", plain).undone_by("perl -ne 'print unpack(\"u\", $_)'").withheld(),
    py("uu, special characters", "print(binascii.b2a_uu(B).decode())", plain).of(Special).undone_by("perl -ne 'print unpack(\"u\", $_)'").withheld(),
    js("escape of all characters", "console.log([...k].map(c => '%' + c.charCodeAt(0).toString(16)).join(''))", hex),
    js("String.fromCharCode", "console.log('String.fromCharCode(' + [...k].map(c => c.charCodeAt(0)) + ')')", decimal).withheld(),
    js("atob", "console.log(`atob(\"${btoa(btoa(k))}\")`)", |text| base64(&base64(text))).withheld(),
];

/// Each line is base64 of a piece.
fn base64_each(text: &str) -> String {
    text.lines()
        .filter_map(|line| data_encoding::BASE64.decode(line.as_bytes()).ok())
        .map(|bytes| crate::undo::latin(&bytes))
        .collect()
}
