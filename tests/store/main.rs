//! The local store against its promises: nothing in the clear, nothing changed unnoticed, nothing lost.

mod behaviour;
mod support;
