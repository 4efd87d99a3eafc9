//! One connection, from its first message to its end.
//!
//! It holds a place in the log: everything up to there was told, or was not for this caller. Woken
//! by the log's end, it looks at what is behind that place and sends it in one go, as quickly as
//! the caller takes it; who is behind reads on from the log. Ids in the log have no gaps, so an
//! event that is missing shows.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stockroom_domain::permissions::Permission;
use stockroom_domain::{EventId, Timestamp};
use tokio::time::{MissedTickBehavior, interval, sleep_until, timeout};

use super::PlaceOf;
use super::ends::End;
use super::messages::{Auth, Told};
use super::topics::Topics;
use crate::App;
use crate::auth::callers::AGE_MAX_S;
use crate::auth::{Principal, Who};
use crate::clock;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::event_log::visibility::is_visible;
use crate::events;
use crate::events::tail::{Follower, Heard};
use crate::http::{Incoming, RequestContext, Socket, WireTime, denied};
use crate::rate_limit::Class;

/// The route, as the audit log names it.
const PATH: &str = "/api/ws";
/// How long it may take until the caller has said who they are.
const AUTH_TIMEOUT: Duration = Duration::from_secs(10);
/// How often it is asked whether they still may.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// For how long an answer to that is good. Beyond it nothing is told until there is another.
const CONFIRMED_MAX: Duration = Duration::from_secs(3);
/// Whoever loses a right hears of nothing after so many seconds.
const LOST_WITHIN_S: u64 = 5;
const _: () = assert!(LOOK_EVERY.as_secs() + AGE_MAX_S.unsigned_abs() < LOST_WITHIN_S);
const _: () = assert!(CONFIRMED_MAX.as_secs() + AGE_MAX_S.unsigned_abs() <= LOST_WITHIN_S);
/// How often the caller is asked for a sign of life, and told the cursor.
const PING_EVERY: Duration = Duration::from_secs(25);
/// Messages that a caller may send in that time, signs of life included.
const MESSAGES_MAX: u32 = 100;
/// What happens within so long after something was told is told together.
const GATHER: Duration = Duration::from_millis(10);
/// The pause where the database did not answer.
const PAUSE: Duration = Duration::from_millis(500);
/// Events looked at in one go, and sent in one go.
const LOOKED_AT_MAX: usize = 256;
/// Whoever comes back from further behind is told to read everything anew, which is quicker.
const RESUMED_MAX: i64 = 50_000;
/// Whoever falls behind further than this is too slow.
const BEHIND_MAX: i64 = 100_000;

/// Who has opened it, as far as is known.
pub(super) struct Caller {
    pub app: App,
    pub context: RequestContext,
    /// Whether no foreign page has.
    pub is_from_here: bool,
}

/// Talks until one of the two sides ends it.
pub(super) async fn run(caller: Caller, mut socket: Socket) {
    let end = match caller.is_from_here {
        true => converse(&caller, &mut socket).await,
        false => End::FOREIGN,
    };
    caller.app.live.closed(end.code);
    if end.code == End::LEFT.code {
        return socket.end().await;
    }
    if let Some(failure) = end.error.as_ref().and_then(ApiError::failure) {
        if let Some(cause) = &failure.cause {
            tracing::warn!(code = failure.code.name(), cause, "a WebSocket is closed");
        }
        let told = Told::Error { error: Cow::Borrowed(failure) };
        // The close that follows says the same in short.
        let _ = socket.send(vec![told.to_json()]).await;
    }
    socket.close(end.code, end.reason).await;
}

async fn converse(caller: &Caller, socket: &mut Socket) -> End {
    let ended = async {
        let text = tokio::select! {
            first = timeout(AUTH_TIMEOUT, first_message(socket)) => first,
            () = caller.app.drained() => return Err(End::STOPPING),
        };
        let text = text.map_err(|_| End::SILENT)??;
        let mut session = Session::begin(caller, socket, &text).await?;
        session.follow().await
    };
    match ended.await {
        Err(end) => end,
        Ok(never) => match never {},
    }
}

async fn first_message(socket: &mut Socket) -> Result<String, End> {
    let mut left = MESSAGES_MAX;
    loop {
        match socket.receive().await {
            Incoming::Text(text) => return Ok(text),
            Incoming::Bad(code, error) => return Err(End::bad(code, error)),
            Incoming::End => return Err(End::LEFT),
            Incoming::SignOfLife if left == 0 => return Err(too_many_messages()),
            Incoming::SignOfLife => left -= 1,
        }
    }
}

fn too_many_messages() -> End {
    let message = format!("At most {MESSAGES_MAX} messages in {} s.", PING_EVERY.as_secs());
    End::refused(ApiError::new(ErrorCode::RateLimited, message))
}

/// Someone who has said who they are.
struct Proof {
    who: Arc<Principal>,
    /// When their token ends; a key says so by itself.
    ends_at: Option<Timestamp>,
    said: Auth,
}

