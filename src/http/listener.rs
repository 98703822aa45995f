//! Where a server listens: an address of this machine, or a Unix socket of its user.

use std::{
    fmt, io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    str::FromStr,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener, UnixStream},
};

use super::arrival::Address;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// `127.0.0.1:8970`, `[::1]:8970`; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// `unix:/run/user/1000/hushkey.sock`.
    Unix(PathBuf),
}

/// Why a text is no place to listen at.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("write an address with a port, as 127.0.0.1:8970 or [::1]:8970, or a socket as unix:/path")]
pub struct NotAnAddress;

impl FromStr for Listen {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() {
                Ok(Self::Unix(path))
            } else {
                Err(NotAnAddress)
            };
        }
        let address = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        address.parse().map(Self::Tcp).map_err(|_| NotAnAddress)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A connection's bytes, whatever carries them.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open listener.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

/// Somebody at the door.
pub(super) struct Caller {
    pub(super) stream: Box<dyn Stream>,
    pub(super) address: Address,
    /// Whether it is a process of another user on a socket of ours.
    pub(super) of_another_user: bool,
}

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    /// What the system says; a socket on which somebody listens is not taken over.
    pub(super) async fn bind(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            Listen::Unix(path) => {
                remove_abandoned(path).await?;
                let (listener, file) = bind_private(path)?;
                Ok(Self::Unix(listener, file))
            }
        }
    }

    /// Where it listens, with the port that the system chose.
    pub(super) fn listen(&self) -> io::Result<Listen> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Listen::Tcp),
            Self::Unix(_, file) => Ok(Listen::Unix(file.0.clone())),
        }
    }

    /// The next caller.
    pub(super) async fn accept(&self) -> io::Result<Caller> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Small answers are not held back to be sent together.
                let _ = stream.set_nodelay(true);
                Ok(Caller {
                    stream: Box::new(stream),
                    address: Address::Inet(address.ip().to_canonical()),
                    of_another_user: false,
                })
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                let user = stream.peer_cred().map(|peer| peer.uid());
                let own = rustix::process::geteuid().as_raw();
                Ok(Caller {
                    stream: Box::new(stream),
                    address: Address::Unix,
                    of_another_user: !user.is_ok_and(|user| user == own || user == 0),
                })
            }
        }
    }
}

/// The name of a socket in the file system; removed with it.
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Makes a socket that nobody else can ever open: in a private directory, and only then at its place.
fn bind_private(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let aside = tempfile::Builder::new()
        .prefix(".hushkey-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(directory)?;
    let made = aside.path().join("s");
    let listener = UnixListener::bind(&made)?;
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&made, path)?;
    Ok((listener, SocketFile(path.to_owned())))
}

/// Removes a socket on which nobody listens any more; anything else at its place stays.
async fn remove_abandoned(path: &Path) -> io::Result<()> {
    let Ok(found) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    if found.file_type().is_socket() && UnixStream::connect(path).await.is_err_and(refused) {
        return std::fs::remove_file(path);
    }
    Err(io::ErrorKind::AddrInUse.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_to_listen_at_are_read_and_written() {
        for text in [
            "127.0.0.1:8970",
            "[::1]:0",
            "0.0.0.0:443",
            "unix:/run/h.sock",
        ] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        let local = "localhost:1".parse::<Listen>().unwrap();
        assert_eq!(local.to_string(), "127.0.0.1:1");
        for bad in [
            "",
            "8970",
            "127.0.0.1",
            "example.com:80",
            "unix:relative",
            "unix:",
        ] {
            assert_eq!(bad.parse::<Listen>(), Err(NotAnAddress), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_socket_is_its_users_alone_and_gone_with_its_server() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.sock");
        let listen = Listen::Unix(path.clone());

        let listener = Listener::bind(&listen).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        let second = Listener::bind(&listen).await;

        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(second.err().unwrap().kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn an_abandoned_socket_is_replaced_and_a_file_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let file = directory.path().join("file");
        std::fs::write(&file, "precious").unwrap();

        let listener = Listener::bind(&Listen::Unix(path)).await;
        let refused = Listener::bind(&Listen::Unix(file.clone())).await;

        assert!(listener.is_ok());
        assert!(refused.is_err());
        assert_eq!(std::fs::read(file).unwrap(), b"precious");
    }
}
