//! Looks at the bounded text that is about to leave towards a model, and tells whether it shows a value in disguise.
//!
//! The stream redactor replaces what it finds; this only tells whose value is there, so it may undo what can't be
//! mapped back to places in the text: terminal sequences, wraps, dumps, lists of numbers, nested encodings, constant
//! offsets. It expects text that the redactor has been over. What to do about a find is decided elsewhere.

mod clean;
mod decode;
mod dense;
mod likeness;
mod near;
mod numbers;
mod packed;
mod periodic;
mod symbols;
mod unescape;
mod view;

use std::fmt;

use zeroize::Zeroizing;

use crate::redact::{
    Concealed,
    engine::Engine,
    gate::{likeness::Likeness, near::Near, unescape::unescaped, view::View},
    index::Run,
    parts::{self, Part},
    short,
    variants::{Forms, is_no_chance},
};

/// How many bytes of both streams together are looked at; a longer text counts as a find.
pub const LONGEST_TEXT: usize = 512 * 1024;

/// How many bytes of views are searched before the gate gives up, which counts as a find.
const WORK: usize = 192 << 20;

/// How many encodings around one another are undone; the innermost is found without that.
const DEPTH: usize = 6;

/// Of parts that tell less than six bytes, in eighths, something can be seen in too many texts.
const TELLING: u32 = 48;

/// Bytes that a text stands for are looked at in every way if they are not more than this.
const SMALL: usize = 2048;

/// How much of either stream is looked at where the other one is put before it.
const SEAM: usize = 8 * 1024;

/// Recognizes values in disguise. Its patterns are wiped when it is dropped.
pub struct Gate {
    references: Vec<String>,
    /// All forms that the redactor looks for.
    forms: Engine,
    /// Forms that need a view without white space.
    changed: Engine,
    /// Letters and digits of each part, in lower case.
    bare: Engine,
    /// What leads from each byte of a part to the next, which a constant added to all of them leaves alone.
    steps: Engine,
    /// What leads from each letter of a part to the next, which a rotated alphabet leaves alone.
    letter_steps: Engine,
    likeness: Likeness,
    near: Near,
}

impl Gate {
    /// Prepares all views of all secrets. Values that can be guessed are left out: their output has to be withheld anyway.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = Concealed<'a>>) -> Self {
        let mut gate = Self {
            references: Vec::new(),
            forms: Engine::default(),
            changed: Engine::default(),
            bare: Engine::default(),
            steps: Engine::default(),
            letter_steps: Engine::default(),
            likeness: Likeness::default(),
            near: Near::default(),
        };
        for secret in secrets {
            let owner = gate.references.len() as u32;
            let mut parts = parts::parts(secret.value.expose_secret());
            parts.retain(|part| !short::is_guessable(part) && short::tells(part) >= TELLING);
            gate.add(owner, &parts);
            gate.references.push(secret.reference.to_owned());
        }
        gate.forms.build();
        gate.changed.build();
        gate.bare.build();
        gate.steps.build();
        gate.letter_steps.build();
        gate.likeness.build();
        gate.near.build();
        gate
    }

    /// Returns the reference of a secret that a program's output shows in a form other than a mark. What is too long
    /// or takes too much work to look at counts as showing the first secret.
    #[must_use]
    pub fn look(&self, stdout: &[u8], stderr: &[u8]) -> Option<&str> {
        let first = self.references.first()?;
        if stdout.len() + stderr.len() > LONGEST_TEXT {
            return Some(first);
        }
        let mut search = Search {
            gate: self,
            work: WORK,
            runs: Vec::new(),
            found: None,
        };
        for stream in [stdout, stderr] {
            search.packed(stream);
            search.near_marks(stream);
        }
        search.streams(
            &clean::clean(stdout, &self.references),
            &clean::clean(stderr, &self.references),
        );
        if [stdout, stderr].iter().any(|stream| clean::hides(stream)) {
            search.streams(
                &clean::uncovered(stdout, &self.references),
                &clean::uncovered(stderr, &self.references),
            );
        }
        search
            .found
            .map(|owner| self.references[owner as usize].as_str())
    }

    fn add(&mut self, owner: u32, parts: &[Part]) {
        for form in Forms::of(parts).iter() {
            self.forms.add(owner, form);
            self.near.add(owner, form);
        }
        for part in parts {
            let (solid, bare) = Forms::stripped(part);
            solid.iter().for_each(|form| self.forms.add(owner, form));
            for form in bare.iter() {
                self.bare.add(owner, form);
                self.likeness.add(owner, form);
            }
            for form in Forms::changed(part).iter() {
                self.changed.add(owner, form);
            }
            let ways = [view::STEPS[0], view::STEPS[1], view::STEPS_DOWN];
            for form in Forms::steps(part, &ways).iter() {
                self.steps.add(owner, form);
            }
            for form in Forms::letter_steps(part, view::letter_step).iter() {
                self.letter_steps.add(owner, form);
            }
        }
    }
}

