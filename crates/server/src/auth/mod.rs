//! Who is asking, and what they may do.

use std::marker::PhantomData;
use std::ops::Deref;

use stockroom_domain::UserId;
use stockroom_domain::permissions::Permission;

/// Someone who has proved who they are.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Who.
    pub user_id: UserId,
    /// The name they sign in with.
    pub username: String,
}

/// A right that a handler can demand.
pub trait Right: Send + Sync + 'static {
    /// Which.
    const PERMISSION: Permission;
}

/// See how the system runs.
#[derive(Debug)]
pub struct Operate;

impl Right for Operate {
    const PERMISSION: Permission = Permission::Operate;
}

/// A caller who holds the right `R`.
#[derive(Debug)]
pub struct Can<R>(pub Principal, PhantomData<R>);

impl<R> Deref for Can<R> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}
