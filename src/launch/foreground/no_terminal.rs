//! Where there is no pseudo-terminal for a person's program: its streams are pipes, whatever ours are.

use std::{ffi::OsString, io, os::fd::OwnedFd, path::Path, process::Command};

use rustix::{event::PollFd, process::Pid};

use crate::launch::{LaunchError, Status};

/// Never made.
pub(super) enum Terminal {}

/// Never made.
pub(super) enum Streams {}

impl Streams {
    pub(super) fn of_this_process() -> Option<Self> {
        None
    }
}

impl Terminal {
    pub(super) fn start(
        streams: &Streams,
        _: &Path,
        _: &[OsString],
        _: &Command,
    ) -> Result<(Self, Pid, Option<OwnedFd>), LaunchError> {
        match *streams {}
    }

    pub(super) fn output(&self) -> io::Result<OwnedFd> {
        match *self {}
    }

    pub(super) fn awaited(&self) -> [PollFd<'_>; 2] {
        match *self {}
    }

    pub(super) fn pass_keys_on(&mut self) {
        match *self {}
    }

    pub(super) fn hear(&mut self) -> Option<Status> {
        match *self {}
    }

    pub(super) fn signal(&self, _: i32) {
        match *self {}
    }

    pub(super) fn take_over(&mut self) {
        match *self {}
    }

    pub(super) fn resize(&self) {
        match *self {}
    }
}
