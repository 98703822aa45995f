//! Who asks, and how a person beside them can be reached.

use std::pin::Pin;

use crate::{access::Caller, approvals::Request};

/// Who asks for something, why, and whether the other side can show a person a dialogue.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    pub(super) caller: &'a Caller,
    pub(super) reason: Option<&'a str>,
    pub(super) dialogue: Option<&'a dyn Dialogue>,
}

impl<'a> Asker<'a> {
    /// Adds why, in the caller's words.
    #[must_use]
    pub fn because(self, reason: Option<&'a str>) -> Self {
        Self { reason, ..self }
    }

    /// Adds a way to a person.
    #[must_use]
    pub fn with_dialogue(self, dialogue: &'a dyn Dialogue) -> Self {
        Self {
            dialogue: Some(dialogue),
            ..self
        }
    }
}

impl<'a> From<&'a Caller> for Asker<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self {
            caller,
            reason: None,
            dialogue: None,
        }
    }
}

/// Something that takes its time.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way to a person through the agent's own client. What comes back by it is the client's word.
pub trait Dialogue: Send + Sync {
    /// Shows what will happen, and waits for the answer.
    fn ask<'a>(&'a self, request: &'a Request) -> Waiting<'a, Reply>;

    /// What the client kept of an earlier call, and the answer that it brings; `None` in a first call.
    fn resumed(&self) -> Option<(String, Reply)>;

    /// Names this call, so that what a client keeps for it serves no other one.
    fn call(&self) -> &[u8];

    /// Ends when the client calls it off.
    fn cancelled(&self) -> Waiting<'_, ()>;

    /// Tells the client meanwhile that a person is waited for.
    fn waits(&self, waits: bool);
}

/// What came of a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A person said no.
    No,
    /// No dialogue could be shown, or it was closed without an answer.
    None,
    /// The answer comes with another call: nothing is waited for in this one.
    Suspended,
    /// A person said yes.
    Yes {
        /// Whether it is to be remembered, where that is possible.
        remember: bool,
    },
}
