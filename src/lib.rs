//! Hushkey lets software agents use secrets without seeing them.

#![warn(unreachable_pub)]

pub mod access;
pub mod admin;
pub mod age;
pub mod approvals;
pub mod audit;
pub mod backend;
pub mod broker;
pub mod cli;
pub mod config;
pub mod connect;
pub mod directory_lock;
pub mod display_text;
pub mod dotenv;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod generate;
pub mod http;
pub mod import;
pub mod jwt;
pub mod keys;
pub mod launch;
pub mod limits;
pub mod logging;
pub mod mcp;
pub mod offload;
pub mod otp;
pub mod policy;
pub mod policy_file;
pub mod portable;
pub mod private_file;
pub mod redact;
pub mod registry;
pub mod seal;
pub mod setup;
pub mod sqlite_file;
pub mod ssh_key;
pub mod template;
pub mod unlocked;
pub mod vault;
pub mod words;
