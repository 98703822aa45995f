//! What servers, systems and tools print, and files that people look at.

use super::{ALNUM, BASE64, HEX, Random};

pub(super) fn outputs() -> Vec<(&'static str, Vec<u8>)> {
    let texts = vec![
        ("an answer in JSON", json()),
        ("scripts of a page", scripts()),
        ("a style sheet", style_sheet()),
        ("a source map", source_map()),
        ("a certificate", certificate()),
        ("openssl x509 -text", x509()),
        ("ssh-keygen", ssh_keygen()),
        ("a dump of hexdump", hexdump()),
        ("UUIDs", uuids()),
        ("addresses of a network", addresses()),
        ("ls -l", ls()),
        ("ps aux", ps()),
        ("df", df()),
        ("kubectl get pods", kubectl()),
        ("a table of psql", psql()),
        ("EXPLAIN", EXPLAIN.repeat(8)),
        ("YAML", yaml()),
        ("CSV", csv()),
        ("a page of a manual", MANUAL.repeat(6)),
        ("emoji and other scripts", SCRIPTS.repeat(12)),
        ("translations", TRANSLATIONS.repeat(12)),
        ("digests of files", digests()),
        ("words", words()),
        ("a log", log()),
        ("strace", strace()),
        ("variables without secrets", VARIABLES.repeat(4)),
        ("headers of an answer", headers()),
        ("a template of settings", SETTINGS.repeat(6)),
        ("a mail in quoted-printable", MAIL.repeat(8)),
        ("floating-point numbers", floats()),
        ("a crontab and a calendar", CALENDAR.repeat(8)),
    ];
    let texts = texts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()));
    texts
        .chain([
            ("a picture", picture()),
            ("a program's bytes", program()),
            ("Latin-1", latin()),
        ])
        .collect()
}

fn json() -> String {
    let random = &mut Random(41);
    let items: Vec<String> = (0..60)
        .map(|at| {
            format!(
                "{{\"id\":{},\"node_id\":\"{}\",\"name\":\"caf\\u00e9 {at}\",\"private\":{},\"token_type\":\"bearer\",\"url\":\"https:\\/\\/api.example.com\\/v1\\/items\\/{at}?page=2\",\"etag\":\"W/\\\"{}\\\"\",\"size\":{}.{}}}",
                random.next(), random.text(BASE64, 20), at % 3 == 0, random.text(HEX, 32), random.next() % 900, random.next() % 99
            )
        })
        .collect();
    format!("{{\"items\":[{}],\"next\":null}}", items.join(","))
}

fn scripts() -> String {
    let random = &mut Random(42);
    let names = b"abcdefghijklmnopqrstuvwxyz";
    (0..150).map(|_| format!("function {0}({1},{2}){{var {3}={1}.{0}||[];return {2}?{3}[{4}]:void 0!=={1}&&\"{5}\"in {3}}}", random.text(names, 2), random.text(names, 1), random.text(names, 1), random.text(names, 1), random.next() % 300, random.text(names, 6))).collect()
}

fn style_sheet() -> String {
    let random = &mut Random(43);
    (0..120).map(|_| format!(".{}{{color:#{};margin:{}px {}px;background:url(\"data:image/svg+xml;base64,{}\")}}", random.text(ALNUM, 7), random.text(HEX, 6), random.next() % 40, random.next() % 40, random.text(BASE64, 44))).collect()
}

fn source_map() -> String {
    let random = &mut Random(44);
    let mappings: String = (0..400)
        .map(|_| {
            random.text(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                4,
            ) + if random.next().is_multiple_of(9) {
                ";"
            } else {
                ","
            }
        })
        .collect();
    format!(
        "{{\"version\":3,\"file\":\"app.min.js\",\"sources\":[\"../src/auth.ts\",\"../src/token.ts\"],\"names\":[\"password\",\"secret\",\"apiKey\"],\"mappings\":\"{mappings}\"}}"
    )
}

fn certificate() -> String {
    format!(
        "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n",
        Random(45).lines(BASE64, 64, 24)
    )
}

fn pairs(random: &mut Random, count: usize) -> String {
    let pairs: Vec<String> = (0..count).map(|_| random.text(HEX, 2)).collect();
    pairs.join(":")
}

fn x509() -> String {
    let random = &mut Random(46);
    let modulus: String = (0..17)
        .map(|_| format!("                    {}:\n", pairs(random, 15)))
        .collect();
    format!(
        "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number:\n            {}\n        Signature Algorithm: sha256WithRSAEncryption\n        Issuer: C = US, O = Let's Encrypt, CN = R11\n        Subject: CN = shop.example.com\n            Public Key Algorithm: rsaEncryption\n                Public-Key: (2048 bit)\n                Modulus:\n{modulus}                Exponent: 65537 (0x10001)\nSHA256 Fingerprint={}\n",
        pairs(random, 18),
        pairs(random, 32).to_uppercase()
    )
}

