//! Class B: dumps and lists of numbers.

use crate::{
    secrets::Kind::{PrivateKey, Short, Special},
    undo::{binary, decimal, hex, latin, octal, plain},
    way::{Way, js, pl, py, sh},
};

const WORDS_16: &str = "python3 -c 'import re, sys; print(b\"\".join(int(w, 16).to_bytes(2, \"little\") for w in re.findall(r\" +([0-9a-f]{4})\\b\", sys.stdin.read())).decode(\"latin-1\"))'";

pub const WAYS: &[Way] = &[
    sh("xxd", "printf %s $KEY | xxd", plain).undone_by("xxd -r").withheld(),
    sh("xxd, special characters", "printf %s \"$KEY\" | xxd", plain).of(Special).undone_by("xxd -r").withheld(),
    sh("xxd, private key", "printf %s \"$KEY\" | xxd", plain).of(PrivateKey).undone_by("xxd -r").withheld(),
    sh("xxd, twelve characters", "printf %s \"$KEY\" | xxd", plain).of(Short).undone_by("xxd -r").withheld(),
    sh("xxd in capitals, narrow", "printf %s $KEY | xxd -u -c 6", plain).undone_by("xxd -r -c 6").withheld(),
    sh("xxd -g1", "printf %s $KEY | xxd -g1", plain).undone_by("xxd -r").withheld(),
    sh("xxd, little endian", "printf %s $KEY | xxd -e", plain).lost(60).withheld(),
    sh("xxd -b", "printf %s $KEY | xxd -b", |text| binary(&text.lines().flat_map(|line| line.split("  ").next().unwrap_or_default().split_whitespace().skip(1)).collect::<String>())).withheld(),
    sh("xxd -i", "printf %s $KEY | xxd -i", hex).withheld(),
    sh("xxd -i of a file", "printf %s $KEY >f; xxd -i f; rm f", |text| hex(text.split('{').nth(1).unwrap_or_default())).withheld(),
    sh("xxd without text", "printf %s $KEY | xxd | cut -c1-49", plain).undone_by("xxd -r").withheld(),
    sh("xxd -s", "printf %s $KEY | xxd -s 1", plain).undone_by("xxd -r | tr -d '\\0'").withheld(),
    sh("xxd -o", "printf %s $KEY | xxd -o 4096", plain).lost(60).withheld(),
    sh("xxd -ps in lines of three", "printf %s $KEY | xxd -p -c 3", hex).withheld(),
    sh("od", "printf %s $KEY | od", plain).lost(60).withheld(),
    sh("od -c", "printf %s $KEY | od -An -c", |text| text.split_whitespace().collect()).withheld(),
    sh("od -c, special characters", "printf %s \"$KEY\" | od -An -v -c", |text| text.split_whitespace().collect()).of(Special).lost(60).withheld(),
    sh("od -a", "printf %s $KEY | od -An -a", |text| text.split_whitespace().collect()).withheld(),
    sh("od -b", "printf %s $KEY | od -An -b", octal).withheld(),
    sh("od -d", "printf %s $KEY | od -An -d", words_of_2).withheld(),
    sh("od -o", "printf %s $KEY | od -o", plain).lost(60).withheld(),
    sh("od -x", "printf %s $KEY | od -x", plain).undone_by(WORDS_16).withheld(),
    sh("od -t x1", "printf %s $KEY | od -An -v -tx1", hex).withheld(),
    sh("od -t x1 with offsets", "printf %s $KEY | od -v -tx1", |text| hex(&offsets(text))).withheld(),
    sh("od -t x1 with text", "printf %s $KEY | od -A d -t x1z", plain).lost(60).withheld(),
    sh("od -t x1 in narrow lines", "printf %s $KEY | od -An -v -tx1 -w5", hex).withheld(),
    sh("od -t x2, big endian", "printf %s $KEY | od -An -v -tx2 --endian=big", hex).withheld(),
    sh("od -t x4", "printf %s $KEY | od -An -v -tx4", plain).lost(60).withheld(),
    sh("od -t x8", "printf %s $KEY | od -An -v -tx8", plain).lost(60).withheld(),
    sh("od -t u1", "printf %s $KEY | od -An -v -tu1", decimal).withheld(),
    sh("od -t u1, twelve characters", "printf %s $KEY | od -An -v -tu1", decimal).of(Short).withheld(),
    sh("od -t d1", "printf %s $KEY | od -An -v -td1", decimal).withheld(),
    sh("od -t u2", "printf %s $KEY | od -An -v -tu2", words_of_2).withheld(),
    sh("od -t u4", "printf %s $KEY | od -An -v -tu4", plain).lost(60).withheld(),
    sh("od -t d8", "printf %s $KEY | od -An -v -td8", plain).lost(60).withheld(),
    sh("od -t o1", "printf %s $KEY | od -An -v -to1", octal).withheld(),
    sh("od -t o2", "printf %s $KEY | od -An -v -to2", plain).lost(60).withheld(),
    sh("od -t o4", "printf %s $KEY | od -An -v -to4", plain).lost(60).withheld(),
    sh("od of floating-point numbers", "printf %s $KEY | od -An -v -tfD", plain).lost(40).withheld(),
    sh("od of short floating-point numbers", "printf %s $KEY | od -An -v -tfF", plain).lost(60).withheld(),
    py("struct in floating-point numbers", "import struct\nprint(struct.unpack('<4d', B))", plain).lost(60).withheld(),
    sh("od with hexadecimal offsets", "printf %s $KEY | od -A x -t x1", |text| hex(&offsets(text))).withheld(),
    sh("hexdump", "printf %s $KEY | hexdump", plain).undone_by(WORDS_16).withheld(),
    sh("hexdump -C", "printf %s $KEY | hexdump -C", |text| hex(&offsets(&text.split('|').step_by(2).collect::<String>()))).withheld(),
    sh("hexdump -C, special characters", "printf %s \"$KEY\" | hexdump -C", plain).of(Special).lost(60).withheld(),
    sh("hexdump -b", "printf %s $KEY | hexdump -b", |text| octal(&offsets(text))).withheld(),
    sh("hexdump -c", "printf %s $KEY | hexdump -c", |text| offsets(text).split_whitespace().collect()).withheld(),
    sh("hexdump -d", "printf %s $KEY | hexdump -d", |text| words_of_2(&offsets(text))).withheld(),
    sh("hexdump -o", "printf %s $KEY | hexdump -o", plain).lost(60).withheld(),
    sh("hexdump with a format of its own", "printf %s $KEY | hexdump -v -e '1/1 \"%02x \"'", hex).withheld(),
    sh("hexdump, a line a byte", "printf %s $KEY | hexdump -v -e '1/1 \"%_ad %u\\n\"'", |text| latin(&text.lines().filter_map(|line| line.split(' ').next_back()?.parse().ok()).collect::<Vec<_>>())).withheld(),
    sh("hexadecimal with colons", "printf %s $KEY | xxd -p -c 99 | sed 's/../&:/g'", hex).withheld(),
    sh("hexadecimal with dashes in capitals", "printf %s $KEY | xxd -u -p -c 99 | sed 's/../&-/g'", hex).withheld(),
    sh("hexadecimal with spaces in capitals", "printf %s $KEY | xxd -u -p -c 99 | sed 's/../& /g'", hex).withheld(),
    sh("hexadecimal with 0x and commas", "printf %s $KEY | xxd -p -c 99 | sed 's/../0x&, /g'", hex).withheld(),
    sh("hexadecimal with backslash x and quotes", "printf %s $KEY | xxd -p -c 99 | sed 's/../\"\\\\x&\" /g'", hex).withheld(),
    sh("hexadecimal, a byte a line", "printf %s $KEY | xxd -p -c 1", hex).withheld(),
    sh("hexadecimal like a MAC address", "printf %s $KEY | xxd -p -c 99 | sed 's/../&:/g' | fold -w 18 | sed 's/:$//'", hex).withheld(),
    sh("hexadecimal like a fingerprint", "printf %s $KEY | xxd -u -p -c 99 | sed 's/..../& /g'", hex).withheld(),
    sh("hexadecimal like UUIDs", "printf %s $KEY | xxd -p -c 16 | sed -E 's/(.{8})(.{4})(.{4})(.{4})/\\1-\\2-\\3-\\4-/'", hex).withheld(),
    sh("hexadecimal like IPv6 addresses", "printf %s $KEY | xxd -p -c 16 | sed 's/..../&:/g; s/:$//'", hex).withheld(),
    sh("hexadecimal, reversed", "printf %s $KEY | xxd -p -c 99 | rev", plain).undone_by("rev | xxd -r -p").withheld(),
    sh("bytes as IPv4 addresses", "printf %s $KEY | od -An -v -tu1 -w4 | sed 's/^ *//; s/  */./g'", decimal).withheld(),
    sh("bytes as printf's codes", "printf %s $KEY | od -An -v -to1 | sed 's/ /\\\\/g'", octal).withheld(),
    sh("octal codes of a shell", "printf %s $KEY | od -An -v -to1 | tr -d '\\n' | sed 's/ /\\\\0/g'", octal).withheld(),
    sh("codes by printf %d", "for c in $(printf %s $KEY | fold -w 1); do printf '%d ' \"'$c\"; done", decimal).withheld(),
    sh("codes, a line each with an index", "i=0; for c in $(printf %s $KEY | fold -w 1); do i=$((i+1)); printf '%d: %d\\n' $i \"'$c\"; done", |text| decimal(&text.lines().filter_map(|line| line.split(' ').next_back()).collect::<Vec<_>>().join(" "))).withheld(),
    sh("awk's codes", "echo $KEY | awk 'BEGIN { for (i = 0; i < 128; i++) o[sprintf(\"%c\", i)] = i } { for (i = 1; i <= length($0); i++) printf \"%d,\", o[substr($0, i, 1)] }'", decimal).withheld(),
    py("a list of codes", "print(list(B))", decimal).withheld(),
    py("a list of codes, special characters", "print(list(B))", decimal).of(Special).withheld(),
    py("a list of codes, private key", "print(list(B))", decimal).of(PrivateKey).withheld(),
    py("a JSON list of codes", "print(json.dumps(list(B), indent=1))", decimal).withheld(),
    py("a bytearray's codes in semicolons", "print(';'.join(map(str, B)))", decimal).withheld(),
    py("codes in slashes", "print('/'.join(map(str, B)))", decimal).withheld(),
    py("codes without separators", "print(''.join(f'{b:03}' for b in B))", |text| latin(&three_digits(text))).withheld(),
    py("codes as floating-point numbers", "print([float(b) for b in B])", |text| decimal(&text.replace(".0", ""))).withheld(),
    py("codes in a sentence each", "[print(f'byte {i} has the value {b}') for i, b in enumerate(B)]", last_number).withheld(),
    py("codes by index", "print(dict(enumerate(B)))", |text| decimal(&text.split(", ").filter_map(|it| it.split(": ").nth(1)).collect::<Vec<_>>().join(" "))).withheld(),
    py("codes as a Go slice", "print('[]byte{' + ', '.join(f'0x{b:x}' for b in B) + '}')", |text| hex(text.split('{').nth(1).unwrap_or_default())).withheld(),
    py("codes as Go prints them", "print('[' + ' '.join(map(str, B)) + ']')", decimal).withheld(),
    py("codes in a C array", "print('unsigned char k[] = {' + ','.join(map(str, B)) + ',0};')", decimal).withheld(),
    py("codes in Java's signed bytes", "print([b - 256 if b > 127 else b for b in B])", decimal).withheld(),
    py("code points", "print(' '.join(f'U+{b:04X}' for b in B))", hex).withheld(),
    py("code points with u and braces", "print(''.join(f'\\\\u{{{b:x}}}' for b in B))", |text| hex(&text.replace("u{", " "))).withheld(),
    py("octal with 0o", "print([oct(b) for b in B])", |text| octal(&text.replace("0o", ""))).withheld(),
    py("hexadecimal list", "print([hex(b) for b in B])", hex).withheld(),
    py("binary list", "print([bin(b) for b in B])", |text| codes(text, 2)).withheld(),
    py("binary of eight digits", "print(' '.join(f'{b:08b}' for b in B))", binary).withheld(),
    py("binary in one string", "print(''.join(f'{b:08b}' for b in B))", binary).withheld(),
    py("binary of seven digits in one string", "print(''.join(f'{b:07b}' for b in B))", sevens).withheld(),
    py("binary with dots", "print('.'.join(f'{b:08b}' for b in B))", binary).withheld(),
    py("binary in nibbles", "print(' '.join(f'{b >> 4:04b} {b & 15:04b}' for b in B))", binary).withheld(),
    py("binary, a line a byte", "[print(f'{b:08b}') for b in B]", binary).withheld(),
    py("binary, least digit first", "print(' '.join(f'{b:08b}'[::-1] for b in B))", plain).undone_by("tr -d ' ' | fold -w 8 | rev | python3 -c 'import sys; print(\"\".join(chr(int(l, 2)) for l in sys.stdin.read().split() if len(l) == 8))'").withheld(),
    py("binary in other letters", "print(' '.join(f'{b:08b}' for b in B).replace('0', '.').replace('1', '#'))", |text| binary(&text.replace('.', "0").replace('#', "1"))).withheld(),
    py("struct in words of four", "import struct\nprint(struct.unpack('<8I', B))", plain).lost(80).withheld(),
    py("struct in big words of eight", "import struct\nprint(struct.unpack('>4Q', B))", plain).lost(80).withheld(),
    py("an array of halves", "import array\nprint(array.array('H', B))", words_of_2).withheld(),
    py("codes plus a thousand", "print([1000 + b for b in B])", |text| latin(&text.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse::<u32>().ok()).map(|it| (it - 1000) as u8).collect::<Vec<_>>())).withheld(),
    py("codes, reversed", "print(list(reversed(B)))", |text| decimal(text).chars().rev().collect()).withheld(),
    py("nibbles in decimal", "print([n for b in B for n in (b >> 4, b & 15)])", plain).lost(100).withheld(),
    pl("ord", "print join(' ', map { ord } split //, $k)", decimal).withheld(),
    pl("unpack C", "print join(',', unpack('C*', $k))", decimal).withheld(),
    pl("sprintf %vd", "printf '%vd', $k", decimal).withheld(),
    pl("sprintf %vx", "printf '%vx', $k", hex).withheld(),
    pl("unpack B", "print unpack('B*', $k)", binary).withheld(),
    pl("unpack N", "print join(' ', unpack('N*', $k))", plain).lost(60).withheld(),
    js("a buffer", "console.log(Buffer.from(k))", |text| hex(text.replace("<Buffer ", "").trim_end_matches('>'))).withheld(),
    js("a buffer in JSON", "console.log(JSON.stringify(Buffer.from(k)))", decimal).withheld(),
    js("character codes", "console.log([...k].map(c => c.charCodeAt(0)).join())", decimal).withheld(),
    js("a typed array", "console.log(new TextEncoder().encode(k))", |text| decimal(text.split('[').nth(1).unwrap_or_default())).withheld(),
];

