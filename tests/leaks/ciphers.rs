//! Class C, of which some is undone: characters moved, exchanged, calculated with, shuffled, described.

use crate::{
    secrets::Kind::{Short, Special},
    undo::{base64, decimal, hex, latin, plain, rotated, solid},
    way::{Way, py, sh},
};

const KEYED: &str =
    "whoever has no key cannot undo it: any such code defeats every filter of output";
const OWN_CODE: &str = "a code that the program made up: only its maker knows how to undo it";
const SHUFFLED: &str = "the order is another one: what is next to each other in the value is not next to each other in the text";
const CALCULATED: &str = "a calculation that is not the same constant for all bytes";
const WORDS: &str = "words for characters: the names would have to be known";
const INVISIBLE: &str = "bits as the places of signs that mean nothing by themselves";
const ORACLE: &str = "a digest of so little that it can be guessed: digests are not looked for";

pub const WAYS: &[Way] = &[
    py("rotated by 47", ROTATED_47, plain).undone_by(UNROTATED_47).withheld(),
    py("rotated by 47, special characters", ROTATED_47, plain).of(Special).undone_by(UNROTATED_47).withheld(),
    py("rotated by 47, twelve characters", ROTATED_47, plain).of(Short).undone_by(UNROTATED_47).withheld(),
    py("base64 of rotated by 47", "print(base64.b64encode(''.join(chr(33 + (ord(c) - 33 + 47) % 94) for c in K).encode()).decode())", plain).undone_by("base64 -d | tr '!-~' 'P-~!-O'").withheld(),
    sh("rotated by one", "echo $KEY | tr A-Za-z B-ZAb-za", |text| rotated(text, 25)).withheld(),
    sh("rotated by three", "echo $KEY | tr A-Za-z D-ZA-Cd-za-c", |text| rotated(text, 23)).withheld(),
    sh("rotated by seven", "echo $KEY | tr A-Za-z H-ZA-Gh-za-g", |text| rotated(text, 19)).withheld(),
    sh("rotated by twenty", "echo \"$KEY\" | tr A-Za-z U-ZA-Tu-za-t", |text| rotated(text, 6)).of(Special).withheld(),
    sh("letters and digits moved by one", "echo $KEY | tr A-Za-z0-9 B-ZAb-za1-90", plain).undone_by("tr B-ZAb-za1-90 A-Za-z0-9").withheld(),
    sh("rotated by 13 and digits by 5", "echo $KEY | tr A-Za-z0-9 N-ZA-Mn-za-m5-90-4", plain).undone_by("tr A-Za-z0-9 N-ZA-Mn-za-m5-90-4").withheld(),
    sh("digits moved by five", "echo $KEY | tr 0-9 5-90-4", plain).undone_by("tr 0-9 5-90-4").withheld(),
    sh("the alphabet backwards", "echo $KEY | tr A-Za-z ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba", plain)
        .undone_by("tr A-Za-z ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba").withheld(),
    sh("every rotation", "for i in $(seq 25); do KEY=$(echo $KEY | tr A-Za-z B-ZAb-za); echo $KEY; done", |text| (1..26).map(|it| rotated(text, it)).collect()).withheld(),
    sh("each letter exchanged by a keyboard's next", "echo $KEY | tr qwertyuiopasdfghjklzxcvbnm wertyuiopasdfghjklzxcvbnmq", plain)
        .undone_by("tr wertyuiopasdfghjklzxcvbnmq qwertyuiopasdfghjklzxcvbnm").through(OWN_CODE),
    sh("an alphabet of its own", "echo $KEY | tr A-Za-z0-9 QAZWSXEDCRFVTGBYHNUJMIKOLPqazwsxedcrfvtgbyhnujmikolp5083217496", plain)
        .undone_by("tr QAZWSXEDCRFVTGBYHNUJMIKOLPqazwsxedcrfvtgbyhnujmikolp5083217496 A-Za-z0-9").through(OWN_CODE),
    sh("some letters for others", "echo $KEY | tr aeiouAEIOU uoieaUOIEA", plain).undone_by("tr uoieaUOIEA aeiouAEIOU"),
    sh("letters like digits", "echo $KEY | tr oOlIeEsSaA 00113355@@", plain).lost(30),
    py("xor in hexadecimal", "print(bytes(b ^ 0x5a for b in B).hex())", |text| xor(&hex(text), 0x5a)).withheld(),
    py("xor in base64", "print(base64.b64encode(bytes(b ^ 0x2a for b in B)).decode())", |text| xor(&base64(text), 0x2a)).withheld(),
    py("xor in base64, all bits set", "print(base64.b64encode(bytes(b ^ 0xff for b in B)).decode())", |text| xor(&base64(text), 0xff)).withheld(),
    py("xor in decimal numbers", "print([b ^ 77 for b in B])", |text| xor(&decimal(text), 77)).withheld(),
    py("xor as it is", "print(''.join(chr(b ^ 1) for b in B))", |text| xor(text, 1)).withheld(),
    py("xor with many bytes in hexadecimal", "print(' '.join(f'{b ^ 0x80:02x}' for b in B))", |text| xor(&hex(text), 0x80)).withheld(),
    py("xor, special characters, in binary", "print(' '.join(f'{b ^ 3:08b}' for b in B))", |text| xor(&crate::undo::binary(text), 3)).of(Special).withheld(),
    py("added to", "print(''.join(chr(b + 1) for b in B))", |text| added(text, 255)).withheld(),
    py("added to, in hexadecimal", "print(bytes((b + 100) % 256 for b in B).hex())", |text| added(&hex(text), 156)).withheld(),
    py("added to, in decimal numbers", "print([b + 3 for b in B])", |text| added(&decimal(text), 253)).withheld(),
    py("subtracted from 255", "print([255 - b for b in B])", |text| decimal(text).chars().map(|c| char::from(255 - c as u32 as u8)).collect()).withheld(),
    py("subtracted from 300", "print([300 - b for b in B])", plain).lost(100).withheld(),
    py("xor with two bytes", "print(bytes(b ^ b'k3'[i % 2] for i, b in enumerate(B)).hex())", plain).lost(64).through(KEYED),
    py("xor with a word", "print(base64.b64encode(bytes(b ^ b'hunter'[i % 6] for i, b in enumerate(B))).decode())", plain).lost(40).through(KEYED),
    py("xor with its index", "print(bytes(b ^ i for i, b in enumerate(B)).hex())", |text| hex(text).chars().enumerate().map(|(i, c)| char::from(c as u32 as u8 ^ i as u8)).collect()).through(CALCULATED),
    py("added to its index", "print(''.join(chr(b + i % 5) for i, b in enumerate(B)))", |text| text.trim_end().chars().enumerate().map(|(i, c)| char::from((c as u32 - i as u32 % 5) as u8)).collect()).through(CALCULATED),
    py("Vigenère", "print(''.join(chr((ord(c) - 97 + ord('lemon'[i % 5]) - 97) % 26 + 97) if c.islower() else c for i, c in enumerate(K)))", plain).lost(32).through(KEYED),
    sh("AES with a password", "printf %s $KEY | openssl enc -aes-256-cbc -pbkdf2 -pass pass:x -a -A 2>/dev/null", plain).undone_by("openssl enc -d -aes-256-cbc -pbkdf2 -pass pass:x -a -A").through(KEYED),
    py("each byte times seven", "print([b * 7 for b in B])", |text| calculated(text, |it| it / 7)).through(CALCULATED),
    py("each byte squared", "print([b * b for b in B])", |text| calculated(text, |it| (f64::from(it).sqrt()) as u32)).through(CALCULATED),
    py("differences from byte to byte", "print([B[0]] + [b - a for a, b in zip(B, B[1:])])", plain).lost(60).through(CALCULATED),
    py("sums up to each byte", "import itertools\nprint(list(itertools.accumulate(B)))", sums).withheld(),
    py("nibbles exchanged", "print(bytes((b << 4 | b >> 4) & 255 for b in B).hex())", |text| hex(text).chars().map(|c| char::from((c as u32 as u8).rotate_left(4))).collect()).withheld(),
    py("bits reversed, in hexadecimal", "print(bytes(int(f'{b:08b}'[::-1], 2) for b in B).hex())", |text| hex(text).chars().map(|c| char::from((c as u32 as u8).reverse_bits())).collect()).withheld(),
    py("hexadecimal in letters a to p", "print(''.join(chr(97 + (b >> 4)) + chr(97 + (b & 15)) for b in B))", letters_of_nibbles).through(OWN_CODE),
    py("base64 with an alphabet of its own", "print(base64.b64encode(B).decode().translate(str.maketrans('ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'ZYXWVUTSRQPONMLKJIHGFEDCBA')))", plain)
        .undone_by("tr A-Z ZYXWVUTSRQPONMLKJIHGFEDCBA | base64 -d").through(OWN_CODE),
    py("places in the alphabet", "a = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'\nprint([a.index(c) for c in K])", places).through(OWN_CODE),
    py("places in the alphabet, from one", "print([ord(c.lower()) - 96 for c in K if c.isalpha()])", plain).lost(60).through(OWN_CODE),
    py("keys of a telephone", "print(''.join('22233344455566677778889999'[ord(c.lower()) - 97] if c.isalpha() else c for c in K))", plain).lost(32).through(OWN_CODE),
    py("Morse", MORSE, plain).lost(60).through(WORDS),
    py("a spelling alphabet", SPELLING, spelled).withheld(),
    py("names of digits and letters", "n = 'zero one two three four five six seven eight nine'.split()\nprint(' '.join(n[int(c)] if c.isdigit() else ('capital ' if c.isupper() else '') + c for c in K))", plain).lost(60).through(WORDS),
    py("Unicode names, a line each", "import unicodedata\n[print(unicodedata.name(c)) for c in K]", plain).lost(200).through(WORDS),
    py("Braille", "print(''.join(chr(0x2800 + b) for b in B))", |text| text.trim_end().chars().map(|c| char::from((c as u32 - 0x2800) as u8)).collect()).through(OWN_CODE),
    py("other alphabets' letters alike", "print(K.translate(str.maketrans('aceopxyABCEHKMOPTX', '\\u0430\\u0441\\u0435\\u043e\\u0440\\u0445\\u0443\\u0410\\u0412\\u0421\\u0415\\u041d\\u041a\\u041c\\u041e\\u0420\\u0422\\u0425')))", plain).lost(32).withheld(),
    py("codes, sorted, with their places", "print(sorted((b, i) for i, b in enumerate(B)))", plain).lost(100)
        .through(SHUFFLED),
    py("named characters", "import unicodedata\nprint(''.join('\\\\N{%s}' % unicodedata.name(c) for c in K))", plain)
        .undone_by("python3 -c 'import sys; print(sys.stdin.read().encode().decode(\"unicode_escape\"))'")
        .through(WORDS),
    py("shuffled by a seed", "import random\nr = list(range(len(K)))\nrandom.Random(5).shuffle(r)\nprint(''.join(K[i] for i in r))", plain).lost(32).through(SHUFFLED),
    py("in order", "print(''.join(sorted(K)))", plain).lost(32).through(SHUFFLED),
    py("in order, with their places", "print(sorted((c, i) for i, c in enumerate(K)))", plain).lost(100).through(SHUFFLED),
    py("shuffled lines with their places", "import random\nl = [f'{i} {c}' for i, c in enumerate(K)]\nrandom.Random(5).shuffle(l)\nprint('\\n'.join(l))", by_number).through(SHUFFLED),
    py("shuffled pieces with their places", "p = [(i, K[i:i+4]) for i in range(0, len(K), 4)]\nprint([p[i] for i in (3, 0, 6, 2, 7, 5, 1, 4)])", plain).lost(60).withheld(),
    py("every third character, three times", "print(K[::3], K[1::3], K[2::3])", plain).lost(32).withheld(),
    py("every other character, twice in one line", "print(K[::2] + K[1::2])", halves).withheld(),
    py("a rail fence", "print(K[::4] + K[1::2] + K[2::4])", plain).lost(32).withheld(),
    py("neighbours exchanged", "print(''.join(K[i + 1] + K[i] for i in range(0, len(K), 2)))", swapped).withheld(),
    py("words of four backwards", "print(''.join(K[i:i+4][::-1] for i in range(0, len(K), 4)))", |text| text.trim().as_bytes().chunks(4).flat_map(|four| four.iter().rev()).map(|b| char::from(*b)).collect()).withheld(),
    py("a letter of noise after each", "print(''.join(c + 'q' for c in K))", |text| text.chars().step_by(2).collect()).withheld(),
    py("random letters after each", "import random\nr = random.Random(3)\nprint(''.join(c + r.choice('abcdefghijklmnopqrstuvwxyz0123456789') for c in K))", |text| text.chars().step_by(2).collect()).withheld(),
    py("two random letters after each", "import random\nr = random.Random(3)\nprint(''.join(c + r.choice('abcdefghijk') + r.choice('0123456789') for c in K))", |text| text.chars().step_by(3).collect()).withheld(),
    py("one character in a random word each", "import random\nr = random.Random(3)\n[print(''.join(r.choice('abcdefghijk') for _ in range(4)) + c + 'end') for c in K]", |text| text.lines().filter_map(|line| line.chars().nth(4)).collect()).withheld(),
    py("acrostic of a poem", "[print(f'{c}ery long lines of a poem about line {i}') for i, c in enumerate(K)]", crate::undo::first_column).withheld(),
    py("spaces and tabs for bits", "print(''.join(' ' if x == '0' else '\\t' for b in B for x in f'{b:08b}') + '.')", |text| crate::undo::binary(&text.replace(' ', "0").replace('\t', "1"))).withheld(),
    py("zero-width signs for bits", "print('.' + ''.join('\\u200b' if x == '0' else '\\u200c' for b in B for x in f'{b:08b}') + '.')", |text| crate::undo::binary(&text.replace('\u{200b}', "0").replace('\u{200c}', "1"))).through(INVISIBLE),
    py("cases of letters for bits", "print(''.join('A' if x == '1' else 'a' for b in B for x in f'{b:08b}'))", |text| crate::undo::binary(&text.replace('a', "0").replace('A', "1"))).withheld(),
    py("words for bits", "print(' '.join('yes' if x == '1' else 'no' for b in B for x in f'{b:08b}'))", |text| crate::undo::binary(&text.replace("yes", "1").replace("no", "0"))).withheld(),
    py("strokes for numbers", "[print('|' * b) for b in B]", |text| latin(&text.lines().map(|line| line.len() as u8).collect::<Vec<_>>())).through(OWN_CODE),
    py("lengths of lines", "[print('x' * b) for b in B]", |text| latin(&text.lines().map(|line| line.len() as u8).collect::<Vec<_>>())).through(OWN_CODE),
    py("emoji for characters", "print(''.join(chr(0x1f300 + b) for b in B))", |text| text.trim_end().chars().map(|c| char::from((c as u32 - 0x1f300) as u8)).collect()).through(OWN_CODE),
    py("a digest of each character", "import hashlib\n[print(hashlib.md5(c.encode()).hexdigest()) for c in K]", plain).lost(900).through(ORACLE),
    py("a digest of each longer beginning", "import hashlib\n[print(hashlib.sha256(K[:i + 1].encode()).hexdigest()[:8]) for i in range(len(K))]", plain).lost(200).through(ORACLE),
    py("a checksum of each character", "import zlib\n[print(zlib.crc32(c.encode())) for c in K]", plain).lost(200).through(ORACLE),
    py("yes or no for each guess", "import string\n[print([int(c == g) for g in string.ascii_letters + string.digits]) for c in K]", plain).lost(200).through(OWN_CODE),
    py("Chinese numerals", "print(' '.join(''.join('\\u3007\\u4e00\\u4e8c\\u4e09\\u56db\\u4e94\\u516d\\u4e03\\u516b\\u4e5d'[int(d)] for d in str(b)) for b in B))", plain).lost(60).through(OWN_CODE),
    py("Roman numerals", ROMAN, plain).lost(100).through(OWN_CODE),
    py("spelled with spaces, rotated, reversed, in base64", "print(base64.b64encode(' '.join(reversed(codecs.encode(K, 'rot13'))).encode()).decode())", |text| rotated(&solid(&base64(text)), 13).chars().rev().collect()).withheld(),
];

