//! Files that a passphrase opens, in the age format (<https://age-encryption.org/v1>): `age -d` opens them too.
//!
//! Only its passphrase recipient, `scrypt`, whole in memory. The crate that knows all of the format brings more than eighty
//! others, a pre-release key exchange and translations among them; this is the small part of it that hushkey needs, on
//! primitives that it has anyway. The module does not know what the bytes mean.
//!
//! ```text
//! age-encryption.org/v1
//! -> scrypt <16 bytes of salt> <binary logarithm of the work>
//! <the file's key, sealed with scrypt("age-encryption.org/v1/scrypt" | salt, passphrase)>
//! --- <HMAC of all above with HKDF(file's key, "header")>
//! 16 bytes of nonce | the content in sealed pieces of 64 KiB, with HKDF(file's key, nonce, "payload")
//! ```

use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, aead::Aead};
use data_encoding::BASE64_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::seal::{TAG, random_bytes};

/// The first line.
pub const MAGIC: &[u8] = b"age-encryption.org/v1\n";

const STANZA: &str = "-> scrypt ";
const PIECE: usize = 64 << 10;
/// Binary logarithm of the work for a new file: about a second, and 256 MiB.
const WORK: u8 = if cfg!(test) { 4 } else { 18 };
/// The most work that a file may ask for: 4 GiB are more than a reader should spend.
const MOST_WORK: u8 = 22;

/// Why a file does not open. No message repeats anything of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgeError {
    /// It was cut or changed.
    #[error("the encrypted file was cut or changed, and is refused")]
    Broken,

    /// It is not in the format, or not for a passphrase.
    #[error("it is no file that a passphrase opens in the age format")]
    Foreign,

    /// It asks for more work than is taken.
    #[error(
        "the encrypted file asks for more work than is spent on one; open it with `age -d` if you trust it"
    )]
    TooMuchWork,

    /// The passphrase is another one.
    #[error("that is not the file's passphrase")]
    WrongPassphrase,
}

/// Seals bytes with a passphrase.
///
/// # Panics
/// Never: the sizes are within the primitives' limits.
#[must_use]
pub fn encrypt(plain: &[u8], passphrase: &[u8]) -> Vec<u8> {
    let file_key = Zeroizing::new(random_bytes::<16>());
    let salt: [u8; 16] = random_bytes();
    let wrapped = passphrase_cipher(passphrase, &salt, WORK)
        .encrypt(&Nonce::default(), &file_key[..])
        .expect("16 bytes are within the cipher's limit");
    let mut file = MAGIC.to_vec();
    let salt = BASE64_NOPAD.encode(&salt);
    file.extend(
        format!(
            "{STANZA}{salt} {WORK}\n{}\n---",
            BASE64_NOPAD.encode(&wrapped)
        )
        .bytes(),
    );
    let mac = header_mac(&file_key, &file).finalize().into_bytes();
    file.extend(format!(" {}\n", BASE64_NOPAD.encode(&mac)).bytes());
    let nonce: [u8; 16] = random_bytes();
    file.extend(nonce);
    let cipher = payload_cipher(&file_key, &nonce);
    let pieces: Vec<&[u8]> = if plain.is_empty() {
        vec![plain]
    } else {
        plain.chunks(PIECE).collect()
    };
    for (at, piece) in pieces.iter().enumerate() {
        let sealed = cipher.encrypt(&place(at, at + 1 == pieces.len()), *piece);
        file.extend(sealed.expect("a piece is within the cipher's limit"));
    }
    file
}

/// Opens what [`encrypt`] or another age tool sealed with a passphrase.
///
/// # Errors
/// [`AgeError`]
pub fn decrypt(file: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    let header = Header::read(file)?;
    if header.work > MOST_WORK {
        return Err(AgeError::TooMuchWork);
    }
    let opened = passphrase_cipher(passphrase, &header.salt, header.work)
        .decrypt(&Nonce::default(), &header.wrapped[..])
        .map(Zeroizing::new)
        .map_err(|_| AgeError::WrongPassphrase)?;
    let file_key: Zeroizing<[u8; 16]> =
        Zeroizing::new(opened[..].try_into().map_err(|_| AgeError::Broken)?);
    header_mac(&file_key, header.signed)
        .verify_slice(&header.mac)
        .map_err(|_| AgeError::Broken)?;
    let (nonce, sealed) = header.rest.split_first_chunk().ok_or(AgeError::Broken)?;
    let cipher = payload_cipher(&file_key, nonce);
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let pieces: Vec<&[u8]> = sealed.chunks(PIECE + TAG).collect();
    if pieces.is_empty() {
        return Err(AgeError::Broken);
    }
    for (at, piece) in pieces.iter().enumerate() {
        let opened = cipher.decrypt(&place(at, at + 1 == pieces.len()), *piece);
        let opened = Zeroizing::new(opened.map_err(|_| AgeError::Broken)?);
        // An empty last piece would be a second way to write the same content.
        if opened.is_empty() && at > 0 {
            return Err(AgeError::Broken);
        }
        plain.extend_from_slice(&opened);
    }
    Ok(plain)
}

struct Header<'f> {
    salt: [u8; 16],
    work: u8,
    wrapped: [u8; 32],
    /// What the MAC is over.
    signed: &'f [u8],
    mac: [u8; 32],
    rest: &'f [u8],
}