/// The text without the redactor's marks of these references.
pub(super) fn without_marks(text: &[u8], references: &[&str]) -> Zeroizing<Vec<u8>> {
    let references: Vec<String> = references.iter().map(|it| (*it).to_owned()).collect();
    let mut clear = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some(first) = rest.first() {
        match clean::mark_at(rest, &references) {
            Some(mark) => {
                // What stands on its two sides is not one piece.
                clear.push(b'\n');
                rest = &rest[mark.length..];
            }
            None => {
                clear.push(*first);
                rest = &rest[1..];
            }
        }
    }
    clear
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate(..)")
    }
}

/// One look; it ends with the first find.
struct Search<'a> {
    gate: &'a Gate,
    /// How many more bytes may be searched.
    work: usize,
    runs: Vec<Run>,
    found: Option<u32>,
}

impl Search<'_> {
    /// Searches both streams, one after the other and in turn.
    fn streams(&mut self, stdout: &[u8], stderr: &[u8]) {
        self.layout(&Zeroizing::new([stdout, stderr].concat()), DEPTH);
        if stdout.is_empty() || stderr.is_empty() {
            return;
        }
        let seam = [
            &stderr[stderr.len().saturating_sub(SEAM)..],
            &stdout[..stdout.len().min(SEAM)],
        ];
        self.text(&Zeroizing::new(seam.concat()), 0);
        self.text(&view::lines_in_turn(stdout, stderr), 0);
        let (solid_out, solid_err) = (view::solid(stdout), view::solid(stderr));
        self.text(&view::bytes_in_turn(&solid_out, &solid_err), 0);
        self.text(&view::bytes_in_turn(stdout, stderr), 0);
    }

    /// Searches a text as it is laid out: in lines, with offsets before them, in columns, in even distances.
    fn layout(&mut self, text: &[u8], depth: usize) {
        self.text(text, depth);
        if self.found.is_some() {
            return;
        }
        self.text(&view::without_offsets(text), depth.min(1));
        for column in [
            view::Column::First,
            view::Column::Last,
            view::Column::LastWord,
        ] {
            self.text(&view::column(text, column), 0);
        }
        self.text(&view::initials(text), 0);
        self.text(&view::labelled(text), 0);
        self.forms(&view::neighbours_in_turn(text));
        self.bare(&view::bare(&view::lines_backwards(text)));
        self.unlikely(&self.gate.forms, &view::downwards(text));
        self.engine(&self.gate.letter_steps, &view::letter_steps(text));
        periodic::views(text, |view| {
            self.unlikely(&self.gate.forms, view);
            if view.len() < text.len() {
                self.unlikely(&self.gate.changed, view);
            }
        });
        self.readings(&numbers::readings(text), depth);
    }

    /// Searches a text and what it decodes to.
    fn text(&mut self, text: &[u8], depth: usize) {
        if self.found.is_some() || text.is_empty() {
            return;
        }
        let solid = view::solid(text);
        self.forms(text);
        self.forms(&solid);
        self.engine(&self.gate.changed, &solid);
        self.forms(&view::alphanumeric(text));
        self.forms(&Zeroizing::new(solid.to_ascii_lowercase()));
        self.bare(&view::bare(text));
        for steps in view::steps(text) {
            self.engine(&self.gate.steps, &steps);
        }
        if depth > 0 && self.found.is_none() {
            self.text(&unescaped(text), depth - 1);
            match decode::readings(text, &solid) {
                Ok(readings) => self.readings(&readings, depth),
                Err(packed::TooMuch) => self.found = Some(0),
            }
        }
    }

    /// Searches bytes that a text stands for. What can be read of them is a text again.
    fn readings(&mut self, readings: &[View], depth: usize) {
        let mut told = View::default();
        for bytes in readings {
            self.reading(bytes, depth, &mut told);
        }
        if depth > 0 && self.found.is_none() && !told.is_empty() {
            self.layout(&told, depth - 1);
        }
    }

    fn reading(&mut self, bytes: &[u8], depth: usize, told: &mut View) {
        if self.found.is_some() {
            return;
        }
        if bytes.len() <= SMALL || bytes.iter().filter(|byte| **byte == 0).count() > bytes.len() / 4
        {
            self.text(bytes, 0);
        } else {
            self.forms(bytes);
            self.engine(&self.gate.changed, bytes);
            for steps in view::steps(bytes) {
                self.engine(&self.gate.steps, &steps);
            }
        }
        view::printable(bytes, told);
        match packed::unpacked(bytes) {
            Ok(unpacked) if depth > 0 && !unpacked.is_empty() => {
                self.reading(&unpacked, depth - 1, told)
            }
            Ok(_) => {}
            Err(packed::TooMuch) => self.found = Some(0),
        }
    }

    /// Searches what is packed in a stream as it came, before anything is taken out of it.
    fn packed(&mut self, stream: &[u8]) {
        match packed::unpacked(stream) {
            Ok(bytes) if bytes.is_empty() => {}
            Ok(bytes) => self.readings(&[bytes], DEPTH),
            Err(packed::TooMuch) => self.found = Some(0),
        }
    }

    /// Searches what stands beside the redactor's marks.
    fn near_marks(&mut self, stream: &[u8]) {
        if self.found.is_none() {
            self.found = self.gate.near.look(stream, &self.gate.references);
        }
    }

    fn forms(&mut self, view: &[u8]) {
        self.engine(&self.gate.forms, view);
    }

    /// Searches one of the many views of a text that seldom show anything. Together they have more chances to be wrong.
    fn unlikely(&mut self, engine: &Engine, view: &[u8]) {
        if self.found.is_none() && self.find(engine, view) {
            let certain = |run: &&Run| is_no_chance(&view[run.start..run.end]);
            self.found = self.runs.iter().filter(certain).map(|run| run.owner).min();
        }
    }

    fn bare(&mut self, view: &[u8]) {
        self.engine(&self.gate.bare, view);
        if self.found.is_none() {
            self.found = self.gate.likeness.look(view);
        }
    }

    fn engine(&mut self, engine: &Engine, view: &[u8]) {
        if self.found.is_none() && self.find(engine, view) {
            self.found = self.runs.iter().map(|run| run.owner).min();
        }
    }

    /// Finds the runs of a view. There are none to look at if the work is used up: that counts as a find.
    fn find(&mut self, engine: &Engine, view: &[u8]) -> bool {
        let Some(work) = self.work.checked_sub(view.len()) else {
            self.found = Some(0);
            return false;
        };
        self.work = work;
        self.runs.clear();
        engine.find(view, &mut self.runs);
        true
    }
}

#[cfg(test)]
mod tests;
