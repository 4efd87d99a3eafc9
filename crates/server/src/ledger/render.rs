//! What a committed posting is answered with, what is kept of that under its key, and what
//! followers of the event log learn.

use std::collections::HashMap;

use stockroom_domain::batch::Verdict;
use stockroom_domain::stock::{LevelKey, Movement, Refusal};
use stockroom_domain::{LotId, MovementId, ProductId, Quantity, StoreId};

use super::answer::{Actor, Labels, view_of};
use super::posting::Posting;
use crate::events::Event;

/// Lines in one event; what a line takes of it keeps the event under 8 KiB.
const EVENT_LINES_MAX: usize = 48;

/// What a posting is answered with, and what is kept of it under its key.
pub(super) struct Told {
    pub(super) answer: String,
    pub(super) kept: String,
}

/// All that is told of a batch.
pub(super) struct Tale {
    /// By the posting's index; of those that take effect.
    pub(super) answers: HashMap<usize, Told>,
    pub(super) events: Vec<Event>,
}

/// Renders what every posting that takes effect is answered with, and the batch's events.
/// `ids` has one for each movement, in the order of postings and lines.
pub(super) fn tell(
    postings: &[&Posting],
    verdicts: &[Verdict],
    labels: &HashMap<LevelKey, Labels>,
    ids: &[MovementId],
) -> Tale {
    let mut ids = ids.iter().copied();
    let mut answers = HashMap::with_capacity(postings.len());
    let mut events = Vec::with_capacity(postings.len());
    for (index, (posting, verdict)) in postings.iter().zip(verdicts).enumerate() {
        let Verdict::Accepted(lines) = verdict else { continue };
        answers.insert(index, answer(posting, lines, labels, &mut ids, &mut events));
    }
    Tale { answers, events }
}

/// Renders what a posting is answered with, and adds its events to `events`.
fn answer(
    posting: &Posting,
    lines: &[Result<Movement, Refusal>],
    labels: &HashMap<LevelKey, Labels>,
    ids: &mut impl Iterator<Item = MovementId>,
    events: &mut Vec<Event>,
) -> Told {
    let mut text = String::with_capacity(lines.len() * 384 + 2);
    let mut kept = String::with_capacity(lines.len() * 12 + 2);
    let mut moved: Vec<(MovementId, &Movement)> = Vec::with_capacity(lines.len());
    let no_labels = Labels::default();
    let mut fallen = posting.fallen.iter().peekable();
    let mut place = 0;
    text.push('[');
    kept.push('[');
    for (index, line) in lines.iter().enumerate() {
        while let Some((_, told)) = fallen.next_if(|(at, _)| *at == place) {
            for text in [&mut text, &mut kept] {
                text.push_str(told.get());
                text.push(',');
            }
            place += 1;
        }
        place += 1;
        match line {
            Ok(movement) => {
                let id = ids.next().unwrap_or(MovementId(0));
                let actor = Actor { id: posting.actor_id, username: &posting.actor_name };
                let labels = labels.get(&movement.key).unwrap_or(&no_labels);
                let details = &posting.details[index];
                let view = view_of(id, movement, details, labels, actor, posting.shows_cost);
                text.push_str(&serde_json::to_string(&view).unwrap_or_default());
                kept.push_str(&id.to_string());
                moved.push((id, movement));
            }
            Err(refusal) => {
                let error = crate::error::refused_line(&posting.parcel.lines[index], refusal);
                let error = serde_json::json!({ "error": error }).to_string();
                text.push_str(&error);
                kept.push_str(&error);
            }
        }
        text.push(',');
        kept.push(',');
    }
    for (_, told) in fallen {
        for text in [&mut text, &mut kept] {
            text.push_str(told.get());
            text.push(',');
        }
    }
    for text in [&mut text, &mut kept] {
        text.pop();
        text.push(']');
    }
    moved.sort_by_key(|(_, movement)| movement.key.store);
    for of_store in moved.chunk_by(|a, b| a.1.key.store == b.1.key.store) {
        events.extend(
            of_store.chunks(EVENT_LINES_MAX).map(|lines| event(of_store[0].1.key.store, lines)),
        );
    }
    Told { answer: text, kept }
}

/// What followers learn of the movements of one parcel in one store: quantities and
/// balances, never costs. A long parcel makes several events, so that none is incomplete.
fn event(store: StoreId, lines: &[(MovementId, &Movement)]) -> Event {
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
    Event::new("stock.moved", "movement", subject, &Data { lines }).in_store(store)
}
