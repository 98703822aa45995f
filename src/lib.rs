//! Hushkey lets software agents use secrets without seeing them.

#![warn(unreachable_pub)]

pub mod backend;
pub mod keys;
pub mod private_file;
pub mod seal;
pub mod sqlite_file;
pub mod vault;