/// Without the first word of each line.
fn offsets(text: &str) -> String {
    text.lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(_, rest)| format!("{rest} "))
        .collect()
}

/// Words of two bytes, the lower first.
fn words_of_2(text: &str) -> String {
    let words = text
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse::<u16>().ok());
    latin(&words.flat_map(u16::to_le_bytes).collect::<Vec<_>>())
}

fn last_number(text: &str) -> String {
    latin(
        &text
            .lines()
            .filter_map(|line| line.split(' ').next_back()?.parse().ok())
            .collect::<Vec<_>>(),
    )
}

fn three_digits(text: &str) -> Vec<u8> {
    text.trim()
        .as_bytes()
        .chunks(3)
        .filter_map(|three| std::str::from_utf8(three).ok()?.parse().ok())
        .collect()
}

fn codes(text: &str, radix: u32) -> String {
    let words = text
        .split("0b")
        .skip(1)
        .map(|it| it.trim_end_matches(|c: char| !c.is_ascii_digit()));
    latin(
        &words
            .filter_map(|it| u8::from_str_radix(it, radix).ok())
            .collect::<Vec<_>>(),
    )
}

fn sevens(text: &str) -> String {
    let digits = text.trim().as_bytes().chunks(7);
    latin(
        &digits
            .filter_map(|it| u8::from_str_radix(std::str::from_utf8(it).ok()?, 2).ok())
            .collect::<Vec<_>>(),
    )
}