fn ssh_keygen() -> String {
    let random = &mut Random(47);
    let art: String = (0..9)
        .map(|_| format!("|{}|\n", random.text(b" .o+=*BOX@%&#/^SE   ", 17)))
        .collect();
    format!(
        "Generating public/private ed25519 key pair.\nYour public key has been saved in id_ed25519.pub\nThe key fingerprint is:\nSHA256:{} user@host\nThe key's randomart image is:\n+--[ED25519 256]--+\n{art}+----[SHA256]-----+\n256 MD5:{} user@host (ED25519)\n",
        random.text(BASE64, 43),
        pairs(random, 16)
    )
}

fn hexdump() -> String {
    let random = &mut Random(48);
    (0..200)
        .map(|at| {
            let bytes: Vec<u64> = (0..16).map(|_| random.next() % 256).collect();
            let hex: String = bytes.iter().map(|byte| format!(" {byte:02x}")).collect();
            let text: String = bytes
                .iter()
                .map(|byte| {
                    if (32..127).contains(byte) {
                        char::from(*byte as u8)
                    } else {
                        '.'
                    }
                })
                .collect();
            format!("{:08x} {hex}  |{text}|\n", at * 16)
        })
        .collect()
}

fn uuids() -> String {
    let random = &mut Random(49);
    (0..120)
        .map(|_| {
            format!(
                "{}-{}-4{}-a{}-{}\n",
                random.text(HEX, 8),
                random.text(HEX, 4),
                random.text(HEX, 3),
                random.text(HEX, 3),
                random.text(HEX, 12)
            )
        })
        .collect()
}

fn addresses() -> String {
    let random = &mut Random(50);
    (0..120).map(|at| format!("{at:3}: 10.{}.{}.{}/24 via 192.168.{}.1 dev eth0 lladdr {} fe80::{}:{} REACHABLE\n", random.next() % 256, random.next() % 256, random.next() % 256, random.next() % 256, pairs(random, 6), random.text(HEX, 4), random.text(HEX, 4))).collect()
}

fn ls() -> String {
    let random = &mut Random(51);
    (0..120)
        .map(|_| {
            format!(
                "-rw-r--r-- 1 root root {:>9} Nov {:>2} {:02}:{:02} {}.{}\n",
                random.next() % 9_999_999,
                1 + random.next() % 28,
                random.next() % 24,
                random.next() % 60,
                random.text(ALNUM, 9),
                random.word(&["so", "key", "pem", "txt"])
            )
        })
        .collect()
}

fn ps() -> String {
    let random = &mut Random(52);
    (0..100).map(|_| format!("user     {:>6} {:>4}.{} {:>4}.{} {:>8} {:>6} ?        Ssl  10:{:02}   0:{:02} /usr/lib/{}/{} --token-file=/run/secrets/token -D{}\n", random.next() % 99_999, random.next() % 99, random.next() % 9, random.next() % 99, random.next() % 9, random.next() % 99_999_999, random.next() % 999_999, random.next() % 60, random.next() % 60, random.text(ALNUM, 6), random.text(ALNUM, 8), random.text(ALNUM, 5))).collect()
}

fn df() -> String {
    let random = &mut Random(53);
    (0..60).map(|at| format!("/dev/mapper/vg0-lv{at:<4} {:>12} {:>12} {:>12} {:>3}% /var/lib/docker/overlay2/{}/merged\n", random.next(), random.next(), random.next(), random.next() % 100, random.text(HEX, 64))).collect()
}

fn kubectl() -> String {
    let random = &mut Random(54);
    (0..80)
        .map(|_| {
            format!(
                "production   shop-{}-{}   {}/1     {}   {}     {}d{}h   10.42.{}.{}\n",
                random.text(HEX, 10),
                random.text(b"bcdfghjklmnpqrstvwxz2456789", 5),
                random.next() % 2,
                random.word(&["Running", "Pending", "CrashLoopBackOff"]),
                random.next() % 9,
                random.next() % 90,
                random.next() % 24,
                random.next() % 256,
                random.next() % 256
            )
        })
        .collect()
}

fn psql() -> String {
    let random = &mut Random(55);
    let rows: String = (0..80)
        .map(|at| {
            format!(
                " {at:>4} | user{}@example.com | {} | 2026-11-{:02} 10:14:07.{:06}+00 | t\n",
                random.next() % 9999,
                random.text(HEX, 32),
                1 + random.next() % 28,
                random.next() % 1_000_000
            )
        })
        .collect();
    format!(
        "  id  |        email         |          password_md5            |          created_at           | ok\n------+----------------------+----------------------------------+-------------------------------+----\n{rows}(80 rows)\n"
    )
}

