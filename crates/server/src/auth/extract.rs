//! From a request to its caller: [`Who`] is anyone who has signed in, [`Can`] someone who also
//! holds a right, [`Anyone`] whoever asks. One of them stands first in each handler's signature,
//! because whether one may is judged before what one says; [`GuardedBy`] has the compiler see to
//! it that the routes' page says the same.

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

use super::throttle::network;
use super::{Principal, Via, keys};
use crate::App;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::http::{RequestContext, docs};
use crate::rate_limit::{Caller, Class};

/// A right that a handler can demand.
pub trait Right: Send + Sync + 'static {
    /// Which.
    const PERMISSION: Permission;
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever asks.
    Anyone,
    /// Whoever has signed in, whatever their role; a program's key will do.
    SignedIn,
    /// Whoever has signed in with a password.
    Person,
    /// Whoever holds this permission somewhere.
    Permission(Permission),
}

impl Access {
    /// As the documentation calls it: `anyone`, `signed_in`, `person` or the permission's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::SignedIn => "signed_in",
            Self::Person => "person",
            Self::Permission(permission) => permission.name(),
        }
    }
}

/// What the routes' page names to say who may call an operation.
pub trait Guard {
    /// Who may.
    const ACCESS: Access;
    /// The parameter that checks it.
    type Extractor;
}

/// Parameters of a handler, the first of which is the guard `G`'s.
pub trait GuardedBy<G> {}

macro_rules! guarded_by {
    ($($rest:ident)*) => {
        impl<G: Guard, $($rest),*> GuardedBy<G> for (G::Extractor, $($rest,)*) {}
    };
}
guarded_by!();
guarded_by!(A);
guarded_by!(A B);
guarded_by!(A B C);
guarded_by!(A B C D);
guarded_by!(A B C D E);
guarded_by!(A B C D E F);
guarded_by!(A B C D E F H);

macro_rules! rights {
    ($($(#[$doc:meta])+ $name:ident,)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Right for $name {
            const PERMISSION: Permission = Permission::$name;
        }

        impl Guard for $name {
            const ACCESS: Access = Access::Permission(Permission::$name);
            type Extractor = Can<Self>;
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
    /// Read the orders and sales of a store.
    ReadOrders,
    /// Take orders in a store, sell, send, take back, and take money.
    Sell,
    /// Sell at another price than the catalogue's, or more than is on record; hide orders.
    SuperviseSales,
    /// Read customers.
    ReadCustomers,
    /// Create, change and delete customers.
    EditCustomers,
    /// Decide how much a customer may owe.
    GrantCredit,
    /// Read who works in a store.
    ReadEmployees,
    /// Create, change and delete those who work in a store.
    EditEmployees,
    /// Read the audit log.
    ReadAudit,
    /// Create, change and delete users and programs' keys.
    ManageUsers,
    /// Change the shop's settings.
    EditSettings,
    /// See how the system runs.
    Operate,
}

/// Whoever asks: nothing is demanded.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

impl Guard for Anyone {
    const ACCESS: Access = Access::Anyone;
    type Extractor = Self;
}

impl FromRequestParts<App> for Anyone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        count_address(class(parts), &RequestContext::of(parts), app).await?;
        Ok(Self)
    }
}

impl OperationInput for Anyone {}

/// Whoever brings a refresh token, which is looked up before it is counted against its user. An
/// address may have as many looked up as it may read: it is no guess that could succeed, and what
/// someone in a shop's network makes up must not keep the shop's tills from renewing theirs.
#[derive(Clone, Copy, Debug)]
pub struct Renewing;

impl Guard for Renewing {
    const ACCESS: Access = Access::Anyone;
    type Extractor = Self;
}

impl FromRequestParts<App> for Renewing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        count_address(Class::Read, &RequestContext::of(parts), app).await?;
        Ok(Self)
    }
}

impl OperationInput for Renewing {}

/// The class of work of a request, as the routes' page says.
fn class(parts: &Parts) -> Class {
    parts.extensions.get::<Class>().copied().unwrap_or(Class::Read)
}

/// Counts a request of someone who has not proved who they are.
async fn count_address(class: Class, context: &RequestContext, app: &App) -> ApiResult<()> {
    match context.address() {
        Some(address) => context.count(app, Caller::Address(network(address)), class).await,
        None => Ok(()),
    }
}

/// On the routes' page: demands [`Who`].
#[derive(Clone, Copy, Debug)]
pub struct SignedIn;

impl Guard for SignedIn {
    const ACCESS: Access = Access::SignedIn;
    type Extractor = Who;
}

