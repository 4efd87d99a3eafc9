//! One line of the routes' page: method, path, handler, who may call it, and whose things it
//! touches.
//!
//! The guard that the page names is the guard that stands first in the handler's signature,
//! or the page does not compile: `get("/api/products", list, ReadCatalog, Reach::Shop)` needs a
//! handler whose first parameter is `Can<ReadCatalog>`. The router, the OpenAPI document and
//! the tests of authorization are all made of these.

use aide::axum::ApiRouter;
use aide::axum::routing::{
    ApiMethodRouter, delete_with, get_with, patch_with, post_with, put_with,
};
use aide::generate::{GenContext, in_context};
use aide::openapi::{Operation, ReferenceOr, StatusCode};
use aide::operation::{OperationHandler, OperationInput, OperationOutput};
use aide::transform::TransformOperation;
use axum::Extension;
use axum::handler::Handler;
use schemars::JsonSchema;

use super::Answer;
use super::deferral::{self, Accept, Deferral};
use super::docs::fails;
use crate::App;
use crate::auth::{Access, Guard, GuardedBy};
use crate::error::ErrorCode;
use crate::rate_limit::Class;

/// Whose things an operation touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing of the shop: the system itself, or the way in.
    System,
    /// The caller's own account and what belongs to it.
    Own,
    /// The shop as a whole, the same from every store.
    Shop,
    /// Things of many stores: only those in the caller's scope are seen or touched.
    Stores,
    /// One store, which the request names: one that the caller may not see looks absent.
    Store,
}

impl Reach {
    /// As the documentation calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Own => "own",
            Self::Shop => "shop",
            Self::Stores => "stores",
            Self::Store => "store",
        }
    }
}

/// A line of the routes' page.
pub struct Endpoint {
    method: &'static str,
    path: &'static str,
    access: Access,
    reach: Reach,
    class: Class,
    docs: Docs,
    deferral: Option<Deferral>,
    route: Box<dyn FnOnce(Describe) -> ApiMethodRouter<App>>,
}

/// What the documentation says beside what the handler's types say.
#[derive(Clone, Debug, Default)]
struct Docs {
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    about: Option<&'static str>,
    failures: Vec<ErrorCode>,
    /// What is to be said of an operation that can be done later.
    later: Option<fn(&mut GenContext, &mut Operation)>,
}

type Describe = Box<dyn FnOnce(TransformOperation<'_>) -> TransformOperation<'_>>;

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {} {}", self.method, self.path, self.access.name(), self.reach.name())
    }
}

macro_rules! methods {
    ($($name:ident $method:literal $with:ident,)+) => {$(
        #[doc = concat!("`", $method, "`: a handler behind the guard `G`.")]
        pub fn $name<G, H, I, O, T>(
            path: &'static str,
            handler: H,
            _guard: G,
            reach: Reach,
        ) -> Endpoint
        where
            G: Guard,
            H: Handler<T, App> + OperationHandler<I, O>,
            I: OperationInput + GuardedBy<G>,
            O: OperationOutput,
            T: 'static,
        {
            Endpoint {
                method: $method,
                path,
                access: G::ACCESS,
                reach,
                class: if $method == "GET" { Class::Read } else { Class::Write },
                docs: Docs::default(),
                deferral: None,
                route: Box::new(|describe| $with(handler, describe)),
            }
        }
    )+};
}

methods! {
    get "GET" get_with,
    post "POST" post_with,
    put "PUT" put_with,
    patch "PATCH" patch_with,
    delete "DELETE" delete_with,
}

impl Endpoint {
    /// Counts it under another class than its method's: `Read` for GET, else `Write`.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// Names it and says in a few words what it does.
    #[must_use]
    pub fn doc(mut self, id: &'static str, summary: &'static str) -> Self {
        self.docs.id = id;
        self.docs.summary = summary;
        self
    }

    /// Says more than fits into a summary.
    #[must_use]
    pub fn about(mut self, text: &'static str) -> Self {
        self.docs.about = Some(text);
        self
    }

    /// What it can be answered beside success and what its extractors say.
    #[must_use]
    pub fn fails(mut self, codes: &[ErrorCode]) -> Self {
        self.docs.failures.extend(codes);
        self
    }

    /// Lets its callers ask to have it done later, by the operation that `accept` answers with.
    #[must_use]
    pub fn deferrable<T: JsonSchema + 'static>(mut self, accept: Accept<T>) -> Self {
        self.deferral = Some(Deferral::by(accept));
        self.docs.later = Some(|ctx, operation| {
            deferral::document(ctx, operation);
            let answers = Answer::<T, 202>::inferred_responses(ctx, operation);
            let responses = operation.responses.get_or_insert_with(Default::default);
            responses.responses.extend(answers.into_iter().filter_map(|(status, answer)| {
                Some((StatusCode::Code(status?), ReferenceOr::Item(answer)))
            }));
        });
        self
    }

    /// Whether it can be done later.
    pub const fn is_deferrable(&self) -> bool {
        self.deferral.is_some()
    }

    /// Puts it under a heading of the documentation.
    #[must_use]
    pub fn tagged(mut self, tag: &'static str) -> Self {
        self.docs.tag = tag;
        self
    }

    /// `GET`, `POST` …
    pub const fn method(&self) -> &'static str {
        self.method
    }

    /// As in `/api/products/{id}`.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Who may call it.
    pub const fn access(&self) -> Access {
        self.access
    }

    /// Whose things it touches.
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    /// Adds it to a router.
    pub fn onto(self, router: ApiRouter<App>) -> ApiRouter<App> {
        let (docs, access, reach, class) = (self.docs, self.access, self.reach, self.class);
        let deferral = self.deferral.map(|deferral| Deferral { kind: docs.id, ..deferral });
        let describe: Describe =
            Box::new(move |operation| docs.describe(operation, access, reach, class));
        let mut route = (self.route)(describe).layer(Extension(class));
        if let Some(deferral) = deferral {
            route = route.layer(Extension(deferral));
        }
        router.api_route(self.path, route)
    }
}

impl Docs {
    fn describe<'t>(
        self,
        operation: TransformOperation<'t>,
        access: Access,
        reach: Reach,
        class: Class,
    ) -> TransformOperation<'t> {
        let mut operation = operation.id(self.id).tag(self.tag).summary(self.summary);
        if let Some(about) = self.about {
            operation = operation.description(about);
        }
        if let Some(later) = self.later {
            in_context(|ctx| later(ctx, operation.inner_mut()));
        }
        let extensions = &mut operation.inner_mut().extensions;
        extensions.insert("x-permission".to_owned(), access.name().into());
        extensions.insert("x-scope".to_owned(), reach.name().into());
        extensions.insert("x-rate-limit".to_owned(), class.name().into());
        let limited: &[ErrorCode] =
            if class == Class::Unlimited { &[] } else { &[ErrorCode::RateLimited] };
        operation.with(fails(&self.failures)).with(fails(limited))
    }
}
