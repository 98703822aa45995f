//! The classes of leak ways.

use crate::{
    ciphers, dumps, encodings, escapes, fragments, nested, packed, plain, spaced, way::Way,
};

/// A class: its letter, what it holds, and its ways.
pub struct Class {
    pub letter: char,
    pub holds: &'static str,
    pub ways: Vec<Way>,
}

/// All classes whose ways show in the output of a run.
pub fn classes() -> [Class; 3] {
    [
        Class {
            letter: 'A',
            holds: "as it is, escaped, encoded, in part",
            ways: [plain::WAYS, escapes::WAYS, encodings::WAYS, fragments::WAYS].concat(),
        },
        Class {
            letter: 'B',
            holds: "in disguise: wrapped, spaced, dumped, as numbers, encoded twice, on two streams",
            ways: [spaced::WAYS, dumps::WAYS, nested::WAYS].concat(),
        },
        Class {
            letter: 'C',
            holds: "packed, exchanged, calculated with, shuffled",
            ways: [packed::WAYS, ciphers::WAYS].concat(),
        },
    ]
}
