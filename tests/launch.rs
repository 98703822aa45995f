//! Promises of the launcher: nothing survives an agent's run, nothing leaks on the way into it, and a
//! person's run behaves as if hushkey were not there.

#[path = "launch/agent_run.rs"]
mod agent_run;
#[path = "launch/beneath.rs"]
mod beneath;
#[path = "launch/foreground.rs"]
mod foreground;
#[path = "launch/handover.rs"]
mod handover;
#[path = "launch/lab.rs"]
mod lab;
#[path = "launch/limits.rs"]
mod limits;
#[path = "launch/roles.rs"]
mod roles;
