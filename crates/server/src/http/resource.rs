//! Things that people make, change, delete and bring back: all in one way.
//!
//! A slice makes its type a [`Resource`], which says how one is read and written. Its handlers
//! check rights and what was sent, and end with a function of this module: idempotency, locks,
//! `If-Match`, events and the record come with that. What only one slice has to say, such as what
//! hinders a deletion, it says in the [`Resource`]'s own functions.

use serde::Serialize;
use serde_json::json;
use stockroom_domain::StoreId;

use super::{Answer, Created, Done, ETag, IfMatch, Once, Write, begin_write};
use crate::App;
use crate::auth::Principal;
use crate::db::{Conn, Tx};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::{Event, Fact};

/// The names of what happens to a kind of thing.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    created: &'static str,
    updated: &'static str,
    deleted: &'static str,
    restored: &'static str,
}

impl Facts {
    /// In the order of a life: made, changed, deleted, brought back.
    pub const fn new(names: [&'static str; 4]) -> Self {
        let [created, updated, deleted, restored] = names;
        Self { created, updated, deleted, restored }
    }
}

/// The facts of a kind of thing: `facts!("customer")`.
#[macro_export]
macro_rules! facts {
    ($kind:literal) => {
        $crate::http::resource::Facts::new([
            concat!($kind, ".created"),
            concat!($kind, ".updated"),
            concat!($kind, ".deleted"),
            concat!($kind, ".restored"),
        ])
    };
}

/// A kind of thing, as it is stored.
pub trait Resource: Send + Sync + Sized + 'static {
    /// What people decide about one: checked, and ready to be stored.
    type Details: PartialEq + Send + Sync;
    /// One as it is shown, and put on record.
    type View: Serialize + Send + Sync;
    /// What is answered with one.
    type Answer: Serialize;

    /// What one is called in refusals and on record: `customer`.
    const KIND: &'static str;
    /// What can happen to it.
    const FACTS: Facts;
    /// Where they are found: `/api/customers`.
    const PATH: &'static str;
    /// Whether a deleted one can be brought back.
    const IS_RESTORABLE: bool = true;
    /// Whether each is in a store, or is one: not to see it is then a denial.
    const IS_OF_STORE: bool = false;

    /// Which.
    fn id(&self) -> i64;
    /// Rises by one with each change.
    fn version(&self) -> i64;
    /// Whether it is hidden.
    fn is_deleted(&self) -> bool;
    /// What people have decided about it.
    fn details(&self) -> &Self::Details;

    /// In which store it is, if it is in one.
    fn store(&self) -> Option<StoreId> {
        None
    }

    /// Whether a caller may know of it.
    fn is_seen_by(&self, _: &Principal) -> bool {
        true
    }

    /// Refuses a caller who may know of it and not change it.
    ///
    /// # Errors
    /// 403.
    fn check_change(&self, _: &Principal) -> ApiResult<()> {
        Ok(())
    }

    /// One as it is shown.
    fn view(self) -> Self::View;

    /// What is answered with it.
    fn answer(view: Self::View) -> Self::Answer;

