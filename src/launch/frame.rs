//! Messages on the sockets between server, supervisor and stage.
//!
//! A frame is its body's length (u32, little-endian) and the body (postcard). A descriptor may ride on
//! the length. The buffers are wiped when dropped, since most frames carry values; decoded frames
//! borrow from them. The module does not know what is said.

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use postcard::ser_flavors::Size;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Length of a frame's head, in bytes.
pub(super) const HEAD: usize = 4;

/// No frame is larger, in bytes: a bound against nonsense, far above what `exec` takes.
const LARGEST: usize = 256 << 20;

/// One whole frame, head included.
pub(super) struct Frame(Zeroizing<Vec<u8>>);

impl Frame {
    /// Encodes a message in one buffer of the right size, so that growing leaves no copies behind.
    pub(super) fn of(message: &impl Serialize) -> io::Result<Self> {
        let len =
            postcard::serialize_with_flavor(message, Size::default()).map_err(|_| malformed())?;
        let mut bytes = Zeroizing::new(vec![0; HEAD + len]);
        let head = u32::try_from(len)
            .ok()
            .filter(|_| len <= LARGEST)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        bytes[..HEAD].copy_from_slice(&head.to_le_bytes());
        postcard::to_slice(message, &mut bytes[HEAD..]).map_err(|_| malformed())?;
        Ok(Self(bytes))
    }

    /// The frame's bytes, for a socket that is written elsewhere.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Sends the frame, with a descriptor if there is one.
    pub(super) fn send(&self, socket: &UnixStream, with: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let mut socket = socket;
        let (head, body) = self.0.split_at(HEAD);
        let Some(descriptor) = with else {
            return socket.write_all(&self.0);
        };
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let descriptors = [descriptor];
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        let sent = sendmsg(
            socket,
            &[IoSlice::new(head)],
            &mut ancillary,
            SendFlags::NOSIGNAL,
        )?;
        socket.write_all(&head[sent..])?;
        socket.write_all(body)
    }
}

/// The body of a frame that has come in.
pub(super) struct Body(Zeroizing<Vec<u8>>);

impl Body {
    /// Makes room for the body whose head was read.
    pub(super) fn announced(head: [u8; HEAD]) -> io::Result<Self> {
        let len = u32::from_le_bytes(head) as usize;
        if len > LARGEST {
            return Err(malformed());
        }
        Ok(Self(Zeroizing::new(vec![0; len])))
    }

    /// Room for the bytes that are to come.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Receives a frame, and the descriptor that came with it. `None` at the end of the socket.
    pub(super) fn receive(socket: &UnixStream) -> io::Result<Option<(Self, Option<OwnedFd>)>> {
        let mut socket = socket;
        let mut head = [0; HEAD];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let got = rustix::io::retry_on_intr(|| {
            recvmsg(
                socket.as_fd(),
                &mut [IoSliceMut::new(&mut head)],
                &mut ancillary,
                RecvFlags::CMSG_CLOEXEC,
            )
        })?
        .bytes;
        if got == 0 {
            return Ok(None);
        }
        let descriptor = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        socket.read_exact(&mut head[got..])?;
        let mut body = Self::announced(head)?;
        socket.read_exact(body.room())?;
        Ok(Some((body, descriptor)))
    }

    /// Decodes the message; texts in it are borrowed from this buffer.
    pub(super) fn decode<'a, T: Deserialize<'a>>(&'a self) -> io::Result<T> {
        postcard::from_bytes(&self.0).map_err(|_| malformed())
    }
}

/// Says no more than that: a decoder's message may repeat what it read.
fn malformed() -> io::Error {
    io::ErrorKind::InvalidData.into()
}
