//! The places where secrets live.

pub mod local;
