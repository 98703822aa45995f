//! Looks samples of a text up in an index, and follows up what is found to both sides.

use crate::redact::index::{BESIDE, Form, Index, bits, eight, gram, hash, span};

/// How many grams are looked up in the bitmap before the first of them is acted upon.
const SAMPLES: usize = 8;

/// A stretch of a text that agrees with a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::redact) struct Run {
    /// Where it starts in the text.
    pub(in crate::redact) start: usize,
    /// Which secret the form belongs to.
    pub(in crate::redact) owner: u32,
    /// Where it ends.
    pub(in crate::redact) end: usize,
}

impl<const GRAM: usize, const STRIDE: usize> Index<GRAM, STRIDE> {
    /// Appends stretches of `text` that agree with a form in enough bytes to count. Where several forms of one secret
    /// agree, a stretch inside another may be left out.
    pub(in crate::redact) fn find(&self, text: &[u8], runs: &mut Vec<Run>) {
        if self.forms.is_empty() {
            return;
        }
        let mut seen = Seen::default();
        let mut at = 0;
        while let Some(block) = text.get(at..at + (SAMPLES - 1) * STRIDE + span(GRAM)) {
            let mut hits = 0_u32;
            for sample in 0..SAMPLES {
                let gram = gram::<GRAM>(&block[sample * STRIDE..sample * STRIDE + span(GRAM)]);
                hits |= u32::from(self.may_have(hash(gram))) << sample;
            }
            while hits != 0 {
                let sample = at + hits.trailing_zeros() as usize * STRIDE;
                self.check(text, sample, &mut seen, runs);
                hits &= hits - 1;
            }
            at += SAMPLES * STRIDE;
        }
        while at + GRAM <= text.len() {
            self.check(text, at, &mut seen, runs);
            at += STRIDE;
        }
    }

    #[inline(always)]
    fn may_have(&self, hash: u64) -> bool {
        let bits = bits(hash);
        self.bitmap[(hash >> self.bitmap_shift) as usize] & bits == bits
    }

    /// Follows up one sample of the text.
    fn check(&self, text: &[u8], at: usize, seen: &mut Seen, runs: &mut Vec<Run>) {
        let mut next = self.slots[self.slot(gram_of::<GRAM>(&text[at..]))] as usize;
        if next == 0 {
            return;
        }
        let beside = Beside::new::<GRAM>(text, at);
        while next != 0 {
            let place = next - 1;
            let around = &self.bytes[place - BESIDE..place + GRAM + BESIDE];
            let agreeing = GRAM + beside.agreeing(&around[..BESIDE], &around[BESIDE + GRAM..]);
            if agreeing >= self.least && !seen.was_followed(at, place) {
                self.follow(text, at, place, seen, runs);
            }
            next = self.before[place] as usize;
        }
    }

    /// Follows text and form to both sides from where they have a gram in common. Apart, so that [`Self::check`] is small.
    #[inline(never)]
    fn follow(&self, text: &[u8], at: usize, place: usize, seen: &mut Seen, runs: &mut Vec<Run>) {
        let form = self.form_at(place);
        if seen
            .found
            .iter()
            .any(|run| run.owner == form.owner && !self.exceeds(text, at, place, form, run))
        {
            return;
        }
        let left = agreeing_before(&text[..at], &self.bytes[form.start..place]);
        let right = agreeing_after(&text[at..], &self.bytes[place..form.end]);
        let run = Run {
            start: at - left,
            owner: form.owner,
            end: at + right,
        };
        seen.follow(at, place, run.end);
        if left + right >= form.needs.length
            && self.weighs(place - left, place + right, form.needs.weight)
        {
            seen.find(run);
            runs.push(run);
        }
    }

    /// Tells whether text and form may agree beyond a run that was found; if not, the run tells all there is to tell.
    fn exceeds(&self, text: &[u8], at: usize, place: usize, form: &Form, run: &Run) -> bool {
        if at < run.start || at + GRAM > run.end {
            return true;
        }
        let (left, right) = (at - run.start, run.end - at);
        left < at
            && place - form.start > left
            && text[run.start - 1] == self.bytes[place - left - 1]
            || run.end < text.len()
                && form.end - place > right
                && text[run.end] == self.bytes[place + right]
    }

