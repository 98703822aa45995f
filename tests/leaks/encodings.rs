//! Class A: encodings of every byte.

use crate::{
    secrets::Kind::{Hex, JsonKey, PrivateKey, Short, Special, Url},
    undo::{base32, base64, hex, plain, rotated, solid_base64, without},
    way::{Way, js, pl, py, sh},
};

const UNHEX: &str = "sed 's/<[^>]*>/ /g' | tr -d '[:space:]' | xxd -r -p | tr -d '\\0'";

pub const WAYS: &[Way] = &[
    sh("base64", "printf %s \"$KEY\" | base64 -w0", base64),
    sh(
        "base64, special characters",
        "printf %s \"$KEY\" | base64 -w0",
        base64,
    )
    .of(Special),
    sh(
        "base64, private key",
        "printf %s \"$KEY\" | base64 -w0",
        base64,
    )
    .of(PrivateKey),
    sh(
        "base64, key file",
        "printf %s \"$KEY\" | base64 -w0",
        base64,
    )
    .of(JsonKey),
    sh("base64, address", "printf %s \"$KEY\" | base64 -w0", base64).of(Url),
    sh(
        "base64, twelve characters",
        "printf %s \"$KEY\" | base64 -w0",
        base64,
    )
    .of(Short),
    sh(
        "base64, hexadecimal token",
        "printf %s \"$KEY\" | base64 -w0",
        base64,
    )
    .of(Hex),
    sh(
        "base64 with a line feed",
        "echo \"$KEY\" | base64 -w0",
        base64,
    )
    .of(Special),
    sh(
        "base64, shifted by one",
        "printf x%s $KEY | base64 -w0",
        base64,
    ),
    sh(
        "base64, shifted by two",
        "printf xy%sz $KEY | base64 -w0",
        base64,
    ),
    sh(
        "base64 of user and password",
        "printf 'user@example.com:%s' $KEY | base64 -w0",
        base64,
    ),
    sh(
        "base64 of a header",
        "printf '{\"token\":\"%s\",\"n\":1}' $KEY | base64 -w0",
        base64,
    ),
    sh("base64 of the environment", "env | base64 -w0", base64),
    sh(
        "base64 of environ in /proc",
        "base64 -w0 /proc/self/environ",
        base64,
    ),
    sh(
        "base64url",
        "printf %s \"$KEY\" | base64 -w0 | tr +/ -_ | tr -d =",
        base64,
    )
    .of(Special),
    sh(
        "base64 in lines of 76",
        "printf %s \"$KEY\" | base64",
        solid_base64,
    )
    .of(PrivateKey),
    sh(
        "base64 in lines of 64",
        "printf %s \"$KEY\" | base64 -w64",
        solid_base64,
    )
    .of(PrivateKey),
    sh(
        "base64 with CRLF",
        "printf %s \"$KEY\" | base64 -w76 | sed 's/$/\\r/'",
        solid_base64,
    )
    .of(PrivateKey),
    sh(
        "base64 in lines of 16",
        "printf %s \"$KEY\" | base64 -w16",
        solid_base64,
    ),
    sh(
        "base64 with no padding",
        "printf %s \"$KEY\" | base64 -w0 | tr -d =",
        base64,
    )
    .of(Short),
    sh(
        "a data URI",
        "printf 'data:text/plain;base64,'; printf %s \"$KEY\" | base64 -w0",
        base64,
    ),
    sh(
        "like a JSON web token",
        "printf 'eyJhbGciOiJIUzI1NiJ9.%s.c2lnbmF0dXJl' $(printf '{\"k\":\"%s\"}' $KEY | base64 -w0 | tr -d =)",
        base64,
    ),
    sh(
        "openssl base64",
        "printf %s \"$KEY\" | openssl base64 -A",
        base64,
    ),
    sh(
        "openssl enc -a",
        "printf %s \"$KEY\" | openssl enc -a",
        solid_base64,
    )
    .of(PrivateKey),
    sh(
        "basenc --base64url",
        "printf %s \"$KEY\" | basenc --base64url",
        base64,
    )
    .of(Special),
    sh("jq @base64", "jq -nr 'env.KEY|@base64'", base64).of(Special),
    py("base64.b64encode", "print(base64.b64encode(B))", base64).of(Special),
    py(
        "base64.urlsafe_b64encode",
        "print(base64.urlsafe_b64encode(B).decode())",
        base64,
    )
    .of(Special),
    py(
        "base64.encodebytes",
        "print(base64.encodebytes(B).decode())",
        solid_base64,
    )
    .of(PrivateKey),
    py(
        "binascii.b2a_base64",
        "print(binascii.b2a_base64(B))",
        base64,
    ),
    py(
        "a base64 codec",
        "print(codecs.encode(B, 'base64'))",
        base64,
    ),
    pl("pack u of nothing but m", "print pack('u', $k)", plain)
        .undone_by("perl -ne 'print unpack(\"u\", $_)'")
        .withheld(),
    pl(
        "MIME::Base64",
        "use MIME::Base64; print encode_base64($k)",
        solid_base64,
    )
    .of(Special),
    js(
        "Buffer as base64",
        "console.log(Buffer.from(k).toString('base64'))",
        base64,
    )
    .of(Special),
    js("btoa", "console.log(btoa(k))", base64),
    sh("xxd -p", "printf %s \"$KEY\" | xxd -p -c 99", hex),
    sh(
        "xxd -p, special characters",
        "printf %s \"$KEY\" | xxd -p -c 99",
        hex,
    )
    .of(Special),
    sh("xxd -p, private key", "printf %s \"$KEY\" | xxd -p", hex).of(PrivateKey),
    sh(
        "xxd -p, twelve characters",
        "printf %s \"$KEY\" | xxd -p",
        hex,
    )
    .of(Short),
    sh(
        "xxd -p, hexadecimal token",
        "printf %s \"$KEY\" | xxd -p -c 99",
        hex,
    )
    .of(Hex),
    sh(
        "xxd -p in capitals",
        "printf %s \"$KEY\" | xxd -u -p -c 99",
        hex,
    ),
    sh(
        "hexadecimal in lines of 60",
        "printf %s \"$KEY\" | xxd -p",
        hex,
    ),
    sh(
        "od without spaces",
        "printf %s \"$KEY\" | od -An -v -tx1 | tr -d ' \\n'",
        hex,
    ),
    sh(
        "basenc --base16",
        "printf %s \"$KEY\" | basenc --base16 -w0",
        hex,
    ),
    py("bytes.hex", "print(B.hex())", hex).of(Special),
    py(
        "binascii.hexlify",
        "print(binascii.hexlify(B).decode())",
        hex,
    ),
    py(
        "a number in hexadecimal",
        "print(hex(int.from_bytes(B, 'big')))",
        hex,
    ),
    pl("unpack H", "print unpack('H*', $k)", hex),
    js(
        "Buffer as hexadecimal",
        "console.log(Buffer.from(k).toString('hex'))",
        hex,
    ),
    sh("base32", "printf %s \"$KEY\" | base32 -w0", base32),
    sh(
        "base32, special characters",
        "printf %s \"$KEY\" | base32 -w0",
        base32,
    )
    .of(Special),
    sh(
        "base32, shifted by three",
        "printf abc%s $KEY | base32 -w0",
        base32,
    ),
    py(
        "base64.b32encode",
        "print(base64.b32encode(B).decode().rstrip('='))",
        base32,
    )
    .of(Short),
    py(
        "base64.b16encode",
        "print(base64.b16encode(B).decode())",
        hex,
    ),
    sh(
        "percent signs for all bytes",
        "printf %s \"$KEY\" | xxd -p -c 99 | sed 's/../%&/g'",
        hex,
    )
    .of(Special),
    sh(
        "percent signs in capitals",
        "printf %s \"$KEY\" | xxd -u -p -c 99 | sed 's/../%&/g'",
        hex,
    ),
    sh(
        "backslash x for all bytes",
        "printf %s \"$KEY\" | xxd -p -c 99 | sed 's/../\\\\x&/g'",
        hex,
    ),
    sh(
        "backslash u for all characters",
        "printf %s \"$KEY\" | xxd -p -c 99 | sed 's/../\\\\u00&/g'",
        hex,
    )
    .of(Special),
    sh(
        "UTF-16, little endian",
        "printf %s \"$KEY\" | iconv -t UTF-16LE",
        |text| without(text, "\0"),
    ),
    sh(
        "UTF-16, big endian",
        "printf %s \"$KEY\" | iconv -t UTF-16BE",
        |text| without(text, "\0"),
    )
    .of(Special),
    sh(
        "UTF-16 with a mark",
        "printf %s \"$KEY\" | iconv -t UTF-16",
        |text| without(text, "\0"),
    ),
    sh(
        "rotated by thirteen",
        "echo $KEY | tr A-Za-z N-ZA-Mn-za-m",
        |text| rotated(text, 13),
    ),
    py(
        "a rot13 codec",
        "print(codecs.encode(K, 'rot13'))",
        |text| rotated(text, 13),
    )
    .of(Special),
    sh(
        "percent signs of a private key",
        "printf %s \"$KEY\" | xxd -p -c 9999 | sed 's/../%&/g'",
        hex,
    )
    .of(PrivateKey),
    py("punycode", "print(K.encode('punycode').decode())", plain),
    py(
        "quoted-printable of letters",
        "import quopri\nprint(quopri.encodestring(B).decode())",
        plain,
    ),
    py("UTF-7", "print(K.encode('utf-7').decode())", plain),
    sh(
        "UTF-16 in hexadecimal",
        "printf %s \"$KEY\" | iconv -t UTF-16LE | xxd -p -c 999",
        plain,
    )
    .undone_by(UNHEX)
    .withheld(),
];
