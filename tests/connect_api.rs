//! The Connect API as programs use it: the real binary serves, and what is sent and read is HTTP by hand.

#[path = "support/binary.rs"]
mod binary;
#[path = "http/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "support/fake_connect.rs"]
mod fake_connect;

#[path = "connect_api/served.rs"]
mod served;

#[path = "connect_api/activity.rs"]
mod activity;
#[path = "connect_api/items.rs"]
mod items;

const BACKEND: binary::Backend = binary::Backend::Local;