    fn weighs(&self, start: usize, end: usize, enough: u32) -> bool {
        let mut sum = 0;
        enough == 0
            || self.weights[start..end].iter().any(|weight| {
                sum += u32::from(*weight);
                sum >= enough
            })
    }
}

/// What was followed and found last: a long run is met again at each sample in it, and in several forms.
#[derive(Default)]
struct Seen {
    /// The distance between text and form, and where they cease to agree in the text.
    followed: [(usize, usize); 8],
    found: [Run; 4],
    next_followed: usize,
    next_found: usize,
}

impl Seen {
    fn was_followed(&self, at: usize, place: usize) -> bool {
        let distance = at.wrapping_sub(place);
        self.followed
            .iter()
            .any(|(known, end)| *known == distance && at < *end)
    }

    fn follow(&mut self, at: usize, place: usize, end: usize) {
        self.followed[self.next_followed] = (at.wrapping_sub(place), end);
        self.next_followed = (self.next_followed + 1) % self.followed.len();
    }

    fn find(&mut self, run: Run) {
        self.found[self.next_found] = run;
        self.next_found = (self.next_found + 1) % self.found.len();
    }
}

/// What stands on both sides of a gram in a text, zeros beyond its ends. Most grams that are in a form by chance are
/// told from the rest of the form by this, without a look at which form it is.
struct Beside {
    before: u64,
    after: u64,
}

impl Beside {
    #[inline(always)]
    fn new<const GRAM: usize>(text: &[u8], at: usize) -> Self {
        match text.get(at.wrapping_sub(BESIDE)..at + GRAM + BESIDE) {
            Some(around) => Self {
                before: eight(&around[..BESIDE]),
                after: eight(&around[BESIDE + GRAM..]),
            },
            None => Self::at_an_end(&text[..at], &text[at + GRAM..]),
        }
    }

    #[cold]
    fn at_an_end(before: &[u8], after: &[u8]) -> Self {
        let (mut left, mut right) = ([0; BESIDE], [0; BESIDE]);
        let (b, a) = (before.len().min(BESIDE), after.len().min(BESIDE));
        left[BESIDE - b..].copy_from_slice(&before[before.len() - b..]);
        right[..a].copy_from_slice(&after[..a]);
        Self {
            before: eight(&left),
            after: eight(&right),
        }
    }

    /// How many bytes next to the gram agree; too many rather than too few, and each side counts [`BESIDE`] at most.
    #[inline(always)]
    fn agreeing(&self, before: &[u8], after: &[u8]) -> usize {
        let before = (self.before ^ eight(before)).leading_zeros();
        let after = (self.after ^ eight(after)).trailing_zeros();
        (before / 8 + after / 8) as usize
    }
}

/// Reads a gram where the text may end after it.
#[inline(always)]
fn gram_of<const GRAM: usize>(text: &[u8]) -> u64 {
    if let Some(bytes) = text.get(..span(GRAM)) {
        return gram::<GRAM>(bytes);
    }
    let mut bytes = [0; 16];
    bytes[..GRAM].copy_from_slice(&text[..GRAM]);
    gram::<GRAM>(&bytes)
}

/// How many bytes agree from the beginnings of two texts on.
fn agreeing_after(a: &[u8], b: &[u8]) -> usize {
    let mut length = 0;
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        let different = eight(a) ^ eight(b);
        if different != 0 {
            return length + different.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let rest = a[length..].iter().zip(&b[length..]);
    length + rest.take_while(|(a, b)| a == b).count()
}

/// How many bytes agree from the ends of two texts back.
pub(super) fn agreeing_before(a: &[u8], b: &[u8]) -> usize {
    let mut length = 0;
    for (a, b) in a.rchunks_exact(8).zip(b.rchunks_exact(8)) {
        let different = eight(a) ^ eight(b);
        if different != 0 {
            return length + different.leading_zeros() as usize / 8;
        }
        length += 8;
    }
    let (a, b) = (&a[..a.len() - length], &b[..b.len() - length]);
    let rest = a.iter().rev().zip(b.iter().rev());
    length + rest.take_while(|(a, b)| a == b).count()
}
