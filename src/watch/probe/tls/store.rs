//! The authorities that certificates are verified by: read once, at the start and at a reload. The program is confined by
//! then, so that what can be read at the start can be read again.

use super::verifiers::{Pinned, Unverified};
use crate::config::{Settings, Tls};
use crate::limits::CA_FILE_OCTETS;
use log::warn;
use oco::system::small_file::read_at_most;
use oco::system::words::words;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why there is nothing for a session that the settings have none of.
const UNREAD: &str = "no authorities were read";

/// What sessions need, for each way of verifying that the settings have.
#[derive(Debug, Default)]
pub struct TlsStore {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    trust: Trust,
    /// The words: why there is none. They are the reason of each probe that needs it.
    config: Result<Arc<ClientConfig>, String>,
}

/// Why a file of authorities is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaError {
    /// Where it is, as the settings have it.
    pub file: PathBuf,
    /// What is wrong with it.
    pub why: String,
    /// Whether this process may not read it, though others could.
    pub is_denied: bool,
}

impl fmt::Display for CaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.why)
    }
}

/// Who is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trust {
    Everybody,
    System,
    File(PathBuf),
}

impl Trust {
    fn is(&self, tls: &Tls) -> bool {
        match (self, &tls.ca) {
            (Trust::Everybody, _) => !tls.verify,
            (Trust::System, ca) => tls.verify && ca.is_none(),
            (Trust::File(file), ca) => tls.verify && ca.as_ref() == Some(file),
        }
    }

    fn of(tls: &Tls) -> Trust {
        match &tls.ca {
            _ if !tls.verify => Trust::Everybody,
            None => Trust::System,
            Some(file) => Trust::File(file.clone()),
        }
    }
}

impl TlsStore {
    /// Reads what the probes of `settings` need, and who tells Alertmanager and another board.
    ///
    /// # Errors
    /// A `ca` file can't be read, or has no certificate.
    pub fn load(settings: &Settings) -> Result<TlsStore, CaError> {
        TlsStore::of(settings.verified(), Arc::new(DefaultTimeProvider))
    }

    /// The same for these, judged by another clock.
    ///
    /// # Errors
    /// As [`TlsStore::load`].
    pub fn of<'a>(
        wanted: impl Iterator<Item = &'a Tls>,
        clock: Arc<dyn TimeProvider>,
    ) -> Result<TlsStore, CaError> {
        let mut store = TlsStore::default();
        for tls in wanted {
            if store.entries.iter().any(|entry| entry.trust.is(tls)) {
                continue;
            }
            let trust = Trust::of(tls);
            let provider = Arc::new(ring::default_provider());
            let verifier = match &trust {
                Trust::Everybody => Ok(unverified(&provider)),
                Trust::System => system(&provider),
                Trust::File(file) => Ok(by_file(file, &provider)?),
            };
            let config = verifier.and_then(|verifier| client(provider, Arc::clone(&clock), verifier));
            store.entries.push(Entry { trust, config });
        }
        Ok(store)
    }

    /// What a session needs that is verified so.
    ///
    /// # Errors
    /// There is none, and why.
    pub fn find(&self, tls: &Tls) -> Result<&Arc<ClientConfig>, &str> {
        match self.entries.iter().find(|entry| entry.trust.is(tls)) {
            Some(entry) => entry.config.as_ref().map_err(String::as_str),
            None => Err(UNREAD),
        }
    }

    /// The same for a thread of its own, where a server may be one without TLS.
    ///
    /// # Errors
    /// There is none, and why.
    pub fn for_sessions(&self, tls: Option<&Tls>) -> Result<Arc<ClientConfig>, String> {
        let found = tls.map_or(Err(UNREAD), |tls| self.find(tls));
        found.map(Arc::clone).map_err(str::to_owned)
    }
}

fn client(
    provider: Arc<CryptoProvider>,
    clock: Arc<dyn TimeProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<Arc<ClientConfig>, String> {
    let builder = ClientConfig::builder_with_details(provider, clock)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Each probe looks at the certificate anew.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

fn unverified(provider: &Arc<CryptoProvider>) -> Arc<dyn ServerCertVerifier> {
    Arc::new(Unverified(provider.signature_verification_algorithms))
}

/// By the system's authorities. Without any, all else goes on, so that is no error of the start.
fn system(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        warn!("the system's certificate authorities: {error}");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("no certificate authorities on this system".to_owned());
    }
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let verifier = builder.build().map_err(|error| error.to_string())?;
    Ok(verifier)
}

fn by_file(file: &Path, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, CaError> {
    let at = |why: &str| CaError { file: file.to_owned(), why: why.to_owned(), is_denied: false };
    let content = read_at_most(file, CA_FILE_OCTETS).map_err(|error| CaError {
        is_denied: error.kind() == io::ErrorKind::PermissionDenied,
        ..at(&words(&error))
    })?;
    let content = content.ok_or_else(|| at("too large for a file of certificates"))?;
    let pinned = CertificateDer::pem_slice_iter(&content).collect::<Result<Vec<_>, _>>();
    let pinned = pinned.map_err(|error| at(&format!("expected certificates in PEM: {error}")))?;
    let mut roots = RootCertStore::empty();
    for certificate in &pinned {
        roots.add(certificate.clone()).map_err(|error| at(&error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(at("expected certificates in PEM, found none"));
    }
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let by_authority = builder.build().map_err(|error| at(&error.to_string()))?;
    Ok(Arc::new(Pinned { by_authority, pinned }))
}