impl<'f> Header<'f> {
    fn read(file: &'f [u8]) -> Result<Self, AgeError> {
        let mut rest = file.strip_prefix(MAGIC).ok_or(AgeError::Foreign)?;
        let mut line = || {
            let end = rest
                .iter()
                .position(|byte| *byte == b'\n')
                .filter(|end| *end < 256)?;
            let line = std::str::from_utf8(&rest[..end]).ok()?;
            rest = &rest[end + 1..];
            Some(line)
        };
        let (stanza, wrapped, last) = (line(), line(), line());
        let terms = stanza
            .and_then(|it| it.strip_prefix(STANZA))
            .and_then(|it| it.split_once(' '));
        let (salt, work) = terms.ok_or(AgeError::Foreign)?;
        let mac = last
            .and_then(|it| it.strip_prefix("--- "))
            .ok_or(AgeError::Foreign)?;
        let plain_number = !work.starts_with('0') && work.bytes().all(|byte| byte.is_ascii_digit());
        let work = work.parse().ok().filter(|_| plain_number);
        Ok(Self {
            salt: bytes(salt)?,
            work: work.ok_or(AgeError::Foreign)?,
            wrapped: bytes(wrapped.ok_or(AgeError::Foreign)?)?,
            signed: &file[..file.len() - rest.len() - mac.len() - 2],
            mac: bytes(mac)?,
            rest,
        })
    }
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], AgeError> {
    let bytes = BASE64_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| AgeError::Foreign)?;
    bytes.try_into().map_err(|_| AgeError::Foreign)
}

fn passphrase_cipher(passphrase: &[u8], salt: &[u8; 16], work: u8) -> ChaCha20Poly1305 {
    let salt = [b"age-encryption.org/v1/scrypt", &salt[..]].concat();
    let params = scrypt::Params::new(work, 8, 1).expect("the work is bounded");
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase, &salt, &params, &mut *key).expect("32 bytes are a valid length");
    ChaCha20Poly1305::new((&*key).into())
}

fn header_mac(file_key: &[u8; 16], signed: &[u8]) -> Hmac<Sha256> {
    let key = derived(file_key, None, b"header");
    let mut mac =
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&*key).expect("HMAC takes any length");
    mac.update(signed);
    mac
}

fn payload_cipher(file_key: &[u8; 16], nonce: &[u8; 16]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new((&*derived(file_key, Some(nonce), b"payload")).into())
}

fn derived(file_key: &[u8; 16], salt: Option<&[u8]>, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(salt, file_key)
        .expand(purpose, &mut *key)
        .expect("32 bytes are within HKDF's limit");
    key
}

/// The nonce of a piece: its number, and whether it is the last.
fn place(at: usize, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&(at as u64).to_be_bytes());
    nonce[11] = u8::from(last);
    nonce.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_its_passphrase_and_no_other() {
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let plain = vec![7; size];

            let file = encrypt(&plain, b"correct horse");

            assert!(file.starts_with(MAGIC));
            assert_eq!(*decrypt(&file, b"correct horse").unwrap(), plain, "{size}");
            assert_eq!(
                decrypt(&file, b"battery").unwrap_err(),
                AgeError::WrongPassphrase
            );
        }
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_refused() {
        let file = encrypt(b"canary", b"correct horse");

        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            // A changed work factor may ask for minutes.
            if Header::read(&changed).is_ok_and(|header| header.work > 8) {
                continue;
            }
            assert!(decrypt(&changed, b"correct horse").is_err(), "byte {at}");
            assert!(
                decrypt(&file[..at], b"correct horse").is_err(),
                "cut at {at}"
            );
        }
        let mut longer = file.clone();
        longer.push(0);
        assert_eq!(
            decrypt(&longer, b"correct horse").unwrap_err(),
            AgeError::Broken
        );
    }

    #[test]
    fn pieces_can_be_neither_dropped_nor_exchanged() {
        let file = encrypt(&vec![7; 2 * PIECE], b"x");
        let at = file.len() - 2 * (PIECE + TAG);

        let dropped = &file[..at + PIECE + TAG];
        let exchanged = [
            &file[..at],
            &file[at + PIECE + TAG..],
            &file[at..at + PIECE + TAG],
        ]
        .concat();

        assert_eq!(decrypt(dropped, b"x").unwrap_err(), AgeError::Broken);
        assert_eq!(decrypt(&exchanged, b"x").unwrap_err(), AgeError::Broken);
    }

    #[test]
    fn a_file_that_asks_for_too_much_work_is_refused_before_it_is_done() {
        let file = encrypt(b"x", b"x");
        let text = String::from_utf8_lossy(&file[..100]).replace(&format!(" {WORK}\n"), " 60\n");
        let greedy = [text.as_bytes(), &file[100..]].concat();

        assert_eq!(decrypt(&greedy, b"x").unwrap_err(), AgeError::TooMuchWork);
    }

    #[test]
    fn what_another_implementation_sealed_opens() {
        let file = include_bytes!("../tests/fixtures/age/typage.age");

        assert_eq!(
            &**decrypt(file, b"correct horse battery").unwrap(),
            b"sealed by typage\n"
        );
    }
}
