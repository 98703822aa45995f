//! A program's standard input: a secret that goes through a pipe, bit by bit where it is large.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use zeroize::Zeroizing;

/// What is not written yet.
pub(super) struct Feed {
    pipe: File,
    value: Zeroizing<Vec<u8>>,
    written: usize,
}

impl Feed {
    /// Makes the descriptor that the program reads from. There is nothing left to feed if the value
    /// fits in the pipe at once, or there is none.
    pub(super) fn begin(value: Option<&str>) -> io::Result<(OwnedFd, Option<Self>)> {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return Ok((File::open("/dev/null")?.into(), None));
        };
        let (read, write) = io::pipe()?;
        let pipe = File::from(OwnedFd::from(write));
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let mut feed = Self {
            pipe,
            value: Zeroizing::new(value.as_bytes().to_vec()),
            written: 0,
        };
        let is_done = feed.write_some();
        Ok((read.into(), (!is_done).then_some(feed)))
    }

    /// Writes what fits. Returns whether that was all, or nobody reads any more.
    pub(super) fn write_some(&mut self) -> bool {
        match self.pipe.write(&self.value[self.written..]) {
            Ok(n) => {
                self.written += n;
                self.written == self.value.len()
            }
            Err(error) => !matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            ),
        }
    }
}

impl AsFd for Feed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}
