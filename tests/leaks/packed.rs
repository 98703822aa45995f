//! Class C, of which some is undone: compressed, in large bases, as one number.

use crate::{
    secrets::Kind::{JsonKey, PrivateKey, Special},
    undo::{base64, hex, plain},
    way::{Way, js, py, sh},
};

const OTHER_PACKER: &str = "only gzip, zlib and raw deflate are unpacked: each further format is a further decoder to trust";
const LARGE_BASE: &str = "a number in a base that nobody's tools read by themselves";

pub const WAYS: &[Way] = &[
    sh("gzip in base64", "printf %s $KEY | gzip -c | base64 -w0", plain).undone_by("base64 -d | gzip -d").withheld(),
    sh("gzip in base64, private key", "printf %s \"$KEY\" | gzip -c | base64", plain).of(PrivateKey).undone_by("base64 -d | gzip -d").withheld(),
    sh("gzip in base64, key file", "printf %s \"$KEY\" | gzip -9c | base64 -w0", plain).of(JsonKey).undone_by("base64 -d | gzip -d").withheld(),
    sh("gzip in base64, in short lines", "printf %s $KEY | gzip -c | base64 -w11", plain).undone_by("base64 -d | gzip -d").withheld(),
    sh("gzip in hexadecimal", "printf %s $KEY | gzip -c | xxd -p -c 99", plain).undone_by("xxd -r -p | gzip -d").withheld(),
    sh("gzip in a dump", "printf %s $KEY | gzip -c | xxd", plain).undone_by("xxd -r | gzip -d").withheld(),
    sh("gzip in decimal numbers", "printf %s $KEY | gzip -c | od -An -v -tu1", plain).undone_by("python3 -c 'import gzip, sys; print(gzip.decompress(bytes(map(int, sys.stdin.read().split()))).decode())'").withheld(),
    sh("gzip in base32", "printf %s $KEY | gzip -c | base32 -w0", plain).undone_by("base32 -d | gzip -d").withheld(),
    sh("gzip as it is", "printf %s $KEY | gzip -c", plain).lost(20).withheld(),
    sh("gzip of the environment in base64", "env | gzip -c | base64 -w0", plain).undone_by("base64 -d | gzip -d").withheld(),
    sh("gzip twice in base64", "printf %s $KEY | gzip -c | gzip -c | base64 -w0", plain).undone_by("base64 -d | gzip -d | gzip -d").withheld(),
    sh("gzip of base64 in base64", "printf %s $KEY | base64 -w0 | gzip -c | base64 -w0", plain).undone_by("base64 -d | gzip -d | base64 -d").withheld(),
    sh("gzip in base64 twice", "printf %s $KEY | gzip -c | base64 -w0 | base64 -w0", plain).undone_by("base64 -d | base64 -d | gzip -d").withheld(),
    sh("gzip of hexadecimal in base64", "printf %s $KEY | xxd -p | gzip -c | base64 -w0", plain).undone_by("base64 -d | gzip -d | xxd -r -p").withheld(),
    sh("gzip of it reversed in base64", "printf %s $KEY | rev | gzip -c | base64 -w0", plain).undone_by("base64 -d | gzip -d | rev").withheld(),
    sh("a tar archive with gzip in base64", "printf %s $KEY >t; tar czf - t | base64 -w0; rm t", plain).undone_by("base64 -d | tar xzOf -").withheld(),
    py("zlib in hexadecimal", "import zlib\nprint(zlib.compress(B).hex())", plain).undone_by("python3 -c 'import sys, zlib; print(zlib.decompress(bytes.fromhex(sys.stdin.read())).decode())'").withheld(),
    py("zlib in base64", "import zlib\nprint(base64.b64encode(zlib.compress(B, 9)).decode())", plain).undone_by(UNZLIB).withheld(),
    py("zlib in base64, special characters", "import zlib\nprint(base64.urlsafe_b64encode(zlib.compress(B, 9)).decode())", plain).of(Special).undone_by(UNZLIB).withheld(),
    py("zlib in base85", "import zlib\nprint(base64.b85encode(zlib.compress(B)).decode())", plain).undone_by("python3 -c 'import base64, sys, zlib; print(zlib.decompress(base64.b85decode(sys.stdin.read().strip())).decode())'").withheld(),
    py("raw deflate in base64", "import zlib\nc = zlib.compressobj(9, zlib.DEFLATED, -15)\nprint(base64.b64encode(c.compress(B) + c.flush()).decode())", plain).undone_by(INFLATE).withheld(),
    py("zlib, stored", "import zlib\nprint(base64.b64encode(zlib.compress(B, 0)).decode())", base64),
    py("a zip archive in base64", "import io, zipfile\nf = io.BytesIO()\nz = zipfile.ZipFile(f, 'w', zipfile.ZIP_DEFLATED)\nz.writestr('k', K)\nz.close()\nprint(base64.b64encode(f.getvalue()).decode())", plain).undone_by(UNZIP).withheld(),
    py("a zip archive, stored, in base64", "import io, zipfile\nf = io.BytesIO()\nz = zipfile.ZipFile(f, 'w')\nz.writestr('k', K)\nz.close()\nprint(base64.b64encode(f.getvalue()).decode())", base64),
    py("a picture in base64", PICTURE, plain).lost(60).withheld(),
    js("zlib of Node in base64", "console.log(require('zlib').gzipSync(k).toString('base64'))", plain).undone_by("base64 -d | gzip -d").withheld(),
    js("brotli in base64", "console.log(require('zlib').brotliCompressSync(k).toString('base64'))", plain)
        .undone_by("node -e 'console.log(require(\"zlib\").brotliDecompressSync(Buffer.from(require(\"fs\").readFileSync(0, \"utf8\"), \"base64\")).toString())'"),
    sh("bzip2 in base64", "printf %s $KEY | bzip2 -c | base64 -w0", plain).undone_by("base64 -d | bzip2 -d").through(OTHER_PACKER),
    sh("xz in base64", "printf %s $KEY | xz -c | base64 -w0", plain).undone_by("base64 -d | xz -d"),
    sh("zstd in base64", "printf %s $KEY | zstd -c | base64 -w0", plain).undone_by("base64 -d | zstd -d"),
    py("lzma in hexadecimal", "import lzma\nprint(lzma.compress(B, lzma.FORMAT_ALONE).hex())", plain).undone_by("xxd -r -p | xz -d --format=lzma").through(OTHER_PACKER),
    py("base85", "print(base64.b85encode(B).decode())", plain).undone_by("python3 -c 'import base64, sys; print(base64.b85decode(sys.stdin.read().strip()).decode())'").withheld(),
    py("base85, special characters", "print(base64.b85encode(B).decode())", plain).of(Special).undone_by("python3 -c 'import base64, sys; print(base64.b85decode(sys.stdin.read().strip()).decode())'").withheld(),
    py("base85 in quotes", "print(repr(base64.b85encode(B)))", plain).undone_by("python3 -c 'import ast, base64, sys; print(base64.b85decode(ast.literal_eval(sys.stdin.read())).decode())'").withheld(),
    py("base85 shifted", "print(base64.b85encode(b'ab' + B).decode())", plain).undone_by("python3 -c 'import base64, sys; print(base64.b85decode(sys.stdin.read().strip()).decode())'").withheld(),
    py("base85 of the whole environment", "print(base64.b85encode(repr(os.environ).encode()).decode())", plain).undone_by("python3 -c 'import base64, sys; print(base64.b85decode(sys.stdin.read().strip()).decode())'").withheld(),
    py("base85 in lines", "s = base64.b85encode(B).decode()\n[print(s[i:i+9]) for i in range(0, len(s), 9)]", plain).undone_by("python3 -c 'import base64, sys; print(base64.b85decode(\"\".join(sys.stdin.read().split())).decode())'").withheld(),
    py("ascii85", "print(base64.a85encode(B).decode())", plain).undone_by("python3 -c 'import base64, sys; print(base64.a85decode(sys.stdin.read()).decode())'").withheld(),
    py("ascii85 of Adobe", "print(base64.a85encode(B, adobe=True).decode())", plain).undone_by("python3 -c 'import base64, sys; print(base64.a85decode(sys.stdin.read().strip(), adobe=True).decode())'").withheld(),
    py("ascii85 in lines", "print(base64.a85encode(B, wrapcol=16).decode())", plain).undone_by("python3 -c 'import base64, sys; print(base64.a85decode(sys.stdin.read()).decode())'").withheld(),
    py("base85 of base64", "print(base64.b85encode(base64.b64encode(B)).decode())", plain).undone_by("python3 -c 'import base64, sys; print(base64.b64decode(base64.b85decode(sys.stdin.read().strip())).decode())'").withheld(),
    py("base64 of base85", "print(base64.b64encode(base64.b85encode(B)).decode())", plain).undone_by("base64 -d | python3 -c 'import base64, sys; print(base64.b85decode(sys.stdin.read().strip()).decode())'").withheld(),
    py("base32hex", "print(base64.b32hexencode(B).decode())", plain).undone_by("basenc -d --base32hex").withheld(),
    sh("Z85", "printf %s $KEY | basenc --z85", plain).undone_by("basenc -d --z85").withheld(),
    sh("base32hex in small letters", "printf %s $KEY | basenc --base32hex -w0 | tr A-Z a-z", plain).undone_by("tr a-z A-Z | basenc -d --base32hex").withheld(),
    sh("binary digits by basenc", "printf %s $KEY | basenc --base2msbf -w0", crate::undo::binary).withheld(),
    sh("binary digits by basenc, least first", "printf %s $KEY | basenc --base2lsbf -w0", plain).undone_by("basenc -d --base2lsbf").withheld(),
    py("one integer", "print(int.from_bytes(B, 'big'))", plain).undone_by("python3 -c 'import sys; n = int(sys.stdin.read()); print(n.to_bytes(99, \"big\").decode())'").withheld(),
    py("one integer, special characters", "print(int.from_bytes(B, 'big'))", plain).of(Special).undone_by("python3 -c 'import sys; n = int(sys.stdin.read()); print(n.to_bytes(99, \"big\").decode())'").withheld(),
    py("one integer, little endian", "print(int.from_bytes(B, 'little'))", plain).undone_by("python3 -c 'import sys; n = int(sys.stdin.read()); print(n.to_bytes(99, \"little\").decode())'").withheld(),
    py("one integer with separators", "print(f\"{int.from_bytes(B, 'big'):,}\")", plain).undone_by("tr -d , | python3 -c 'import sys; n = int(sys.stdin.read()); print(n.to_bytes(99, \"big\").decode())'").withheld(),
    py("one integer in octal digits", "print(oct(int.from_bytes(B, 'big')))", plain).undone_by("python3 -c 'import sys; n = int(sys.stdin.read(), 8); print(n.to_bytes(99, \"big\").decode())'").withheld(),
    py("one integer in hexadecimal digits, little endian", "print(hex(int.from_bytes(B, 'little')))", |text| hex(text).chars().rev().collect()).withheld(),
    py("one integer in binary digits", "print(bin(int.from_bytes(B, 'big')))", plain).undone_by("python3 -c 'import sys; n = int(sys.stdin.read(), 2); print(n.to_bytes(99, \"big\").decode())'").withheld(),
    py("base58", BASE58, plain).undone_by(UNBASE58).withheld(),
    py("base62", BASE62, plain).undone_by(UNBASE62).withheld(),
    py("base36", BASE36, plain).undone_by("python3 -c 'import sys; print(int(sys.stdin.read(), 36).to_bytes(99, \"big\").decode())'").withheld(),
    py("base45", BASE45, plain).undone_by(UNBASE45).through(LARGE_BASE),
];