const ROTATED_47: &str =
    "print(''.join(chr(33 + (ord(c) - 33 + 47) % 94) if c != ' ' else c for c in K))";
const UNROTATED_47: &str = "tr '!-~' 'P-~!-O'";

const MORSE: &str = "
m = '.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..'.split()
d = '----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.'.split()
print(' '.join(d[int(c)] if c.isdigit() else m[ord(c.lower()) - 97] for c in K))
";

const SPELLING: &str = "
n = 'Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey Xray Yankee Zulu'.split()
print(' '.join(c if c.isdigit() else n[ord(c.lower()) - 97] for c in K))
";

const ROMAN: &str = "
def roman(n):
    s = ''
    for v, r in ((100, 'C'), (90, 'XC'), (50, 'L'), (40, 'XL'), (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I')):
        while n >= v: s, n = s + r, n - v
    return s
print(' '.join(map(roman, B)))
";

fn xor(text: &str, key: u8) -> String {
    text.chars()
        .map(|c| char::from(c as u32 as u8 ^ key))
        .collect()
}

fn added(text: &str, number: u8) -> String {
    text.chars()
        .map(|c| char::from((c as u32 as u8).wrapping_add(number)))
        .collect()
}

fn calculated(text: &str, calculate: fn(u32) -> u32) -> String {
    let numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|it| it.parse().ok());
    latin(&numbers.map(|it| calculate(it) as u8).collect::<Vec<_>>())
}

fn sums(text: &str) -> String {
    let numbers: Vec<u32> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|it| it.parse().ok())
        .collect();
    latin(
        &numbers
            .windows(2)
            .map(|two| (two[1] - two[0]) as u8)
            .collect::<Vec<_>>(),
    )
}

