//! TLS: the certificate and key of the settings.

use crate::config::TlsFiles;
use oco::system::words::{lowered, words};
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

/// What is wrong with the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFault {
    /// The file.
    pub file: Which,
    /// Which it is, and why it is not good.
    pub what: String,
}

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The certificate.
    Certificate,
    /// Its key.
    Key,
}

/// Reads the files: what a handshake needs.
///
/// # Errors
/// One of them can't be read, or they do not fit.
pub fn load(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsFault> {
    let wrong = |file: Which, why: &str| {
        let path = match file {
            Which::Certificate => &files.certificate,
            Which::Key => &files.key,
        };
        TlsFault { file, what: format!("{}: {why}", path.display()) }
    };
    let of_certificate = |why: &str| wrong(Which::Certificate, why);
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| of_certificate(&words_of_pem(&error)))?;
    if certificates.is_empty() {
        return Err(of_certificate("no certificate in it; expected PEM"));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(Which::Key, &words_of_pem(&error)))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| of_certificate(&error.to_string()))?.with_no_client_auth();
    let config = builder.with_single_cert(certificates, key);
    let mut config = config.map_err(|error| of_certificate(&error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn words_of_pem(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => words(error),
        pem::Error::NoItemsFound => "nothing of that kind in it; expected PEM".to_owned(),
        other => lowered(&other.to_string()),
    }
}
