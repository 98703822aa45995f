//! Puts the grams of forms in the table of an index, but for those without which everything is found as well.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::redact::index::{AFTER, Form, Index, STRETCH, bits, hash};

/// Of the places where a gram stands already, so many are compared with a new one.
const COMPARED: usize = 8;

impl<const GRAM: usize, const STRIDE: usize> Index<GRAM, STRIDE> {
    /// Puts the grams of all forms in the table.
    pub(in crate::redact) fn build(&mut self) {
        if self.forms.is_empty() {
            return;
        }
        self.bytes.extend_from_slice(&[0; AFTER]);
        let grams: usize = self
            .forms
            .iter()
            .map(|form| form.count::<GRAM, STRIDE>())
            .sum();
        let slots = (grams * 2).next_power_of_two().max(64);
        let words = (grams / 4).next_power_of_two().max(64);
        self.slots_shift = 64 - slots.trailing_zeros();
        self.bitmap_shift = 64 - words.trailing_zeros();
        self.slots = Zeroizing::new(vec![0; slots]);
        self.bitmap = Zeroizing::new(vec![0; words]);
        self.before = Zeroizing::new(vec![0; self.bytes.len()]);
        for form in 0..self.forms.len() {
            self.stretches
                .resize(self.forms[form].end.div_ceil(STRETCH), form as u32);
            self.insert_form(self.forms[form]);
        }
    }

    fn insert_form(&mut self, form: Form) {
        let mut twin = 0..0;
        for place in form.start..=form.end - GRAM {
            let in_turn = (place - form.start) % form.period < STRIDE;
            if !in_turn || form.thinned && !self.is_near_weight(form, place) {
                continue;
            }
            let gram = self.gram_at(place);
            let slot = self.slot(gram);
            let known = self.slots[slot] as usize;
            if known > 0 && form.thinned {
                let fragments = self.fragments_at(form, place);
                if !covers(&twin, &fragments) {
                    twin = self.twin(form, place, known);
                }
                if covers(&twin, &fragments) {
                    continue;
                }
            }
            let hash = hash(gram);
            self.bitmap[(hash >> self.bitmap_shift) as usize] |= bits(hash);
            self.before[place] = std::mem::replace(&mut self.slots[slot], place as u32 + 1);
        }
    }

    /// Tells whether a gram has a byte with weight, or is near one. A fragment holds such a byte, and then as many of
    /// these grams next to each other as there are bytes between samples.
    fn is_near_weight(&self, form: Form, place: usize) -> bool {
        let start = (place + 1).saturating_sub(STRIDE).max(form.start);
        let end = (place + GRAM + STRIDE - 1).min(form.end);
        self.weights[start..end].iter().any(|weight| *weight > 0)
    }

    /// The longest stretch around a place that agrees with an earlier form of the same secret, one with the same gram at
    /// `known`. What is found there is found by the grams of that form.
    fn twin(&self, form: Form, place: usize, known: usize) -> Range<usize> {
        let mut longest = 0..0;
        let mut next = known;
        for _ in 0..COMPARED {
            let Some(other) = next.checked_sub(1) else {
                break;
            };
            next = self.before[other] as usize;
            let twin = self.form_at(other);
            if (twin.owner, twin.needs.length, twin.needs.weight)
                != (form.owner, form.needs.length, form.needs.weight)
                || twin.end > form.start
            {
                continue;
            }
            let pairs =
                |from: usize, to: usize| self.bytes[from..to].iter().zip(&self.weights[from..to]);
            let left = agreeing(
                pairs(form.start, place).rev(),
                pairs(twin.start, other).rev(),
            );
            let right = agreeing(pairs(place, form.end), pairs(other, twin.end));
            if left + right > longest.len() {
                longest = place - left..place + right;
            }
        }
        longest
    }

    /// The stretch that holds every fragment which holds the gram at a place and is no longer than it has to be.
    fn fragments_at(&self, form: Form, place: usize) -> Range<usize> {
        let reach = |weights: &mut dyn Iterator<Item = &u8>| {
            let (mut length, mut sum) = (0, 0);
            for weight in weights {
                sum += u32::from(*weight);
                length += 1;
                if sum >= form.needs.weight && length >= form.needs.length {
                    break;
                }
            }
            length
        };
        let left = reach(&mut self.weights[form.start..place + GRAM - 1].iter().rev());
        let right = reach(&mut self.weights[place + 1..form.end].iter());
        place + GRAM - 1 - left..place + 1 + right
    }
}

/// How many items agree before the first that doesn't.
fn agreeing<T: PartialEq>(a: impl Iterator<Item = T>, b: impl Iterator<Item = T>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
}

fn covers(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start <= other.start && other.end <= one.end
}

impl Form {
    /// How many grams are in the table at most.
    fn count<const GRAM: usize, const STRIDE: usize>(&self) -> usize {
        let grams = self.end - self.start + 1 - GRAM;
        grams.div_ceil(self.period) * STRIDE.min(self.period)
    }
}
