//! Webhooks: other people's servers are told of events as they happen, by Standard Webhooks
//! (standardwebhooks.com).
//!
//! [`fanout`] reads the event log in order and writes down a delivery for each event and each
//! webhook that asks for it: exactly once. [`sender`] sends what is due, outside of any
//! transaction, and notes down how it went ([`verdict`]): at least once, for a process may die in
//! between. So a receiver knows a repetition by `webhook-id`, and no order is promised. Where a
//! webhook may lead at all stand in [`target`] and [`addresses`].
//!
//! Webhooks belong to the shop, and are made by those who run it. They are told what an
//! administrator may see in the event log, whoever has made them and whatever became of that one.

mod addresses;
pub mod deliveries;
mod deliveries_sql;
pub mod fanout;
pub mod http;
mod metrics;
mod pauses;
mod send;
pub mod sender;
mod signature;
mod sql;
mod target;
mod verdict;
pub mod webhook;

use std::sync::Arc;

use anyhow::Context as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Notify;

use crate::config::{Config, Networks};

pub use deliveries_sql::forget_old;
pub use metrics::WebhookMetrics;
pub use pauses::{WAITING_MAX, pause_those_behind};

/// The name of this work among the queues.
pub const QUEUE: &str = "webhooks";

/// What sending needs at run time.
#[derive(Debug)]
pub struct Webhooks {
    /// Where webhooks may lead although it is not public.
    networks: Networks,
    /// Whose certificates are believed.
    tls: Arc<ClientConfig>,
    /// Told when something may be due.
    news: Notify,
    metrics: WebhookMetrics,
}

impl Webhooks {
    /// As the settings say.
    ///
    /// # Errors
    /// The file of `webhook_ca` cannot be used: a line that says so.
    pub fn new(config: &Config, metrics: WebhookMetrics) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(path) = &config.webhook_ca {
            let named = || format!("webhook_ca names {}", path.display());
            let pem = std::fs::read(path)
                .with_context(|| format!("{}, which cannot be read", named()))?;
            let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
                .collect::<Result<_, _>>()
                .with_context(|| format!("{}, which is no PEM file", named()))?;
            anyhow::ensure!(!certificates.is_empty(), "{}, which holds no certificate", named());
            for certificate in certificates {
                roots.add(certificate).with_context(|| {
                    format!("{}, which holds a certificate that cannot be used", named())
                })?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let networks = config.webhook_networks.clone();
        Ok(Self { networks, tls: Arc::new(tls), news: Notify::new(), metrics })
    }

    /// Says that something may be due.
    pub fn tell(&self) {
        self.news.notify_one();
    }
}
