//! Leak ways: real programs that print a real secret in every form that came to mind, and what becomes of each.
//!
//! Each way is gone twice: by an agent that has a reference, and without hushkey, which shows that it does print the
//! value. The table in SECURITY.md is made from the same rows.

#[path = "support/agent.rs"]
mod agent;

#[path = "leaks/ciphers.rs"]
mod ciphers;
#[path = "leaks/classes.rs"]
mod classes;
#[path = "leaks/den.rs"]
mod den;
#[path = "leaks/dumps.rs"]
mod dumps;
#[path = "leaks/elsewhere.rs"]
mod elsewhere;
#[path = "leaks/encodings.rs"]
mod encodings;
#[path = "leaks/escapes.rs"]
mod escapes;
#[path = "leaks/fragments.rs"]
mod fragments;
#[path = "leaks/harmless.rs"]
mod harmless;
#[path = "leaks/nested.rs"]
mod nested;
#[path = "leaks/packed.rs"]
mod packed;
#[path = "leaks/plain.rs"]
mod plain;
#[path = "leaks/secrets.rs"]
mod secrets;
#[path = "leaks/spaced.rs"]
mod spaced;
#[path = "leaks/table.rs"]
mod table;
#[path = "leaks/tools.rs"]
mod tools;
#[path = "leaks/undo.rs"]
mod undo;
#[path = "leaks/verdicts.rs"]
mod verdicts;
#[path = "leaks/way.rs"]
mod way;
