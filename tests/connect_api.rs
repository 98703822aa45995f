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
#[path = "connect_api/copies.rs"]
mod copies;
#[path = "connect_api/description.rs"]
mod description;
#[path = "connect_api/files.rs"]
mod files;
#[path = "connect_api/gateway.rs"]
mod gateway;
#[path = "connect_api/items.rs"]
mod items;
#[path = "connect_api/managers.rs"]
mod managers;
#[path = "connect_api/manners.rs"]
mod manners;
#[path = "connect_api/open.rs"]
mod open;
#[path = "connect_api/oracle.rs"]
mod oracle;
#[path = "connect_api/patches.rs"]
mod patches;
#[path = "connect_api/replicas.rs"]
mod replicas;
#[path = "connect_api/statuses.rs"]
mod statuses;
#[path = "connect_api/tokens.rs"]
mod tokens;

const BACKEND: binary::Backend = binary::Backend::Local;
