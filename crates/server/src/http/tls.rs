//! HTTPS by ourselves, for whoever has no proxy in front: a certificate and its key from PEM
//! files, read again when they change.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Config;

/// A certificate that is in use. Cloned cheaply; all clones are one.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    certificate: PathBuf,
    key: PathBuf,
    /// The files' contents as they are in use.
    in_use: Mutex<Files>,
    config: RustlsConfig,
}

#[derive(Clone, PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

impl Tls {
    /// What the settings say; `None` where they say nothing of TLS.
    ///
    /// # Errors
    /// A file is missing or holds something else, or the two do not belong together.
    pub fn load(config: &Config) -> anyhow::Result<Option<Self>> {
        let (certificate, key) = match (&config.tls_certificate, &config.tls_key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
            _ => anyhow::bail!("tls_certificate and tls_key go together: one of them is missing"),
        };
        let files = Files::read(&certificate, &key)?;
        let config = RustlsConfig::from_config(files.parse()?);
        let in_use = Mutex::new(files);
        Ok(Some(Self(Arc::new(Inner { certificate, key, in_use, config }))))
    }

    /// For the listener.
    pub fn config(&self) -> RustlsConfig {
        self.0.config.clone()
    }

    /// Takes the files' new contents into use, if there are any; whether there were. Connections
    /// that are open go on as they are.
    ///
    /// # Errors
    /// The files cannot be used: the old ones stay in use.
    pub fn reload(&self) -> anyhow::Result<bool> {
        let files = Files::read(&self.0.certificate, &self.0.key)?;
        let mut in_use = self.0.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if *in_use == files {
            return Ok(false);
        }
        self.0.config.reload_from_config(files.parse()?);
        *in_use = files;
        Ok(true)
    }
}

impl Files {
    fn read(certificate: &PathBuf, key: &PathBuf) -> anyhow::Result<Self> {
        let read = |path: &PathBuf, what: &str| -> anyhow::Result<Vec<u8>> {
            std::fs::read(path)
                .with_context(|| format!("{what} names {}, which cannot be read", path.display()))
        };
        let certificate = read(certificate, "tls_certificate")?;
        Ok(Self { certificate, key: read(key, "tls_key")? })
    }

    fn parse(&self) -> anyhow::Result<Arc<ServerConfig>> {
        let certificates = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .context("the file of tls_certificate is no PEM file with certificates")?;
        anyhow::ensure!(
            !certificates.is_empty(),
            "the file of tls_certificate holds no certificate in PEM form"
        );
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .context("the file of tls_key holds no private key in PEM form")?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .context("the certificate and the key do not belong together")?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