fn letters_of_nibbles(text: &str) -> String {
    let pairs = text
        .trim()
        .as_bytes()
        .chunks(2)
        .filter(|pair| pair.len() == 2);
    latin(
        &pairs
            .map(|pair| ((pair[0] - b'a') << 4) | (pair[1] - b'a'))
            .collect::<Vec<_>>(),
    )
}

fn places(text: &str) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|it| it.parse::<usize>().ok());
    latin(&numbers.map(|it| alphabet[it]).collect::<Vec<_>>())
}

fn spelled(text: &str) -> String {
    text.split_whitespace()
        .filter_map(|word| word.chars().next())
        .collect()
}

fn by_number(text: &str) -> String {
    let mut lines: Vec<(u32, &str)> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(at, c)| Some((at.parse().ok()?, c)))
        .collect();
    lines.sort_unstable();
    lines.into_iter().map(|(_, c)| c).collect()
}

fn halves(text: &str) -> String {
    let (first, second) = text.trim().split_at(text.trim().len() / 2);
    first
        .chars()
        .zip(second.chars())
        .flat_map(|(a, b)| [a, b])
        .collect()
}

fn swapped(text: &str) -> String {
    text.trim()
        .as_bytes()
        .chunks(2)
        .flat_map(|two| two.iter().rev())
        .map(|b| char::from(*b))
        .collect()
}
