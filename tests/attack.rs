//! An agent that wants a value, with the wide policy that `hushkey init` writes and a real server at the end of a pipe.
//!
//! What is asserted is what this version promises. Where an attack gets through, its test says so in its name, and
//! SECURITY.md says what closes it.

#[path = "support/agent.rs"]
mod agent;

#[path = "attack/den.rs"]
mod den;
#[path = "attack/environment.rs"]
mod environment;
#[path = "attack/hushkey_itself.rs"]
mod hushkey_itself;
#[path = "attack/leftovers.rs"]
mod leftovers;
#[path = "attack/locked.rs"]
mod locked;
#[path = "attack/own_files.rs"]
mod own_files;
#[path = "attack/printing.rs"]
mod printing;
#[path = "attack/records.rs"]
mod records;
