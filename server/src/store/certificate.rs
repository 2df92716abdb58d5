//! The server's key and certificate for TLS: `tls-key.pem` and `tls-cert.pem` in the data folder, made at the first
//! start, or two files of the operator.
//!
//! Clients know a server by its key. So the key is kept for good: a damaged or missing file is an error, and is never
//! replaced. Only a missing certificate is made again, for the same key.

use super::file_error::FileError;
use super::json_file::write_bytes;
use landline_common::tls::ServerKey;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256,
    date_time_ymd,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// The file of the key in the data folder.
pub const KEY_FILE: &str = "tls-key.pem";
/// The file of the certificate in the data folder.
pub const CERTIFICATE_FILE: &str = "tls-cert.pem";

/// The reason for which a key or a certificate cannot be used. No file has been changed.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// The system returned an error.
    #[error(transparent)]
    File(#[from] FileError),
    /// The content of a file cannot be used.
    #[error("{} cannot be used: {why}; {remedy}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The defect.
        why: String,
        /// What the operator can do.
        remedy: &'static str,
    },
    /// The key could not be made.
    #[error("cannot make a key for TLS: {0}; start again, or turn TLS off (--tls off)")]
    Generate(#[from] rcgen::Error),
}

/// What a server proves its identity with.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The chain of certificates and the private key.
    pub certified: Arc<CertifiedKey>,
    /// The key by which clients know the server.
    pub key: ServerKey,
}

/// What to do about the server's own files, and about files of the operator.
struct Remedies {
    key: &'static str,
    certificate: &'static str,
}

const OWN: Remedies = Remedies {
    key: "restore it from a copy, then start again. Without a copy, move tls-key.pem and tls-cert.pem away to get a new \
          key; clients that know the server refuse it until their users accept the new key",
    certificate: "restore it, or move it away to get a new one for the same key, then start again",
};
const OF_OPERATOR: Remedies = Remedies {
    key: "correct it or name another file (--tls-key)",
    certificate: "correct it or name another file (--tls-cert)",
};

/// The word in a file whose key has a passphrase: in the label (RFC 7468, section 11), or in a header of older files.
const ENCRYPTED: &[u8] = b"ENCRYPTED";
const DECRYPT: &str = "make a copy without it (openssl pkey -in FILE -out COPY), then name that (--tls-key)";

/// Reads the key and the certificate of the data folder. Makes what is missing: both at the first start, later only the
/// certificate. `names` are the host names in a new certificate.
///
/// # Errors
/// A file is damaged, cannot be read or written, or the two do not belong together; or only the key is missing.
pub fn open_own(folder: &Path, names: &[String]) -> Result<Identity, CertificateError> {
    let key_path = folder.join(KEY_FILE);
    let certificate_path = folder.join(CERTIFICATE_FILE);
    let certificate = read_if_there(&certificate_path)?;
    let key = match (read_if_there(&key_path)?, &certificate) {
        (Some(key), _) => key,
        (None, Some(_)) => return Err(unusable(&key_path, "the file is missing", OWN.key)),
        (None, None) => {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem();
            write_bytes(&key_path, key.as_bytes()).map_err(FileError::io(&key_path, "write"))?;
            key.into_bytes()
        }
    };
    let certificate = match certificate {
        Some(certificate) => certificate,
        None => {
            let pair = str::from_utf8(&key).map_err(|why| why.to_string());
            let pair = pair.and_then(|key| KeyPair::from_pem(key).map_err(|why| why.to_string()));
            let pair = pair.map_err(|why| unusable(&key_path, &why, OWN.key))?;
            let certificate = self_signed(&pair, names)?;
            write_bytes(&certificate_path, certificate.as_bytes())
                .map_err(FileError::io(&certificate_path, "write"))?;
            certificate.into_bytes()
        }
    };
    identity(&certificate_path, &certificate, &key_path, &key, &OWN)
}

/// Reads a key and a chain of certificates from two files of the operator.
///
/// # Errors
/// A file cannot be read or is damaged, or the key is not the one of the first certificate.
pub fn open_files(certificate_path: &Path, key_path: &Path) -> Result<Identity, CertificateError> {
    let read = |path: &Path, remedy| fs::read(path).map_err(|why| unusable(path, &why.to_string(), remedy));
    let certificate = read(certificate_path, OF_OPERATOR.certificate)?;
    let key = read(key_path, OF_OPERATOR.key)?;
    identity(certificate_path, &certificate, key_path, &key, &OF_OPERATOR)
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(FileError::io(path, "read")),
    }
}

/// Makes a certificate for a server without a domain: browsers warn of it, and `landline` knows the key.
fn self_signed(key: &KeyPair, names: &[String]) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Landline");
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    // "No well-defined expiration date" (RFC 5280, section 4.1.2.5): the last second of that day.
    params.not_after = date_time_ymd(9999, 12, 31) + Duration::from_secs(86_399);
    params.self_signed(key).map(|certificate| certificate.pem())
}

