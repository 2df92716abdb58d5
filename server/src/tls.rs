//! TLS of a server: its key, its certificate and the configuration of `rustls`.
//!
//! A handshake takes the certificate that is current at its beginning, so a renewed one needs no restart. Connections
//! that are open go on.

use crate::config::TlsMode;
use crate::store::certificate::{self, CertificateError, Identity};
use landline_common::tls::{ServerKey, without_resumption};
use parking_lot::Mutex;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, ServerConfig};
use std::path::Path;
use std::sync::Arc;

/// The TLS of a running server.
#[derive(Debug)]
pub struct ServerTls {
    mode: TlsMode,
    config: Arc<ServerConfig>,
    current: Arc<CurrentCertificate>,
}

impl ServerTls {
    /// Reads the key and the certificate, or makes them in the data folder. Returns `None` if TLS is off. `names` are
    /// the host names in a new certificate.
    ///
    /// # Errors
    /// A file cannot be used. The text says what to do.
    pub fn open(mode: &TlsMode, data: &Path, names: &[String]) -> anyhow::Result<Option<ServerTls>> {
        let identity = match mode {
            TlsMode::Off => return Ok(None),
            TlsMode::Own => certificate::open_own(data, names)?,
            TlsMode::Files { certificate, key } => certificate::open_files(certificate, key)?,
        };
        let current = Arc::new(CurrentCertificate(Mutex::new(identity)));
        let mut provider = default_provider();
        provider.cipher_suites.sort_by_key(|suite| preference(suite.suite(), has_fast_aes()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        // The server encrypts each line for each member of a room, a client decrypts it once.
        config.ignore_client_order = true;
        // No ALPN: a browser then takes HTTP/1.1, and a client that names another protocol, such as IRC, is not refused.
        Ok(Some(ServerTls { mode: mode.clone(), config: Arc::new(without_resumption(config)), current }))
    }

    /// Returns the configuration for the server's side of a connection.
    #[must_use]
    pub fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }

    /// Returns the key by which clients know this server. [`ServerTls::reload`] may change it.
    #[must_use]
    pub fn key(&self) -> ServerKey {
        self.current.0.lock().key
    }

    /// Reads the files of the operator again (`--tls-cert`, `--tls-key`). The server's own files never change.
    ///
    /// # Errors
    /// A file cannot be used. The certificate so far stays current.
    pub fn reload(&self) -> Result<(), CertificateError> {
        if let TlsMode::Files { certificate, key } = &self.mode {
            let identity = certificate::open_files(certificate, key)?;
            let (before, now) = (self.key(), identity.key);
            *self.current.0.lock() = identity;
            if now != before {
                log::warn!(
                    "tls: the key has changed, so programs that know this server refuse it now key={}",
                    now.fingerprint()
                );
            }
        }
        Ok(())
    }
}

/// Returns the position of a cipher in the server's order; the cheapest comes first. AES with 128 bits is as safe as a
/// room needs, and takes two thirds of the time of AES with 256 bits.
fn preference(suite: CipherSuite, fast_aes: bool) -> u8 {
    use CipherSuite as Suite;
    match suite {
        Suite::TLS13_AES_128_GCM_SHA256
        | Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        | Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => 1,
        Suite::TLS13_CHACHA20_POLY1305_SHA256
        | Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        | Suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => u8::from(fast_aes) * 3,
        _ => 2,
    }
}

/// Returns true if the processor has instructions for AES-GCM. Without them, ChaCha20 is several times as fast.
fn has_fast_aes() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return std::is_x86_feature_detected!("aes") && std::is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes") && std::arch::is_aarch64_feature_detected!("pmull");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

/// Describes for the operator whether TLS is on, and with which key.
#[must_use]
pub fn describe(tls: Option<&ServerTls>, is_required: bool) -> String {
    let word = if is_required { "required" } else { "on" };
    tls.map_or_else(|| "off".to_owned(), |tls| format!("{word} | Key: {}", tls.key().fingerprint()))
}

/// The certificate for the next handshakes.
#[derive(Debug)]
struct CurrentCertificate(Mutex<Identity>);

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.lock().certified.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::tls::{KeyVerifier, TlsError, TlsSession};
    use rustls::SupportedProtocolVersion;
    use rustls::pki_types::ServerName;
    use std::fs;

