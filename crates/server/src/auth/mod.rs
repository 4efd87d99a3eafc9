//! Who is asking, and what they may do.

use std::marker::PhantomData;

use std::ops::Deref;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use stockroom_domain::UserId;
use stockroom_domain::permissions::Permission;

use crate::App;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::http::docs;

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

impl<R: Right> FromRequestParts<App> for Can<R> {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, _: &App) -> ApiResult<Self> {
        Err(ApiError::unauthenticated("Send an access token: Authorization: Bearer …"))
    }
}

impl<R: Right> OperationInput for Can<R> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let permission = format!("{:?}", R::PERMISSION);
        operation.extensions.insert("x-permission".to_owned(), permission.into());
        let codes = [ErrorCode::Unauthenticated, ErrorCode::Forbidden];
        docs::add_failures(ctx, operation, &codes);
    }
}

/// The token that lets the first administrator in, while there is no user.
///
/// # Errors
/// The database's.
pub async fn setup_token(app: &App) -> anyhow::Result<Option<String>> {
    Ok(app.config.setup_token.as_ref().map(|token| token.expose().to_owned()))
}
