//! The word list of passphrases, packed: the letters of all words, and where each ends.
//!
//! The crate that ships the list has it as an array of string slices, 16 bytes each, and every slice is a pointer that
//! the loader has to correct whenever the program starts: a quarter of all its pointers, for a list that few starts need.
//! It is packed when hushkey is compiled, and the array is dropped.

use diceware_wordlists::EFF_LONG_WORDLIST;

/// How many words there are.
pub(super) const COUNT: usize = EFF_LONG_WORDLIST.len();

static LETTERS: [u8; letters()] = packed();
static ENDS: [u16; COUNT] = ends();

/// The word with this number, below [`COUNT`].
pub(super) fn word(number: usize) -> &'static str {
    let begin = number.checked_sub(1).map_or(0, |before| ENDS[before]);
    let letters = &LETTERS[usize::from(begin)..usize::from(ENDS[number])];
    std::str::from_utf8(letters).expect("whole words of a list that is text")
}

const fn letters() -> usize {
    let (mut all, mut number) = (0, 0);
    while number < COUNT {
        all += EFF_LONG_WORDLIST[number].len();
        number += 1;
    }
    all
}

const fn packed() -> [u8; letters()] {
    let mut all = [0; letters()];
    let (mut at, mut number) = (0, 0);
    while number < COUNT {
        let word = EFF_LONG_WORDLIST[number].as_bytes();
        let mut letter = 0;
        while letter < word.len() {
            all[at] = word[letter];
            at += 1;
            letter += 1;
        }
        number += 1;
    }
    all
}

const fn ends() -> [u16; COUNT] {
    // Else the ends would be cut, and words with them.
    assert!(
        letters() <= u16::MAX as usize,
        "more letters than u16 counts"
    );
    let mut ends = [0; COUNT];
    let (mut at, mut number) = (0, 0);
    while number < COUNT {
        at += EFF_LONG_WORDLIST[number].len();
        ends[number] = at as u16;
        number += 1;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packed_words_are_those_of_the_list() {
        let packed: Vec<&str> = (0..COUNT).map(word).collect();

        assert_eq!(packed, EFF_LONG_WORDLIST);
    }
}
