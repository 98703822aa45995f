//! TLS with a certificate and a key from files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    private_file::{self, PrivateFileError},
    vault::Secret,
};

/// More than any key's file needs, in bytes.
const LONGEST_KEY: usize = 64 * 1024;

/// A certificate and its key, ready for use.
pub struct Tls {
    pub(super) acceptor: TlsAcceptor,
    key_text: Secret,
}

/// Why there is no TLS. No message repeats anything of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate can't be read.
    #[error("`{}` has no certificate in PEM form that can be read", .0.display())]
    Certificate(PathBuf),

    /// Others can read the key, or it can't be read at all.
    #[error("the TLS key can't be used: {0}")]
    Exposed(#[from] PrivateFileError),

    /// What was read is no key.
    #[error("`{}` has no private key in PEM form", .0.display())]
    Key(PathBuf),

    /// They do not belong together.
    #[error("the TLS certificate and key can't be used: {0}")]
    Mismatch(rustls::Error),
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its key, which only its user may read.
    ///
    /// # Errors
    /// [`TlsError`] when one of them can't be used.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let unreadable = || TlsError::Certificate(certificate.to_owned());
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|_| unreadable())?;
        if chain.is_empty() {
            return Err(unreadable());
        }
        let text = private_file::read_private(key, LONGEST_KEY)?;
        let parsed = PrivateKeyDer::from_pem_slice(&text);
        let parsed = parsed.map_err(|_| TlsError::Key(key.to_owned()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Mismatch)?
            .with_no_client_auth()
            .with_single_cert(chain, parsed)
            .map_err(TlsError::Mismatch)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let key_text = String::from_utf8_lossy(&text).trim().to_owned();
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            key_text: Secret::new(key_text),
        })
    }

    /// The key as its file has it, for concealing it in programs' output.
    pub(super) fn key_text(&self) -> Secret {
        self.key_text.clone()
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(..)")
    }
}