const EXPLAIN: &str = "Hash Join  (cost=230.47..713.98 rows=101 width=488) (actual time=2.711..7.731 rows=100 loops=1)
  Hash Cond: (t2.unique2 = t1.unique2)
  ->  Seq Scan on tokens t2  (cost=0.00..445.00 rows=10000 width=244)
        Filter: ((expires_at > now()) AND (secret_hash IS NOT NULL))
Planning Time: 0.187 ms
Execution Time: 8.036 ms
";

fn yaml() -> String {
    let random = &mut Random(56);
    (0..40).map(|at| format!("- name: shop-{at}\n  image: registry.example.com/shop@sha256:{}\n  env:\n    - name: DATABASE_PASSWORD\n      valueFrom: {{ secretKeyRef: {{ name: shop, key: password }} }}\n  resources: {{ limits: {{ cpu: {}m, memory: {}Mi }} }}\n", random.text(HEX, 64), random.next() % 900, random.next() % 900)).collect()
}

fn csv() -> String {
    let random = &mut Random(57);
    "date,amount,rate,account\n".to_owned()
        + &(0..150)
            .map(|_| {
                format!(
                    "2026-{:02}-{:02},{}.{:02},0.{:06},{}\n",
                    1 + random.next() % 12,
                    1 + random.next() % 28,
                    random.next() % 99_999,
                    random.next() % 100,
                    random.next() % 1_000_000,
                    random.text(b"0123456789", 16)
                )
            })
            .collect::<String>()
}

const MANUAL: &str = "N\u{8}NA\u{8}AM\u{8}ME\u{8}E
       openssl-passwd - compute password hashes
S\u{8}SY\u{8}YN\u{8}NO\u{8}OP\u{8}PS\u{8}SI\u{8}IS\u{8}S
       _\u{8}o_\u{8}p_\u{8}e_\u{8}n_\u{8}s_\u{8}s_\u{8}l passwd [-help] [-1] [-apr1] [-salt string] [-stdin] {password}
       -salt string
           Use the specified salt. When reading a password from the terminal, this implies -noverify.
";

const SCRIPTS: &str = "\u{2705} \u{30d3}\u{30eb}\u{30c9}\u{304c}\u{6210}\u{529f}\u{3057}\u{307e}\u{3057}\u{305f} \u{1f680} \u{5bc6}\u{7801}\u{9519}\u{8bef}\u{ff0c}\u{8bf7}\u{91cd}\u{8bd5}
\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c} \u{43d}\u{435}\u{432}\u{435}\u{440}\u{435}\u{43d} \u{39b}\u{3ac}\u{3b8}\u{3bf}\u{3c2} \u{3ba}\u{3c9}\u{3b4}\u{3b9}\u{3ba}\u{3cc}\u{3c2} \u{5e1}\u{5d9}\u{5e1}\u{5de}\u{5d4} \u{639}\u{631}\u{628}\u{64a}
\u{ff21}\u{ff22}\u{ff23} e\u{301}te\u{301} x\u{b2}+y\u{b2}=z\u{b2} H\u{2082}O \u{24b6}\u{24b7} \u{1d400}\u{1d401}
";

const TRANSLATIONS: &str = "{\"login.password\":\"\\u041f\\u0430\\u0440\\u043e\\u043b\\u044c\",\"login.again\":\"\\u8bf7\\u518d\\u6b21\\u8f93\\u5165\\u5bc6\\u7801\",\"menu\":\"Men\\u00fc \\u2014 \\u00dcbersicht\",\"html\":\"<b>Gro\\u00dfe&nbsp;Tabelle<\\/b> &amp; mehr &#8230;\"}\n";

fn digests() -> String {
    let random = &mut Random(58);
    (0..80)
        .map(|at| format!("{}  dist/shop-{at}.tar.gz\n", random.text(HEX, 64)))
        .collect()
}

fn words() -> String {
    let random = &mut Random(59);
    let words = [
        "lorem",
        "ipsum",
        "dolor",
        "sit",
        "amet",
        "correct",
        "paper",
        "password",
        "production",
        "database",
        "staple",
        "consectetur",
        "the",
        "secret",
        "of",
        "key",
    ];
    (0..900)
        .map(|at| {
            format!(
                "{}{}",
                random.word(&words),
                if at % 12 == 11 { ".\n" } else { " " }
            )
        })
        .collect()
}

fn log() -> String {
    let random = &mut Random(60);
    (0..100)
        .map(|_| format!("2026-11-24T10:{:02}:{:02}.{:06}Z {:<5} shop::auth{{request_id={} user={}}}: token refreshed in {}.{}ms trace=00-{}-{}-01\n", random.next() % 60, random.next() % 60, random.next() % 1_000_000, random.word(&["INFO", "WARN", "DEBUG"]), random.text(ALNUM, 22), random.next() % 9999, random.next() % 90, random.next() % 999, random.text(HEX, 32), random.text(HEX, 16)))
        .collect()
}

