//! The people that a shop deals with: customers, suppliers, and those who work there.
//!
//! Customers and suppliers belong to the whole shop, employees to a store or, without one, to the
//! shop. Nobody is ever removed: what was ordered, delivered and paid points to them.

pub mod customer;
mod customer_sql;
pub mod employee;
mod employee_sql;
pub mod supplier;
mod supplier_sql;