const UNZLIB: &str = "python3 -c 'import base64, sys, zlib; print(zlib.decompress(base64.urlsafe_b64decode(sys.stdin.read().replace(\"+\", \"-\").replace(\"/\", \"_\"))).decode())'";

const INFLATE: &str = "python3 -c 'import base64, sys, zlib; print(zlib.decompress(base64.b64decode(sys.stdin.read()), -15).decode())'";

const UNZIP: &str = "python3 -c 'import base64, io, sys, zipfile; print(zipfile.ZipFile(io.BytesIO(base64.b64decode(sys.stdin.read()))).read(\"k\").decode())'";

/// A PNG of one line whose pixels are the value's bytes.
const PICTURE: &str = "
import struct, zlib
def chunk(t, d): return struct.pack('>I', len(d)) + t + d + struct.pack('>I', zlib.crc32(t + d))
p = b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', len(B), 1, 8, 0, 0, 0, 0))
p += chunk(b'IDAT', zlib.compress(b'\\0' + B)) + chunk(b'IEND', b'')
print(base64.b64encode(p).decode())
";

const BASE58: &str = "
a = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
n = int.from_bytes(B, 'big')
s = ''
while n:
    n, r = divmod(n, 58)
    s = a[r] + s
print(s)
";

const UNBASE58: &str = "python3 -c 'import sys
n = 0
for c in sys.stdin.read().strip(): n = n * 58 + \"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz\".index(c)
print(n.to_bytes(99, \"big\").decode())'";

const BASE62: &str = "
import string
a = string.digits + string.ascii_uppercase + string.ascii_lowercase
n = int.from_bytes(B, 'big')
s = ''
while n:
    n, r = divmod(n, 62)
    s = a[r] + s
print(s)
";

const UNBASE62: &str = "python3 -c 'import string, sys
n = 0
for c in sys.stdin.read().strip(): n = n * 62 + (string.digits + string.ascii_uppercase + string.ascii_lowercase).index(c)
print(n.to_bytes(99, \"big\").decode())'";

const BASE36: &str = "
a = '0123456789abcdefghijklmnopqrstuvwxyz'
n = int.from_bytes(B, 'big')
s = ''
while n:
    n, r = divmod(n, 36)
    s = a[r] + s
print(s)
";

const BASE45: &str = "
a = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'
s = ''
for i in range(0, len(B), 2):
    n = int.from_bytes(B[i:i+2], 'big')
    s += a[n % 45] + a[n // 45 % 45] + a[n // 2025]
print(s)
";

const UNBASE45: &str = "python3 -c 'import sys
a = \"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:\"
s = sys.stdin.read().rstrip(\"\\n\")
for i in range(0, len(s) - 2, 3):
    n = a.index(s[i]) + 45 * a.index(s[i + 1]) + 2025 * a.index(s[i + 2])
    print(n.to_bytes(2, \"big\").decode(), end=\"\")'";
