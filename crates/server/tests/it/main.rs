//! Tests of the whole server over HTTP: real listeners, real databases, a clock that is moved
//! by hand. One file per slice; what they share is in [`support`].

#[allow(dead_code, reason = "a vocabulary: each slice uses its part of it")]
mod support;

mod accounts;
mod alerts;
mod answers;
mod api_keys;
mod atomicity;
mod audit;
mod auth;
mod authorization;
mod command_line;
mod crashes;
mod demo;
mod documentation;
mod event_log;
mod faults;
mod guides;
mod idempotency;
mod jobs;
mod ledger;
mod limits;
mod lists;
mod operations;
mod order_steps;
mod orders;
mod outside;
mod own_account;
mod partitions;
mod people;
mod product_lists;
mod product_names;
mod products;
mod rate_limits;
mod sales;
mod saved_views;
mod schema;
mod sessions;
mod settings;
mod signing_keys;
mod slow_callers;
mod stock;
mod stock_lists;
mod stock_refusals;
mod stores;
mod system;
mod tidy;
mod time_travel;
mod tls;
mod worker_faults;
mod worker_processes;
mod workers;
mod writes;