/// Parses both files, and checks that they belong together.
fn identity(
    certificate_path: &Path,
    certificate: &[u8],
    key_path: &Path,
    key: &[u8],
    remedies: &Remedies,
) -> Result<Identity, CertificateError> {
    let bad_key = |why: String| unusable(key_path, &why, remedies.key);
    let bad_certificate = |why: String| unusable(certificate_path, &why, remedies.certificate);
    let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|why| bad_certificate(why.to_string()))?;
    if chain.is_empty() {
        return Err(bad_certificate("it has no certificate in PEM form".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|why| match why {
        _ if contains(key, ENCRYPTED) => unusable(key_path, "it has a passphrase", DECRYPT),
        pem::Error::NoItemsFound => bad_key("it has no private key in PEM form".to_owned()),
        why => bad_key(why.to_string()),
    })?;
    let key = default_provider().key_provider.load_private_key(key).map_err(|why| bad_key(why.to_string()))?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|why| match why {
        rustls::Error::InconsistentKeys(_) => {
            bad_certificate(format!("it is not for the key in {}", key_path.display()))
        }
        why => bad_certificate(why.to_string()),
    })?;
    let key = certified.cert.first().and_then(ServerKey::of_certificate);
    let key = key.ok_or_else(|| bad_certificate("its first certificate cannot be read".to_owned()))?;
    Ok(Identity { certified: Arc::new(certified), key })
}

fn contains(content: &[u8], text: &[u8]) -> bool {
    content.windows(text.len()).any(|part| part == text)
}

fn unusable(path: &Path, why: &str, remedy: &'static str) -> CertificateError {
    CertificateError::Content { path: path.to_owned(), why: why.to_owned(), remedy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn names() -> Vec<String> {
        vec!["localhost".to_owned(), "desk.local".to_owned()]
    }

    fn key(folder: &Path) -> ServerKey {
        open_own(folder, &names()).unwrap().key
    }

    /// Asserts that the pair is refused with all these texts, and that no file was changed.
    #[track_caller]
    fn expect_refusal(folder: &Path, says: &[&str]) {
        let files = || [KEY_FILE, CERTIFICATE_FILE].map(|name| fs::read(folder.join(name)).ok());
        let before = files();
        let error = open_own(folder, &names()).unwrap_err().to_string();
        for text in says {
            assert!(error.contains(text), "{error:?} does not say {text:?}");
        }
        assert!(files() == before);
    }

    #[test]
    fn both_files_are_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let first = key(folder.path());
        let files = || [KEY_FILE, CERTIFICATE_FILE].map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
        let made = files();
        assert_eq!(key(folder.path()), first);
        assert_eq!(files(), made);
        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no other file, in particular no copy of the key");
    }

    #[test]
    fn a_new_certificate_is_without_end_and_has_all_names() {
        let folder = tempfile::tempdir().unwrap();
        let certified = open_own(folder.path(), &names()).unwrap().certified;
        let has = |bytes: &[u8]| certified.cert[0].windows(bytes.len()).any(|window| window == bytes);
        assert!(has(b"99991231235959Z"));
        for name in names() {
            assert!(has(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_missing_certificate_is_made_for_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let first = key(folder.path());
        fs::remove_file(folder.path().join(CERTIFICATE_FILE)).unwrap();
        assert_eq!(key(folder.path()), first);
    }

    #[test]
    fn a_missing_or_damaged_key_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        key(folder.path());
        let path = folder.path().join(KEY_FILE);
        let certificate = folder.path().join(CERTIFICATE_FILE);
        let sound = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        expect_refusal(folder.path(), &[KEY_FILE, "is missing", "restore it from a copy"]);
        for damaged in ["", "junk", &sound[..sound.len() / 2], &sound.replace("MIG", "AAA")] {
            fs::write(&path, damaged).unwrap();
            expect_refusal(folder.path(), &[KEY_FILE, "cannot be used", "restore it from a copy"]);
            let kept = fs::read(&certificate).unwrap();
            fs::remove_file(&certificate).unwrap();
            expect_refusal(folder.path(), &[KEY_FILE, "cannot be used", "restore it from a copy"]);
            fs::write(&certificate, kept).unwrap();
        }
    }

    #[test]
    fn a_damaged_certificate_and_one_of_another_key_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        key(folder.path());
        key(other.path());
        let path = folder.path().join(CERTIFICATE_FILE);
        fs::copy(other.path().join(CERTIFICATE_FILE), &path).unwrap();
        expect_refusal(folder.path(), &[CERTIFICATE_FILE, "is not for the key in", "move it away"]);
        let sound = fs::read_to_string(&path).unwrap();
        for damaged in ["", "junk", &sound[..sound.len() / 2], &sound.replace("MII", "AAA")] {
            fs::write(&path, damaged).unwrap();
            expect_refusal(folder.path(), &[CERTIFICATE_FILE, "cannot be used", "move it away"]);
        }
    }

    #[test]
    fn files_of_the_operator_are_read_and_named_in_refusals() {
        let folder = tempfile::tempdir().unwrap();
        let made = key(folder.path());
        let (certificate, key) = (folder.path().join(CERTIFICATE_FILE), folder.path().join(KEY_FILE));
        assert_eq!(open_files(&certificate, &key).unwrap().key, made);
        let error = |certificate: &Path, key: &Path| open_files(certificate, key).unwrap_err().to_string();
        assert!(error(&key, &key).contains("tls-key.pem cannot be used: it has no certificate in PEM form"));
        assert!(error(&certificate, &certificate).contains("(--tls-key)"));
        assert!(error(&certificate, &certificate).contains("it has no private key in PEM form"));
        let none = error(&folder.path().join("none"), &key);
        assert!(none.contains("none cannot be used: No such file") && none.contains("(--tls-cert)"), "{none}");
        let locked = folder.path().join("locked.pem");
        for text in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
        ] {
            fs::write(&locked, text).unwrap();
            let error = error(&certificate, &locked);
            assert!(
                error.contains("locked.pem cannot be used: it has a passphrase; make a copy without it"),
                "{error}"
            );
        }
    }
}
