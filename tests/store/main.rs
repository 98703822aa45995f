//! The local store against its promises: nothing in the clear, nothing changed unnoticed, nothing lost.

mod behaviour;
mod child;
mod environments;
mod flips;
mod kills;
mod lent;
mod limits;
mod model;
mod past;
mod pieces;
mod privacy;
mod processes;
mod support;
mod tamper;
mod witness;
