//! From a request to its caller: [`Who`] is anyone who has signed in, [`Can`] someone who also
//! holds a right. They stand first in a handler's signature, because whether one may is
//! judged before what one says.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use stockroom_domain::permissions::Permission;

use super::Principal;
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::http::docs;

/// A right that a handler can demand.
pub trait Right: Send + Sync + 'static {
    /// Which.
    const PERMISSION: Permission;
}

macro_rules! rights {
    ($($(#[$doc:meta])+ $name:ident,)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Right for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )+};
}

rights! {
    /// Read products, categories and stores.
    ReadCatalog,
    /// Create, change and delete products.
    EditCatalog,
    /// Create, change and delete stores.
    EditStores,
    /// Read levels and movements of a store.
    ReadStock,
    /// Record stock coming in, sold, removed or counted in a store.
    MoveStock,
    /// See how the system runs.
    Operate,
}

/// Whoever has signed in. 401 without a good token.
#[derive(Clone, Debug)]
pub struct Who(pub Arc<Principal>);

/// A caller who holds the right `R` somewhere; where exactly, the handler asks with
/// [`Principal::require_store`] or [`Principal::scope`]. 401 without a good token, 403 without
/// the right.
#[derive(Debug)]
pub struct Can<R>(Arc<Principal>, PhantomData<R>);

impl Deref for Who {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<R> Deref for Can<R> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl FromRequestParts<App> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let Some(token) = bearer(parts) else {
            return Err(ApiError::unauthenticated(
                "Sign in first, and send the token in the header Authorization: Bearer …",
            ));
        };
        app.auth.caller(token).await?.map(Self).ok_or_else(|| {
            ApiError::unauthenticated(
                "This token is not valid, or not any more. Refresh it, or sign in again.",
            )
        })
    }
}

impl<R: Right> FromRequestParts<App> for Can<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let Who(caller) = Who::from_request_parts(parts, app).await?;
        if caller.may_anywhere(R::PERMISSION) {
            Ok(Self(caller, PhantomData))
        } else {
            Err(ApiError::forbidden(R::PERMISSION.name()))
        }
    }
}

/// The token of the header `Authorization: Bearer …`; the scheme's case does not matter.
fn bearer(parts: &Parts) -> Option<&str> {
    let (scheme, token) = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl OperationInput for Who {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        operation.security = vec![[("bearer".to_owned(), Vec::new())].into_iter().collect()];
        docs::add_failures(ctx, operation, &[ErrorCode::Unauthenticated]);
    }
}

impl<R: Right> OperationInput for Can<R> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Who::operation_input(ctx, operation);
        let permission = R::PERMISSION.name();
        operation.extensions.insert("x-permission".to_owned(), permission.into());
        docs::add_failures(ctx, operation, &[ErrorCode::Forbidden]);
    }
}
