//! Checks a server's certificate by its key alone: who signed it, for which name and until when does not matter.
//!
//! The key counts only with the proof that the server has it. So the signature over the handshake is verified with the
//! key of the certificate. Without that, an attacker could show the certificate of another server, which is public.

use super::{ServerKey, TlsError, TlsSession};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ALL_VERSIONS, CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    SupportedProtocolVersion,
};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Decides about the key of a server.
type Decision = Box<dyn Fn(&ServerKey) -> bool + Send + Sync>;

/// The verifier of one handshake.
pub struct KeyVerifier {
    provider: Arc<CryptoProvider>,
    is_accepted: Decision,
    refused: OnceLock<ServerKey>,
}

impl KeyVerifier {
    /// Creates a verifier that accepts the keys for which `is_accepted` returns true.
    pub fn new(is_accepted: impl Fn(&ServerKey) -> bool + Send + Sync + 'static) -> Arc<KeyVerifier> {
        let provider = Arc::new(ring::default_provider());
        Arc::new(KeyVerifier { provider, is_accepted: Box::new(is_accepted), refused: OnceLock::new() })
    }

    /// Makes the configuration of a client that offers these versions of TLS, and whose server this verifier checks.
    ///
    /// # Errors
    /// The library refuses its own configuration.
    pub fn client_config(
        self: &Arc<KeyVerifier>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<ClientConfig, Error> {
        let config = ClientConfig::builder_with_provider(self.provider.clone());
        let config = config.with_protocol_versions(versions)?.dangerous();
        let mut config = config.with_custom_certificate_verifier(self.clone()).with_no_client_auth();
        // A resumed session shows no certificate. The name is not sent, since the certificate is of a key, not of a name.
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        Ok(config)
    }

    /// Starts the client's side of a TLS connection whose server this verifier checks.
    ///
    /// # Errors
    /// The library refuses its own configuration.
    pub fn session(self: &Arc<KeyVerifier>) -> Result<TlsSession, TlsError> {
        let config = self.client_config(ALL_VERSIONS)?;
        let name = ServerName::try_from("landline").map_err(|_| Error::General("the name is not valid".into()))?;
        TlsSession::client(&Arc::new(config), name)
    }

    /// Returns the key that was refused, if one was.
    #[must_use]
    pub fn refused(&self) -> Option<ServerKey> {
        self.refused.get().copied()
    }
}

impl ServerCertVerifier for KeyVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = ServerKey::of_certificate(certificate).ok_or(CertificateError::BadEncoding)?;
        if (self.is_accepted)(&key) {
            return Ok(ServerCertVerified::assertion());
        }
        _ = self.refused.set(key);
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for KeyVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyVerifier").field("refused", &self.refused).finish_non_exhaustive()
    }
}
