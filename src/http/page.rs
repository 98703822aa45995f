//! Pages for a person on this machine: plain HTML that needs no script and fetches nothing from elsewhere.
//!
//! A page shows names, never values. All of them are served on loopback alone, under one name, with one set of headers
//! that keeps other pages from framing, reading or filling them in.

mod body;
mod door;
mod frame;
mod gate;
mod listener;
mod owner;
mod typing;

pub use door::TypingDoor;
pub use owner::{Health, Owner, OwnerPages, Prove, Rules};