fn strace() -> String {
    let random = &mut Random(61);
    (0..80).map(|_| format!("openat(AT_FDCWD, \"/etc/ssl/{}.pem\", O_RDONLY|O_CLOEXEC) = {}\nread({}, \"\\177ELF\\2\\1\\1\\3\\0\\0\\0\\0\\0\\0\\0\\0\\3\\0>\\0\\1\\0\\0\\0\\{:o}\\{:o}\\1\\0\"..., 832) = 832\nmmap(NULL, {}, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f{}\n", random.text(ALNUM, 8), random.next() % 20, random.next() % 20, random.next() % 256, random.next() % 256, random.next() % 99_999, random.text(HEX, 10))).collect()
}

const VARIABLES: &str = "SHELL=/bin/bash
LS_COLORS=rs=0:di=01;34:ln=01;36:mh=00:pi=40;33:so=01;35:do=01;35:bd=40;33;01:cd=40;33;01:or=40;31;01:mi=00
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
AWS_REGION=eu-central-1
AWS_SECRET_ACCESS_KEY_FILE=/run/secrets/aws
DATABASE_URL=postgres://app@db.example.com:5432/production?sslmode=require
";

fn headers() -> String {
    let random = &mut Random(62);
    (0..30).map(|_| format!("HTTP/2 200\r\ndate: Tue, 24 Nov 2026 10:14:07 GMT\r\netag: \"{}\"\r\nset-cookie: csrf={}; Path=/; HttpOnly\r\nx-request-id: {}\r\ncontent-security-policy: script-src 'self' 'nonce-{}'\r\nvary: Authorization, Accept-Encoding\r\n\r\n", random.text(HEX, 40), random.text(ALNUM, 43), random.text(HEX, 32), random.text(BASE64, 22))).collect()
}

const SETTINGS: &str = "# copy to .env and fill in
STRIPE_SECRET_KEY=sk_live_...
GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
DATABASE_PASSWORD=changeme
SLACK_WEBHOOK=https://hooks.slack.com/services/T7/B9/placeholder
PRIVATE_KEY=\"-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----\\n\"
";

const MAIL: &str = "Subject: =?utf-8?B?SWhyIE5ldWVzIFBhc3N3b3J0?=
Content-Transfer-Encoding: quoted-printable

Sehr geehrte Damen und Herren, bitte =C3=A4ndern Sie Ihr Pa=C3=9Fwort b=
is zum 24.=20
https://example.com/reset?id=3D12&amp;lang=3Dde
";

fn floats() -> String {
    let random = &mut Random(63);
    (0..300)
        .map(|at| {
            format!(
                "{}{}.{:09}e-{:02}",
                if at % 8 == 0 { "\n" } else { " " },
                random.next() % 10,
                random.next() % 1_000_000_000,
                random.next() % 20
            )
        })
        .collect()
}

const CALENDAR: &str = "   November 2026
Su Mo Tu We Th Fr Sa
 1  2  3  4  5  6  7
 8  9 10 11 12 13 14
*/5 * * * * /usr/local/bin/rotate-key --vault Dev >/dev/null 2>&1
0 3 * * 1-5 pg_dump production | gzip -9 > /backup/production.sql.gz
";

/// The beginning of a PNG, and bytes like packed ones.
fn picture() -> Vec<u8> {
    let random = &mut Random(64);
    let begins = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\0\0\0\x02\0\x08\x06\0\0\0IDAT".to_vec();
    begins
        .into_iter()
        .chain((0..4000).map(|_| random.next() as u8))
        .collect()
}

/// As of an ELF file: a header, tables, names, code.
fn program() -> Vec<u8> {
    let random = &mut Random(65);
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0".to_vec();
    for at in 0..300_u32 {
        bytes.extend(at.wrapping_mul(0x18).to_le_bytes());
        bytes.extend([
            0x48,
            0x8b,
            random.next() as u8,
            random.next() as u8,
            0,
            0,
            0xe8,
            random.next() as u8,
            0xff,
        ]);
        bytes.extend_from_slice(
            random
                .word(&["\0__libc_start_main", "\0GLIBC_2.34", "\0getpassword", "\0"])
                .as_bytes(),
        );
    }
    bytes
}

fn latin() -> Vec<u8> {
    let text = "Gr\u{fc}\u{df}e aus K\u{f6}ln, Pa\u{df}wort ung\u{fc}ltig \u{a7} 12 \u{a3}7 \u{bd} na\u{ef}ve fa\u{e7}ade\n".repeat(30);
    text.chars().map(|c| c as u8).collect()
}