/// Reads who someone says they are, and whether they may listen.
async fn prove(caller: &Caller, text: &str) -> Result<Proof, End> {
    let said = Auth::read(text).map_err(End::refused)?;
    let (who, ends_at) = let_in(caller, &said.token).await.map_err(End::refused)?;
    Ok(Proof { who, ends_at, said })
}

/// Whoever brings a token, and when that ends.
async fn let_in(
    Caller { app, context, .. }: &Caller,
    token: &str,
) -> ApiResult<(Arc<Principal>, Option<Timestamp>)> {
    let Who(who) = Who::of_token(token, context, app, Class::Read).await?;
    if may_listen(&who) {
        return Ok((who, app.auth.token_end(token).await?));
    }
    let error = ApiError::forbidden(Permission::ReadStock.name());
    if let Some(failure) = error.failure() {
        denied::record(app, context, &who, PATH, failure).await?;
    }
    Err(error)
}

/// The same right as for `GET /api/inventory/events`.
fn may_listen(who: &Principal) -> bool {
    who.may_anywhere(Permission::ReadStock)
}

/// A caller who was let in.
struct Session<'a> {
    caller: &'a Caller,
    socket: &'a mut Socket,
    _place_of: PlaceOf,
    who: Arc<Principal>,
    /// When it was last known that they may.
    confirmed: Instant,
    ends_at: Option<Timestamp>,
    topics: Topics,
    follower: Follower,
    /// Everything up to here was dealt with.
    place: EventId,
    /// The last cursor that the caller was told.
    told: EventId,
    /// Whether everything there was has been told once.
    is_at_the_end: bool,
    /// Nothing is looked at before.
    rests_until: Instant,
    has_answered: bool,
    messages_left: u32,
}

/// What cannot be.
enum Never {}

