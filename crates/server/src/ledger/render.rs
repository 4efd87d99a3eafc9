//! What a committed posting is answered with, what is kept of that under its key, and what
//! followers of the event log learn.

use std::borrow::Cow;
use std::collections::HashMap;

use stockroom_domain::batch::{Accepted, Verdict};
use stockroom_domain::stock::{LevelKey, Movement, Refusal};
use stockroom_domain::{LotId, MovementId, OrderId, ProductId, Quantity, StoreId, Timestamp};

use super::answer::{Actor, Labels, view_of};
use super::document::Made;
use super::document_rows::Decided;
use super::posting::Posting;
use super::replay::Kept;
use crate::events::Event;

/// Lines in one event; what a line takes of it keeps the event under 8 KiB.
const EVENT_LINES_MAX: usize = 48;

/// What a batch leaves behind beside its movements.
pub(super) struct Traces {
    /// What is kept under the key of each posting that takes effect, by the posting's index;
    /// [`super::replay`] tells it again.
    pub(super) kept: Vec<(usize, String)>,
    pub(super) events: Vec<Event>,
    /// The order or the entry that a posting has made, by the posting's index.
    pub(super) made: HashMap<usize, Made>,
}

/// Renders what a batch leaves behind. `ids` has one for each movement, in the order of
/// postings and lines; `orders` the order of each posting that has one.
pub(super) fn traces(
    postings: &[&Posting],
    verdicts: &[Verdict],
    orders: &[Option<OrderId>],
    ids: &[MovementId],
    now: Timestamp,
) -> Traces {
    let mut ids = ids.iter().copied();
    let mut traces = Traces {
        kept: Vec::with_capacity(postings.len()),
        events: Vec::with_capacity(postings.len()),
        made: HashMap::new(),
    };
    for (index, posting, accepted) in accepted(postings, verdicts) {
        let lines = &accepted.lines[..];
        let mut moved: Vec<(MovementId, &Movement)> = Vec::with_capacity(lines.len());
        let mut kept = Kept::default();
        for element in elements(posting, lines) {
            match element {
                Element::Movement(_, movement) => {
                    let id = ids.next().unwrap_or(MovementId(0));
                    kept.movement(id);
                    moved.push((id, movement));
                }
                Element::Refusal(told) => kept.refusal(&told),
            }
        }
        let order = orders.get(index).copied().flatten();
        let decided = posting.is_document().then_some(Decided { posting, accepted, order });
        let made = decided.as_ref().and_then(|decided| decided.made(now));
        traces.made.extend(made.map(|made| (index, made)));
        traces.kept.push((
            index,
            match made {
                Some(made) => serde_json::to_string(&made).unwrap_or_default(),
                None => kept.into_text(),
            },
        ));
        traces.events.extend(decided.iter().flat_map(Decided::events));
        moved.sort_by_key(|(_, movement)| movement.key.store);
        for of_store in moved.chunk_by(|a, b| a.1.key.store == b.1.key.store) {
            let events = of_store.chunks(EVENT_LINES_MAX);
            traces.events.extend(events.map(|lines| event(of_store[0].1.key.store, order, lines)));
        }
    }
    traces
}

/// Renders what each posting that takes effect is answered with, by the posting's index.
pub(super) fn answers(
    postings: &[&Posting],
    verdicts: &[Verdict],
    labels: &HashMap<LevelKey, Labels>,
    ids: &[MovementId],
) -> HashMap<usize, String> {
    let mut ids = ids.iter().copied();
    let no_labels = Labels::default();
    let mut answers = HashMap::with_capacity(postings.len());
    for (index, posting, accepted) in accepted(postings, verdicts) {
        let lines = &accepted.lines[..];
        if posting.is_document() {
            // Whoever made it knows what it is; their movements only use up their ids.
            ids.by_ref().take(lines.len()).for_each(drop);
            continue;
        }
        let mut text = String::with_capacity(lines.len() * 384 + 2);
        for element in elements(posting, lines) {
            text.push(if text.is_empty() { '[' } else { ',' });
            match element {
                Element::Refusal(told) => text.push_str(&told),
                Element::Movement(line, movement) => {
                    let id = ids.next().unwrap_or(MovementId(0));
                    let labels = labels.get(&movement.key).unwrap_or(&no_labels);
                    let username = &posting.origin.actor.name;
                    let actor = Actor { id: posting.actor_id(), username };
                    let (details, shows_cost) = (&posting.details[line], posting.shows_cost);
                    let view = view_of(id, movement, details, labels, actor, shows_cost);
                    text.push_str(&serde_json::to_string(&view).unwrap_or_default());
                }
            }
        }
        text.push(']');
        answers.insert(index, text);
    }
    answers
}

/// The postings that take effect, each with its index and what it comes to.
fn accepted<'a>(
    postings: &[&'a Posting],
    verdicts: &'a [Verdict],
) -> impl Iterator<Item = (usize, &'a Posting, &'a Accepted)> {
    let both = postings.iter().zip(verdicts).enumerate();
    both.filter_map(|(index, (posting, verdict))| match verdict {
        Verdict::Accepted(accepted) => Some((index, *posting, accepted)),
        _ => None,
    })
}

/// What an answer says of one line of its request.
enum Element<'a> {
    /// It took effect; with its index among the lines that reached the ledger.
    Movement(usize, &'a Movement),
    /// It fell; as JSON.
    Refusal(Cow<'a, str>),
}

/// The elements of a posting's answer, in the order of the request's lines.
fn elements<'a>(posting: &'a Posting, lines: &'a [Result<Movement, Refusal>]) -> Vec<Element<'a>> {
    let mut elements = Vec::with_capacity(lines.len() + posting.fallen.len());
    let mut fallen = posting.fallen.iter().peekable();
    for (index, line) in lines.iter().enumerate() {
        while let Some((_, told)) = fallen.next_if(|(at, _)| *at == elements.len()) {
            elements.push(Element::Refusal(told.get().into()));
        }
        elements.push(match line {
            Ok(movement) => Element::Movement(index, movement),
            Err(refusal) => {
                let error = crate::error::refused_line(&posting.parcel.lines[index], refusal);
                Element::Refusal(serde_json::json!({ "error": error }).to_string().into())
            }
        });
    }
    elements.extend(fallen.map(|(_, told)| Element::Refusal(told.get().into())));
    elements
}

/// What followers learn of the movements of one parcel in one store: quantities and
/// balances, never costs. A long parcel makes several events, so that none is incomplete.
fn event(store: StoreId, order: Option<OrderId>, lines: &[(MovementId, &Movement)]) -> Event {
    #[derive(serde::Serialize)]
    struct Line {
        movement_id: MovementId,
        #[serde(rename = "type")]
        kind: &'static str,
        product_id: ProductId,
        lot_id: LotId,
        quantity: Quantity,
        on_hand: Quantity,
        version: i64,
    }
    #[derive(serde::Serialize)]
    struct Data {
        #[serde(skip_serializing_if = "Option::is_none")]
        order_id: Option<OrderId>,
        lines: Vec<Line>,
    }
    let lines: Vec<Line> = lines
        .iter()
        .map(|(id, movement)| Line {
            movement_id: *id,
            kind: movement.kind.name(),
            product_id: movement.key.product,
            lot_id: movement.key.lot,
            quantity: movement.quantity,
            on_hand: movement.balance,
            version: movement.version,
        })
        .collect();
    let subject = lines.first().map_or(0, |line| line.movement_id.0);
    Event::new("stock.moved", "movement", subject, &Data { order_id: order, lines }).in_store(store)
}
