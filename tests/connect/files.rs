//! Files: streamed, and never longer than they are said to be.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use hushkey::vault::{FileId, Vault, VaultError};

use super::{FakeConnect, fake_connect::Fault, item_id, vault, vault_id};

/// Keeps what is written, and the largest piece.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<(Vec<u8>, usize)>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut kept = self.0.lock().unwrap();
        kept.0.extend_from_slice(bytes);
        kept.1 = kept.1.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_large_file_comes_in_pieces_and_whole() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let id = server.item(&dev, "Certificates", &[]);
    let content: Vec<u8> = (0..9_000_000_u32).map(|n| (n % 251) as u8).collect();
    let file = server.file(&id, "big.bin", &content);
    let vault = vault(&server);
    let (dev, item, file) = (vault_id(&dev), item_id(&id), FileId::parse(&file).unwrap());
    let sink = Sink::default();

    let size = vault
        .save_file(&dev, &item, &file, Box::new(sink.clone()))
        .await
        .unwrap();

    let (got, largest) = std::mem::take(&mut *sink.0.lock().unwrap());
    assert_eq!(size, 9_000_000);
    assert!(got == content, "the content differs");
    assert!(largest < 1 << 20, "a piece of {largest} bytes");
    assert!(!server.asked().iter().any(|it| it.contains("inline")));
}

#[tokio::test]
async fn a_file_that_is_longer_or_shorter_than_it_is_said_to_be_is_refused() {
    for fault in [Fault::Endless, Fault::WrongLength(-5), Fault::Reset] {
        let server = FakeConnect::new();
        let dev = server.vault("Dev");
        let id = server.item(&dev, "Certificates", &[]);
        let file = server.file(&id, "small.bin", &[7; 5000]);
        server.plan("GET", "/content", u32::MAX, fault.clone());
        let (dev, item, file) = (vault_id(&dev), item_id(&id), FileId::parse(&file).unwrap());

        let refused = vault(&server)
            .save_file(&dev, &item, &file, Box::new(std::io::sink()))
            .await;

        assert!(
            matches!(refused, Err(VaultError::Unavailable { .. })),
            "{fault:?}: {refused:?}"
        );
    }
}
