//! The places where secrets live.

pub mod connect;
pub mod local;
