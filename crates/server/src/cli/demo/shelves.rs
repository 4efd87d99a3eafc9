//! What the made-up shops have on their shelves while their history is being made.
//!
//! The generator's own model, so that nothing it asks of the ledger is ever refused: lots
//! leave in the order in which they expire, and nothing falls below zero. The ledger does not
//! trust it and decides everything again.

use jiff::civil::Date;

/// A quantity of one lot, or of the product where lots are not tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Index into the history's lots.
    pub lot: Option<usize>,
    /// The lot's last good day.
    pub expires_on: Option<Date>,
    /// How much of it, in thousandths.
    pub quantity: i64,
}

/// All shelves of all stores.
#[derive(Debug)]
pub struct Shelves {
    /// By store, then by product: what is there, the first to expire first.
    pieces: Vec<Vec<Vec<Piece>>>,
}

impl Shelves {
    /// Empty shelves.
    pub fn new(stores: usize, products: usize) -> Self {
        Self { pieces: vec![vec![Vec::new(); products]; stores] }
    }

    /// Everything of one product in one store, in thousandths.
    pub fn on_hand(&self, store: usize, product: usize) -> i64 {
        self.pieces[store][product].iter().map(|piece| piece.quantity).sum()
    }

    /// What is there of one product in one store, the first to expire first.
    pub fn pieces(&self, store: usize, product: usize) -> &[Piece] {
        &self.pieces[store][product]
    }

    /// What has expired before `day`.
    pub fn expired(&self, store: usize, product: usize, day: Date) -> i64 {
        let expired = |piece: &&Piece| piece.expires_on.is_some_and(|last| last < day);
        self.pieces[store][product].iter().filter(expired).map(|piece| piece.quantity).sum()
    }

    /// Puts goods on the shelf.
    pub fn receive(&mut self, store: usize, product: usize, piece: Piece) {
        let pieces = &mut self.pieces[store][product];
        match pieces.iter_mut().find(|there| there.lot == piece.lot) {
            Some(there) => there.quantity += piece.quantity,
            None => {
                let after = pieces.partition_point(|there| there.expires_on <= piece.expires_on);
                pieces.insert(after, piece);
            }
        }
    }

    /// Takes goods off the shelf, first what expires first. Gives what was taken of which lot.
    pub fn take(&mut self, store: usize, product: usize, quantity: i64) -> Vec<Piece> {
        let mut missing = quantity;
        let mut taken = Vec::with_capacity(1);
        for piece in &mut self.pieces[store][product] {
            let part = piece.quantity.min(missing);
            if part > 0 {
                piece.quantity -= part;
                missing -= part;
                taken.push(Piece { quantity: part, ..*piece });
            }
        }
        assert_eq!(missing, 0, "took more of product {product} than store {store} has");
        self.pieces[store][product].retain(|piece| piece.quantity > 0);
        taken
    }

    /// Sets the quantity of one lot (of the product) right, as a count does.
    pub fn count(&mut self, store: usize, product: usize, lot: Option<usize>, quantity: i64) {
        let pieces = &mut self.pieces[store][product];
        for piece in pieces.iter_mut().filter(|piece| piece.lot == lot) {
            piece.quantity = quantity;
        }
        pieces.retain(|piece| piece.quantity > 0);
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_expires_first_leaves_first() {
        let mut shelves = Shelves::new(1, 1);
        let piece = |lot, day, quantity| Piece {
            lot: Some(lot),
            expires_on: Some(date(2026, 5, day)),
            quantity,
        };
        shelves.receive(0, 0, piece(0, 20, 3_000));
        shelves.receive(0, 0, piece(1, 10, 2_000));
        shelves.receive(0, 0, piece(1, 10, 500));
        assert_eq!(shelves.expired(0, 0, date(2026, 5, 10)), 0);
        assert_eq!(shelves.expired(0, 0, date(2026, 5, 11)), 2_500);
        assert_eq!(shelves.take(0, 0, 3_000), [piece(1, 10, 2_500), piece(0, 20, 500)]);
        shelves.count(0, 0, Some(0), 2_400);
        assert_eq!(shelves.on_hand(0, 0), 2_400);
        assert_eq!(shelves.pieces(0, 0), [piece(0, 20, 2_400)]);
    }
}