    /// One by its number.
    fn find(db: Conn<'_>, id: i64) -> impl Future<Output = sqlx::Result<Option<Self>>> + Send;

    /// As [`Resource::find`], and keeps other changes of it waiting until the transaction ends.
    fn lock(tx: &mut Tx, id: i64) -> impl Future<Output = sqlx::Result<Option<Self>>> + Send;

    /// Writes a new one; its number.
    fn insert(
        write: &mut Write,
        details: &Self::Details,
    ) -> impl Future<Output = ApiResult<i64>> + Send;

    /// Replaces what people have decided about it.
    fn update(
        write: &mut Write,
        stored: &Self,
        details: &Self::Details,
    ) -> impl Future<Output = ApiResult<()>> + Send;

    /// Hides it or brings it back, unless something hinders that.
    fn set_deleted(
        write: &mut Write,
        stored: &Self,
        is_deleted: bool,
    ) -> impl Future<Output = ApiResult<()>> + Send;
}

/// Shows one, deleted or not.
///
/// # Errors
/// 404 where there is none that the caller may know of.
pub async fn show<R: Resource>(
    app: &App,
    who: &Principal,
    id: i64,
) -> ApiResult<Answer<R::Answer>> {
    let mut reader = app.db.read().await?;
    let found = R::find(Conn::from(&mut reader), id).await?;
    let found = seen(who, found, id)?;
    let tag = ETag(found.version());
    Ok(Answer::new(&R::answer(found.view()))?.with_etag(tag))
}

/// Makes one.
///
/// # Errors
/// What [`Resource::insert`] refuses.
pub async fn create<R: Resource>(
    app: &App,
    who: &Principal,
    once: &Once,
    details: &R::Details,
) -> ApiResult<Created<R::Answer>> {
    let mut write = begin_write(app, who, once).await?;
    let id = R::insert(&mut write, details).await?;
    let answer = finish::<R, 201>(write, id, Some((R::FACTS.created, None))).await?;
    Ok(answer.with_location(&format!("{}/{id}", R::PATH)))
}

/// Changes one to what `decide` makes of it. What changes nothing leaves no trace.
///
/// # Errors
/// 404; 412; 409 `invalid_state` for a deleted one; what `decide` and [`Resource::update`] refuse.
pub async fn change<R: Resource>(
    app: &App,
    who: &Principal,
    id: i64,
    (once, if_match): (&Once, &IfMatch),
    decide: impl FnOnce(&R) -> ApiResult<R::Details> + Send,
) -> ApiResult<Answer<R::Answer>> {
    let mut write = begin_write(app, who, once).await?;
    let stored: R = locked(who, &mut write.tx, id).await?;
    if_match.check(stored.version())?;
    if stored.is_deleted() {
        let advice = if R::IS_RESTORABLE { "restore it to change it" } else { "make a new one" };
        let message = format!("This {} is deleted: {advice}.", R::KIND);
        return Err(ApiError::conflict(ErrorCode::InvalidState, message)
            .with_detail("kind", R::KIND)
            .with_detail("id", id));
    }
    let details = decide(&stored)?;
    if details == *stored.details() {
        return finish::<R, 200>(write, id, None).await;
    }
    R::update(&mut write, &stored, &details).await?;
    finish(write, id, Some((R::FACTS.updated, Some(stored)))).await
}

/// Deletes one: it is kept, hidden. Again is as good.
///
/// # Errors
/// 404; 412; what [`Resource::set_deleted`] refuses.
pub async fn delete<R: Resource>(
    app: &App,
    who: &Principal,
    id: i64,
    (once, if_match): (&Once, &IfMatch),
) -> ApiResult<Done> {
    let mut write = begin_write(app, who, once).await?;
    let stored: R = locked(who, &mut write.tx, id).await?;
    if stored.is_deleted() {
        return write.commit(&(), []).await;
    }
    if_match.check(stored.version())?;
    R::set_deleted(&mut write, &stored, true).await?;
    let event = event::<R>(R::FACTS.deleted, &stored, stored.version() + 1);
    write.commit(&(), [Fact::new(event).before(&stored.view())]).await
}

/// Brings one back. One that is not deleted stays as it is.
///
/// # Errors
/// 404; 412; what [`Resource::set_deleted`] refuses.
pub async fn restore<R: Resource>(
    app: &App,
    who: &Principal,
    id: i64,
    (once, if_match): (&Once, &IfMatch),
) -> ApiResult<Answer<R::Answer>> {
    let mut write = begin_write(app, who, once).await?;
    let stored: R = locked(who, &mut write.tx, id).await?;
    if !stored.is_deleted() {
        return finish::<R, 200>(write, id, None).await;
    }
    if_match.check(stored.version())?;
    R::set_deleted(&mut write, &stored, false).await?;
    finish(write, id, Some((R::FACTS.restored, Some(stored)))).await
}

async fn locked<R: Resource>(who: &Principal, tx: &mut Tx, id: i64) -> ApiResult<R> {
    let found = R::lock(tx, id).await?;
    let found = seen(who, found, id)?;
    found.check_change(who)?;
    Ok(found)
}

fn seen<R: Resource>(who: &Principal, found: Option<R>, id: i64) -> ApiResult<R> {
    let found = found.filter(|found| found.is_seen_by(who));
    found.ok_or_else(|| match R::IS_OF_STORE {
        true => who.not_found(R::KIND, id),
        false => ApiError::not_found(R::KIND, id),
    })
}

/// Shows it as the write leaves it, and commits. A change has a name and, unless the thing is new,
/// what was before.
async fn finish<R: Resource, const STATUS: u16>(
    mut write: Write,
    id: i64,
    change: Option<(&'static str, Option<R>)>,
) -> ApiResult<Answer<R::Answer, STATUS>> {
    let now = R::find(Conn::from(&mut write.tx), id).await?;
    let now = now.ok_or_else(|| ApiError::not_found(R::KIND, id))?;
    let tag = ETag(now.version());
    let event = change.as_ref().map(|(kind, _)| event::<R>(kind, &now, now.version()));
    let view = now.view();
    let before = change.and_then(|(_, before)| before).map(R::view);
    let fact = event.map(|event| {
        let fact = Fact::new(event).after(&view);
        match &before {
            Some(before) => fact.before(before),
            None => fact,
        }
    });
    let answer = R::answer(view);
    Ok(write.commit(&answer, fact).await?.with_etag(tag))
}

/// Followers learn which one and which version: who may see more asks for it.
fn event<R: Resource>(kind: &'static str, of: &R, version: i64) -> Event {
    let event = Event::new(kind, R::KIND, of.id(), &json!({ "version": version }));
    match of.store() {
        Some(store) => event.in_store(store),
        None => event,
    }
}
