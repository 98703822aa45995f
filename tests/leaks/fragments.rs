//! Class A: parts of the value, of ten characters or more, and the value with a mistake in it.

use crate::{
    secrets::Kind::{Hex, PrivateKey, Special, Url},
    undo::{base64, hex, plain, reversed, solid},
    way::{Way, py, sh},
};

const SHORT: &str =
    "fewer than ten characters in a row are not looked for: too many harmless texts share them";

pub const WAYS: &[Way] = &[
    sh("the first half", "printf %s $KEY | cut -c1-16", plain),
    sh("the second half", "printf %s $KEY | cut -c17-", plain),
    sh("the middle", "printf %s $KEY | cut -c9-24", plain),
    sh("the first twelve", "printf %s $KEY | head -c 12", plain),
    sh("the last twelve", "printf %s $KEY | tail -c 12", plain),
    sh("the first ten and dots", "printf '%.10s...' $KEY", plain).lost(10),
    sh("without the first", "echo ${KEY#?}", plain),
    sh("without the last", "echo ${KEY%?}", plain),
    sh(
        "with dd",
        "printf %s $KEY | dd bs=1 skip=5 count=20 2>/dev/null",
        plain,
    ),
    sh(
        "with one character changed",
        "printf %s $KEY | sed 's/./#/16'",
        plain,
    ),
    sh(
        "with one character inserted",
        "printf %s $KEY | sed 's/./& /16'",
        plain,
    ),
    sh("in two lines", "printf %s $KEY | fold -w 16", plain),
    sh("in lines of twelve", "printf %s $KEY | fold -w 12", plain).withheld(),
    sh("in lines of eleven", "printf %s $KEY | fold -w 11", solid),
    sh("half of it in base64", "printf %.16s $KEY | base64", base64),
    sh(
        "half of it in hexadecimal",
        "printf %.16s $KEY | xxd -p",
        hex,
    ),
    sh("half of it, reversed", "printf %.16s $KEY | rev", reversed),
    sh(
        "a line of a private key",
        "printf %s \"$KEY\" | sed -n 3p",
        plain,
    )
    .of(PrivateKey),
    sh(
        "twenty characters of a private key",
        "printf %s \"$KEY\" | sed -n 3p | cut -c30-50",
        plain,
    )
    .of(PrivateKey),
    sh(
        "half of a token in hexadecimal",
        "printf %s $KEY | cut -c1-20",
        plain,
    )
    .of(Hex),
    sh(
        "half of special characters",
        "printf %s \"$KEY\" | cut -c9-24",
        plain,
    )
    .of(Special),
    sh("an address without its scheme", "echo ${KEY#*//}", plain).of(Url),
    sh(
        "an address's password",
        "printf %s $KEY | cut -d: -f3 | cut -d@ -f1",
        plain,
    )
    .of(Url),
    py(
        "sliding windows",
        "[print(K[i:i+12]) for i in range(len(K) - 11)]",
        plain,
    ),
    py(
        "growing",
        "[print(K[:i]) for i in range(1, len(K) + 1)]",
        plain,
    )
    .withheld(),
    py(
        "shortened by textwrap",
        "import textwrap\nprint(textwrap.shorten('token ' + K + ' is wrong', 60))",
        plain,
    ),
    sh("the first nine", "printf %s $KEY | head -c 9", plain)
        .lost(9)
        .through(SHORT),
    sh(
        "the last four, as a card's",
        "printf %s $KEY | tail -c 4",
        plain,
    )
    .lost(4)
    .through(SHORT),
];