/// Whoever has signed in. 401 without a good token.
#[derive(Clone, Debug)]
pub struct Who(pub Arc<Principal>);

/// In the extensions of a request that came in before and is done now: who sent it, as they are
/// now. No client can put it there.
#[derive(Clone, Debug)]
pub struct OnBehalf(pub Arc<Principal>);

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

impl<R> Can<R> {
    /// Who it is, for whoever holds on to them.
    pub fn principal(&self) -> Arc<Principal> {
        Arc::clone(&self.0)
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
        if let Some(OnBehalf(caller)) = parts.extensions.get().cloned() {
            RequestContext::of(parts).set_caller(Arc::clone(&caller));
            return Ok(Self(caller));
        }
        let Some(token) = bearer(parts) else {
            count_address(class(parts), &RequestContext::of(parts), app).await?;
            return Err(ApiError::unauthenticated(
                "Sign in first, and send the token in the header Authorization: Bearer …",
            ));
        };
        Self::of_token(token, &RequestContext::of(parts), app, class(parts)).await
    }
}

impl Who {
    /// Whoever brings a token, counted for what they ask of this class.
    ///
    /// # Errors
    /// 401 where the token is not good, or not any more; 429; the database's.
    pub async fn of_token(
        token: &str,
        context: &RequestContext,
        app: &App,
        class: Class,
    ) -> ApiResult<Self> {
        if keys::digest_of(token).is_some_and(|digest| !app.auth.callers.knows_key(&digest)) {
            // It has to be looked up: as with refresh tokens, an address may have so many.
            count_address(Class::Read, context, app).await?;
        }
        let Some(caller) = app.auth.caller(token).await? else {
            count_address(class, context, app).await?;
            return Err(ApiError::unauthenticated(
                "This token is not valid, or not any more. Refresh it, or sign in again.",
            ));
        };
        context.set_caller(Arc::clone(&caller));
        context.count(app, caller.counted_as(), class).await?;
        app.auth.note_use(&caller, context).await?;
        Ok(Self(caller))
    }
}

/// Who may make an account: someone who manages users, or, without a token, whoever asks, where the
/// shop's settings let people register. 401 and 403 otherwise.
#[derive(Clone, Debug)]
pub enum Registrar {
    /// For someone else, with whatever role.
    Administrator(Arc<Principal>),
    /// For oneself, without a role in any store.
    Newcomer,
}

impl FromRequestParts<App> for Registrar {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        if parts.headers.contains_key(AUTHORIZATION) {
            let Can(caller, _) = Can::<ManageUsers>::from_request_parts(parts, app).await?;
            return Ok(Self::Administrator(caller));
        }
        if app.auth.is_registration_open().await? {
            return Ok(Self::Newcomer);
        }
        Err(ApiError::unauthenticated(
            "This shop lets nobody register by themselves: an administrator adds people.",
        ))
    }
}

impl OperationInput for Registrar {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let bearer = [("bearer".to_owned(), Vec::new())].into_iter().collect();
        operation.security = vec![bearer, Default::default()];
        let codes = [ErrorCode::Unauthenticated, ErrorCode::Forbidden];
        docs::add_failures(ctx, operation, &codes);
    }
}

/// Someone who has signed in with a password, not a program with a key: for what belongs to a
/// person. 401 without a good token, 403 for a key.
#[derive(Clone, Debug)]
pub struct Person {
    who: Arc<Principal>,
    session_id: i64,
}

/// On the routes' page: demands a [`Person`].
#[derive(Clone, Copy, Debug)]
pub struct OnesOwn;

impl Guard for OnesOwn {
    const ACCESS: Access = Access::Person;
    type Extractor = Person;
}

impl Person {
    /// The sign-in that the request belongs to.
    pub const fn session_id(&self) -> i64 {
        self.session_id
    }
}

impl Deref for Person {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.who
    }
}

impl FromRequestParts<App> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        let Who(who) = Who::from_request_parts(parts, app).await?;
        match who.via {
            Via::Session(session_id) => Ok(Self { who, session_id }),
            Via::Key(_) | Via::Nothing => Err(ApiError::new(
                ErrorCode::Forbidden,
                "This belongs to a person, who signs in with a password: a key cannot do it.",
            )
            .with_detail("permission", Access::Person.name())),
        }
    }
}

impl OperationInput for Person {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Who::operation_input(ctx, operation);
        docs::add_failures(ctx, operation, &[ErrorCode::Forbidden]);
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
        docs::add_failures(ctx, operation, &[ErrorCode::Forbidden]);
    }
}
