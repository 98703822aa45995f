//! Many agents over HTTP: who is let in, as whom, and what becomes of everybody else.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "support/fake_connect.rs"]
mod fake_connect;
#[path = "support/fake_vault.rs"]
#[allow(dead_code)]
mod fake_vault;

#[path = "http/asking.rs"]
mod asking;
#[path = "http/client.rs"]
mod client;
#[path = "http/ends.rs"]
mod ends;
#[path = "http/hijack.rs"]
mod hijack;
#[path = "http/limits.rs"]
mod limits;
#[path = "http/protocol.rs"]
mod protocol;
#[path = "http/small.rs"]
mod small;
#[path = "http/turns.rs"]
mod turns;
#[path = "http/ways.rs"]
mod ways;

const BACKEND: binary::Backend = binary::Backend::Local;
