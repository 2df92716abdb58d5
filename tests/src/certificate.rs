//! A certificate of its own for tests, and TLS configurations of both sides.

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::sync::Arc;

/// A self-signed certificate for `localhost`, with a new key.
pub struct TestCertificate {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Default for TestCertificate {
    fn default() -> TestCertificate {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        TestCertificate { certificate: made.cert.der().clone(), key: made.signing_key.serialize_der() }
    }
}

impl TestCertificate {
    /// Returns the configuration of a server that shows this certificate.
    #[must_use]
    pub fn server(&self) -> Arc<ServerConfig> {
        self.server_with_key_of(self)
    }

    /// Returns the configuration of a server that shows this certificate and has the key of `other`.
    #[must_use]
    pub fn server_with_key_of(&self, other: &TestCertificate) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::try_from(other.key.clone()).expect("a key");
        let key = ring::sign::any_supported_type(&key).expect("a supported key");
        let certified = rustls::sign::CertifiedKey::new(vec![self.certificate.clone()], key);
        let resolver = rustls::sign::SingleCertAndKey::from(certified);
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        Arc::new(landline_common::tls::without_resumption(builder.with_cert_resolver(Arc::new(resolver))))
    }

    /// Returns the configuration of a client that trusts this certificate only.
    #[must_use]
    pub fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a root");
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