impl<'a> Session<'a> {
    /// Lets someone in, or not.
    async fn begin(
        caller: &'a Caller,
        socket: &'a mut Socket,
        text: &str,
    ) -> Result<Session<'a>, End> {
        let app = &caller.app;
        // From before the proof: what it says is as old.
        let confirmed = clock::monotonic();
        let Proof { who, ends_at, said } = prove(caller, text).await?;
        let place_of = app.live.place_of(who.user_id).ok_or_else(too_many_sockets)?;
        let topics = said.topics.as_deref().map_or(Ok(Topics::ALL), Topics::named);
        let topics = topics.map_err(End::refused)?;
        let since = said.place().map_err(End::refused)?;
        let head = head(app).await.map_err(End::refused)?;
        // A cursor from beyond the end is one of a log that was set back to a backup.
        let is_of_this_log = since.is_none_or(|since| since <= head);
        let place = since.filter(|_| is_of_this_log).unwrap_or(head);
        let mut session = Session {
            caller,
            socket,
            _place_of: place_of,
            who,
            confirmed,
            ends_at,
            topics,
            follower: app.tail.follow(),
            place,
            told: place,
            is_at_the_end: place == head,
            rests_until: confirmed,
            has_answered: true,
            messages_left: MESSAGES_MAX,
        };
        session.say_ready().await?;
        if !is_of_this_log || head.0 - place.0 > RESUMED_MAX {
            session.resync(head).await?;
        }
        Ok(session)
    }

    /// Tells of everything that happens, until the end.
    async fn follow(&mut self) -> Result<Never, End> {
        let mut looks = every(LOOK_EVERY);
        let mut pings = every(PING_EVERY);
        // The first ticks come at once.
        pings.tick().await;
        let drained = self.caller.app.drained();
        tokio::pin!(drained);
        loop {
            tokio::select! {
                // In this order: a caller who takes everything slowly is looked at all the same.
                biased;
                () = &mut drained => return Err(End::STOPPING),
                _ = looks.tick() => self.look().await?,
                _ = pings.tick() => self.ping().await?,
                incoming = self.socket.receive() => self.hear(incoming).await?,
                () = news(&mut self.follower, self.place, self.rests_until) => self.tell().await?,
            }
        }
    }

    /// Hears what the caller says.
    async fn hear(&mut self, incoming: Incoming) -> Result<(), End> {
        self.has_answered = true;
        self.messages_left = self.messages_left.checked_sub(1).ok_or_else(too_many_messages)?;
        match incoming {
            Incoming::Text(text) => self.renew(&text).await,
            Incoming::SignOfLife => Ok(()),
            Incoming::Bad(code, error) => Err(End::bad(code, error)),
            Incoming::End => Err(End::LEFT),
        }
    }

    /// Goes on with another token of the same user. They may choose other topics; the place stays.
    async fn renew(&mut self, text: &str) -> Result<(), End> {
        let confirmed = clock::monotonic();
        let Proof { who, ends_at, said } = prove(self.caller, text).await?;
        if who.user_id != self.who.user_id {
            return Err(End::someone_else());
        }
        if let Some(names) = &said.topics {
            self.topics = Topics::named(names).map_err(End::refused)?;
        }
        (self.who, self.ends_at, self.confirmed) = (who, ends_at, confirmed);
        self.say_ready().await
    }

    /// Looks whether the caller still may listen, and as whom.
    async fn look(&mut self) -> Result<(), End> {
        self.check_end()?;
        let asked = clock::monotonic();
        match self.caller.app.auth.again(&self.who).await {
            Ok(Some(who)) if may_listen(&who) => {
                (self.who, self.confirmed) = (who, asked);
                Ok(())
            }
            Ok(_) => Err(End::LOST),
            Err(error) => {
                tracing::debug!(%error, "nobody can say now who still may listen");
                Ok(())
            }
        }
    }

    fn check_end(&self) -> Result<(), End> {
        let now = self.caller.app.clock.now();
        if self.ends_at.is_some_and(|end| end <= now) { Err(End::EXPIRED) } else { Ok(()) }
    }

    /// Asks for a sign of life, and tells those who hear of little how far they are.
    async fn ping(&mut self) -> Result<(), End> {
        if !self.has_answered {
            return Err(End::TOO_SLOW);
        }
        self.has_answered = false;
        self.messages_left = MESSAGES_MAX;
        if self.told < self.place {
            self.told = self.place;
            self.say(&Told::Cursor { cursor: self.place.0 }).await?;
        }
        Ok(self.socket.ping().await?)
    }

    /// Tells what is behind the place, as far as it is for this caller: some of it, in order.
    async fn tell(&mut self) -> Result<(), End> {
        self.check_end()?;
        if self.confirmed.elapsed() > CONFIRMED_MAX {
            self.look().await?;
        }
        if self.confirmed.elapsed() > CONFIRMED_MAX {
            self.rests_until = clock::monotonic() + PAUSE;
            return Ok(());
        }
        if self.follower.last().0 - self.place.0 > BEHIND_MAX {
            return Err(End::TOO_SLOW);
        }
        let events = match self.follower.behind(self.place, LOOKED_AT_MAX).await {
            Ok(events) => events,
            Err(error) => {
                tracing::debug!(%error, "the event log cannot be read now");
                self.rests_until = clock::monotonic() + PAUSE;
                return Ok(());
            }
        };
        if events.first().is_none_or(|first| first.id != self.place.0 + 1) {
            return match head(&self.caller.app).await {
                Ok(head) => self.resync(head).await,
                Err(error) => Err(End::refused(error)),
            };
        }
        self.send(&events).await?;
        if events.len() < LOOKED_AT_MAX {
            self.is_at_the_end = true;
            self.rests_until = clock::monotonic() + GATHER;
        }
        Ok(())
    }

    /// Sends those of some events that are for this caller.
    async fn send(&mut self, events: &[Arc<Heard>]) -> Result<(), End> {
        let is_theirs =
            |event: &&Arc<Heard>| self.topics.have(&event.kind) && is_visible(&self.who, event);
        let theirs: Vec<&Arc<Heard>> = events.iter().filter(is_theirs).collect();
        if let (Some(first), Some(last)) = (theirs.first(), theirs.last()) {
            let texts = theirs.iter().map(|event| event.text(Told::event)).collect();
            self.socket.send(texts).await?;
            let now = self.caller.app.clock.now();
            let delay_us = self.is_at_the_end.then_some(now.0 - first.occurred_at);
            self.caller.app.live.sent(theirs.len(), delay_us);
            self.told = EventId(last.id);
        }
        self.place = events.last().map_or(self.place, |event| EventId(event.id));
        Ok(())
    }

    /// Says that events are missing, and goes on behind another place.
    async fn resync(&mut self, place: EventId) -> Result<(), End> {
        (self.place, self.told) = (place, place);
        self.say(&Told::Resync { cursor: place.0 }).await
    }

    async fn say_ready(&mut self) -> Result<(), End> {
        self.told = self.place;
        let expires_at = self.ends_at.map(WireTime);
        self.say(&Told::Ready { cursor: self.place.0, expires_at }).await
    }

    async fn say(&mut self, told: &Told<'_>) -> Result<(), End> {
        Ok(self.socket.send(vec![told.to_json()]).await?)
    }
}

/// Waits until there is something to look at, and it is time.
async fn news(follower: &mut Follower, place: EventId, rests_until: Instant) {
    follower.wait_beyond(place).await;
    sleep_until(rests_until.into()).await;
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn too_many_sockets() -> End {
    let most = super::SOCKETS_OF_ONE_MAX;
    let message = format!("You have {most} connections open, and may have no more.");
    let error = ApiError::new(ErrorCode::RateLimited, message);
    End::refused(error.with_detail("sockets_max", most))
}

/// The last event there is.
async fn head(app: &App) -> ApiResult<EventId> {
    let (head, _) = events::head(&mut app.db.read().await?).await?;
    Ok(head)
}
