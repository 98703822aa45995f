//! Loaded dice, and what they do to a message: first to its members, then to its bytes.

use serde_json::{Value, json};

/// Random numbers that are the same each time (xorshift64*).
pub struct Dice(u64);

impl Dice {
    pub fn loaded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn throw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        let thrown = usize::try_from(self.throw() >> 33).expect("31 bits fit");
        thrown % end
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// The message with some of it changed; one in six is left as it was.
pub fn mangled(dice: &mut Dice, message: &Value) -> Vec<u8> {
    let mut message = message.clone();
    for _ in 0..dice.below(4) {
        let nodes = count(&message);
        let chosen = dice.below(nodes);
        change(dice, &mut message, &mut { chosen });
    }
    let mut bytes = message.to_string().into_bytes();
    for _ in 0..dice.below(5).saturating_sub(2) {
        bend(dice, &mut bytes);
    }
    bytes
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// Changes the chosen one of all values, counted from the outside in; tells whether it was here.
fn change(dice: &mut Dice, value: &mut Value, chosen: &mut usize) -> bool {
    if *chosen == 0 {
        change_here(dice, value);
        return true;
    }
    *chosen -= 1;
    match value {
        Value::Array(elements) => elements.iter_mut().any(|it| change(dice, it, chosen)),
        Value::Object(members) => members.values_mut().any(|it| change(dice, it, chosen)),
        _ => false,
    }
}

fn change_here(dice: &mut Dice, value: &mut Value) {
    let odd = odd(dice);
    match value {
        Value::Array(elements) if dice.below(2) == 0 => {
            if dice.below(2) == 0 && !elements.is_empty() {
                let at = dice.below(elements.len());
                elements.remove(at);
            } else {
                elements.push(odd);
            }
        }
        Value::Object(members) if dice.below(4) > 0 => {
            let names: Vec<String> = members.keys().cloned().collect();
            match dice.below(3) {
                0 => drop(members.insert((*dice.one_of(NAMES)).to_owned(), odd)),
                1 if !names.is_empty() => drop(members.remove(dice.one_of(&names))),
                _ if !names.is_empty() => {
                    let name = dice.one_of(&names);
                    members.insert(name.clone(), odd);
                }
                _ => {}
            }
        }
        other => *other = odd,
    }
}

/// Members that some message has.
const NAMES: &[&str] = &[
    "",
    "_meta",
    "arguments",
    "ask",
    "capabilities",
    "copy",
    "cursor",
    "env",
    "error",
    "field",
    "fields",
    "generate",
    "id",
    "inputResponses",
    "io.modelcontextprotocol/protocolVersion",
    "item",
    "jsonrpc",
    "limit",
    "method",
    "name",
    "notifications",
    "params",
    "progressToken",
    "requestState",
    "result",
    "uri",
    "vault",
];

fn odd(dice: &mut Dice) -> Value {
    match dice.below(24) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(1e308),
        5 => json!(9_007_199_254_740_993_u64),
        6 => json!(0.1),
        7 => json!(""),
        8 => json!("x".repeat(5000)),
        9 => json!("\u{202e}\u{0}\u{200b}"),
        10 => json!([]),
        11 => json!({}),
        12 => json!("op://Dev/Stripe/secret key"),
        13 => json!("op://"),
        14 => json!("../../../../etc/passwd"),
        15 => json!("2025-11-25"),
        16 => json!("2099-01-01"),
        17 => json!("Dev"),
        18 => json!("Stripe"),
        19 => json!("hushkey://vaults"),
        20 => json!([null, [], {}]),
        21 => json!({ "": { "": {} } }),
        22 => (0..60).fold(Value::Null, |inner, _| json!([inner])),
        _ => json!("tools/list"),
    }
}

/// Pieces at which a parser may stumble.
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\\u0000",
    b"\\ud800",
    b"\"",
    b"{",
    b"}",
    b"[",
    b",",
    b":",
    b"\\",
    b"1e999",
    b"//",
    b"NaN",
];

fn bend(dice: &mut Dice, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let at = dice.below(bytes.len());
    let end = (at + 1 + dice.below(30)).min(bytes.len());
    match dice.below(6) {
        0 => bytes[at] ^= 1 << dice.below(8),
        1 => bytes.truncate(at),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let again = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, again));
        }
        4 => drop(bytes.splice(at..at, dice.one_of(PIECES).iter().copied())),
        _ => bytes.swap(at, end - 1),
    }
}