    fn names() -> Vec<String> {
        vec!["localhost".to_owned()]
    }

    fn own(folder: &Path) -> ServerTls {
        ServerTls::open(&TlsMode::Own, folder, &names()).unwrap().unwrap()
    }

    /// Makes a handshake in memory. Returns the key that the client saw.
    fn handshake(
        tls: &ServerTls,
        version: &'static SupportedProtocolVersion,
        alpn: &[&str],
    ) -> Result<Option<ServerKey>, TlsError> {
        let mut config = KeyVerifier::new(|_| true).client_config(&[version]).unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let mut client = TlsSession::client(&Arc::new(config), ServerName::try_from("localhost").unwrap())?;
        let mut server = TlsSession::server(tls.config())?;
        while client.is_handshaking() || server.is_handshaking() {
            let (mut to_server, mut to_client, mut plaintext) = (Vec::new(), Vec::new(), Vec::new());
            client.take_output(&mut to_server);
            server.receive(&to_server, &mut plaintext)?;
            server.take_output(&mut to_client);
            client.receive(&to_client, &mut plaintext)?;
            assert!(to_server.len() + to_client.len() > 0, "neither side goes on");
        }
        Ok(client.server_key())
    }

    #[test]
    fn clients_of_both_versions_and_of_any_protocol_get_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let tls = own(folder.path());
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            for alpn in [&[][..], &["http/1.1"], &["h2", "http/1.1"], &["irc"]] {
                let seen = handshake(&tls, version, alpn).unwrap();
                assert!(seen == Some(tls.key()), "{:?} {alpn:?}", version.version);
            }
        }
        assert_eq!(own(folder.path()).key(), tls.key(), "the key outlasts a restart");
    }

    #[test]
    fn the_cheapest_cipher_comes_first() {
        let order = |fast_aes| {
            let mut suites: Vec<CipherSuite> = default_provider().cipher_suites.iter().map(|s| s.suite()).collect();
            suites.sort_by_key(|suite| preference(*suite, fast_aes));
            suites
        };
        let [aes, chacha] = [CipherSuite::TLS13_AES_128_GCM_SHA256, CipherSuite::TLS13_CHACHA20_POLY1305_SHA256];
        let position = |order: &[CipherSuite], suite| order.iter().position(|other| *other == suite).unwrap();
        assert_eq!((order(true)[0], order(false)[0]), (aes, chacha));
        assert_eq!(position(&order(true), chacha), 6, "behind all six with AES");
    }

    #[test]
    fn tls_can_be_off() {
        let folder = tempfile::tempdir().unwrap();
        assert!(ServerTls::open(&TlsMode::Off, folder.path(), &names()).unwrap().is_none());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_renewed_certificate_is_current_after_a_reload_and_a_bad_one_is_not() {
        let [folder, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let renewed = own(other.path()).key();
        own(folder.path());
        let [certificate, key] =
            [certificate::CERTIFICATE_FILE, certificate::KEY_FILE].map(|file| folder.path().join(file));
        let mode = TlsMode::Files { certificate: certificate.clone(), key: key.clone() };
        let tls = ServerTls::open(&mode, folder.path(), &names()).unwrap().unwrap();
        let first = tls.key();
        let seen = || handshake(&tls, &rustls::version::TLS13, &[]).unwrap();

        fs::copy(other.path().join(certificate::CERTIFICATE_FILE), &certificate).unwrap();
        assert!(tls.reload().unwrap_err().to_string().contains("is not for the key in"));
        assert_eq!((seen(), tls.key()), (Some(first), first));

        fs::copy(other.path().join(certificate::KEY_FILE), &key).unwrap();
        tls.reload().unwrap();
        assert_eq!((seen(), tls.key()), (Some(renewed), renewed));
        assert_ne!(renewed, first);
    }
}
