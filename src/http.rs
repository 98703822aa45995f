//! What can be reached over HTTP: MCP for many agents, the Connect API for programs and the admin API for those who manage
//! Connect servers, each known by its token; and pages for a person on this machine.
//!
//! [`Server`] listens, lets in and sorts out; what is asked for then is a matter of [`crate::mcp`]. Who calls is found out
//! for each request from that request alone. The module knows addresses, tokens' digests and limits, and no
//! store. Values pass it in two places: in [`page`] from a person's keyboard to the broker, and in `connect_api` from the
//! broker to a program whose token reaches them.

pub mod origin;
pub mod page;

mod admin;
mod agents;
mod answer;
mod arrival;
mod brake;
mod connect_api;
mod connections;
mod door;
mod entrance;
mod failure;
mod held;
mod limits;
mod listener;
mod server;
mod tls;
mod vitals;

pub use limits::Limits;
pub use listener::{Listen, NotAnAddress};
pub use server::{Plan, Server, StartError};
pub use tls::{Tls, TlsError};
