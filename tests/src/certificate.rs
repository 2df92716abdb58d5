//! A certificate of its own for tests, and TLS configurations of both sides.

use landline_common::tls::{ServerKey, TlsSession, without_resumption};
use rcgen::KeyPair;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::sync::Arc;

/// A self-signed certificate for `localhost`, and the private key with which its server signs.
#[derive(Clone, Debug)]
pub struct TestCertificate(Arc<CertifiedKey>);

impl Default for TestCertificate {
    fn default() -> TestCertificate {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        TestCertificate::from_parts(made.cert.der().clone(), &made.signing_key)
    }
}

impl TestCertificate {
    fn from_parts(certificate: CertificateDer<'static>, key: &KeyPair) -> TestCertificate {
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let key = ring::sign::any_supported_type(&key).expect("a key that can sign");
        TestCertificate(Arc::new(CertifiedKey::new(vec![certificate], key)))
    }

    /// Returns the same certificate with another private key, as an attacker has it.
    #[must_use]
    pub fn with_another_key(&self) -> TestCertificate {
        TestCertificate::from_parts(self.certificate().clone(), &KeyPair::generate().expect("a key"))
    }

    fn certificate(&self) -> &CertificateDer<'static> {
        &self.0.cert[0]
    }

    /// Returns the key of the certificate.
    #[must_use]
    pub fn key(&self) -> ServerKey {
        ServerKey::of_certificate(self.certificate()).expect("a certificate")
    }

    /// Starts the server's side of a connection, with these versions of TLS.
    #[must_use]
    pub fn server_session(&self, versions: &[&'static SupportedProtocolVersion]) -> TlsSession {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_protocol_versions(versions).expect("versions").with_no_client_auth();
        // Takes the certificate also if the private key is another one.
        let config = config.with_cert_resolver(Arc::new(SingleCertAndKey::from(self.0.clone())));
        TlsSession::server(&Arc::new(without_resumption(config))).expect("a session")
    }

    /// Returns the configuration of a client that trusts this certificate only.
    #[must_use]
    pub fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate().clone()).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
    }

    /// Returns the name in the certificate.
    #[must_use]
    pub fn name() -> ServerName<'static> {
        ServerName::try_from("localhost").expect("a name")
    }
}
