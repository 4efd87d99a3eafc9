//! The demo chain: its stores, its suppliers, and what a product of it is made of.
//!
//! Everything is invented. The makers' names belong to nobody, streets and postcodes are the
//! usual German placeholders, telephone numbers come from the ranges that the
//! Bundesnetzagentur keeps for films (Amtsblatt 7/2021, Mitteilung 148), addresses for mail
//! end in `example.com`, and barcodes begin with 21 or 22, which GS1 leaves to each shop.
//! The products themselves are listed in [`super::products`].

/// The time zone of every demo store.
pub const TIME_ZONE: &str = "Europe/Berlin";

/// What all prices are in.
pub const CURRENCY: &str = "EUR";

/// A shop of the chain.
#[derive(Clone, Copy, Debug)]
pub struct Store {
    /// Short code, as on receipts.
    pub code: &'static str,
    /// The name, recognisable as a demo.
    pub name: &'static str,
    /// The street address.
    pub address: &'static str,
    /// The telephone number.
    pub phone: &'static str,
    /// Customers a day, in percent of an average store.
    pub size_percent: i64,
}

/// The three shops.
pub const STORES: [Store; 3] = [
    Store {
        code: "BER",
        name: "Otter & Wren Pets, Berlin (demo)",
        address: "Musterstraße 12, 10000 Berlin",
        phone: "+49 30 23125 120",
        size_percent: 125,
    },
    Store {
        code: "HAM",
        name: "Otter & Wren Pets, Hamburg (demo)",
        address: "Beispielweg 3, 20000 Hamburg",
        phone: "+49 40 66969 340",
        size_percent: 100,
    },
    Store {
        code: "CGN",
        name: "Otter & Wren Pets, Köln (demo)",
        address: "Probeplatz 7, 50000 Köln",
        phone: "+49 221 4710 560",
        size_percent: 75,
    },
];

/// Someone who delivers goods.
#[derive(Clone, Copy, Debug)]
pub struct Supplier {
    /// The name, recognisable as a demo.
    pub name: &'static str,
    /// Whom to write to and to call.
    pub contact_info: &'static str,
    /// Days from an order to its delivery.
    pub lead_time_days: i64,
    /// The weekday of deliveries, Monday is 0.
    pub weekday: i8,
}

/// Dry and wet food.
pub const FOOD: usize = 0;
/// Seeds, hay and other loose goods.
pub const MILL: usize = 1;
/// Toys, leads, beds and hygiene.
pub const GEAR: usize = 2;
/// Fish, plants and what they need.
pub const AQUA: usize = 3;
/// Insects and terrarium goods.
pub const FEED: usize = 4;
/// Health and care.
pub const CARE: usize = 5;

/// The suppliers, at the indexes above.
pub const SUPPLIERS: [Supplier; 6] = [
    supplier("Nordhag Tiernahrung (demo)", "nordhag@example.com, +49 40 66969 101", 3, 1),
    supplier("Auenmühle Saaten & Heu (demo)", "auenmuehle@example.com, +49 89 99998 102", 4, 0),
    supplier("Kontor Gassigut (demo)", "gassigut@example.com, +49 69 90009 103", 7, 3),
    supplier("Tiefgrün Aquaristik (demo)", "tiefgruen@example.com, +49 30 23125 104", 5, 2),
    supplier("Zirpenhof Futtertiere (demo)", "zirpenhof@example.com, +49 221 4710 105", 2, 4),
    supplier("Lindelune Tierpflege (demo)", "lindelune@example.com, +49 89 99998 106", 6, 0),
];

const fn supplier(
    name: &'static str,
    contact_info: &'static str,
    lead_time_days: i64,
    weekday: i8,
) -> Supplier {
    Supplier { name, contact_info, lead_time_days, weekday }
}

/// How much of a product one customer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// One, seldom two or three.
    One,
    /// From one up to so many.
    UpTo(i64),
    /// Weighed or measured: from and up to so many thousandths, in steps of so many.
    Loose(i64, i64, i64),
}

/// An article of the demo catalogue. Built in [`super::products`] from [`item`].
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// The article number; its first three letters name the animal.
    pub sku: &'static str,
    /// What is on the shelf label.
    pub name: &'static str,
    /// One line more about it.
    pub description: &'static str,
    /// The category.
    pub category: &'static str,
    /// Index into [`SUPPLIERS`].
    pub supplier: usize,
    /// `each`, `kg`, `l` or `m`.
    pub unit: &'static str,
    /// The price of one unit, in cents, taxes included.
    pub price: i64,
    /// The cost of one unit, in cents.
    pub cost: i64,
    /// 1/100,000: German food for animals is taxed at 7 %, all else at 19 %.
    pub tax_rate: i64,
    /// Units that an average store sells in a week.
    pub weekly: i64,
    /// Units in one case (or sack) of the supplier's.
    pub case: i64,
    /// Days from delivery to expiry, 0 where lots are not tracked.
    pub shelf_days: i64,
    /// What one customer takes.
    pub portion: Portion,
    /// Units in a pack with a barcode of its own, 0 if there is none.
    pub pack: i64,
}

/// The usual article: sold one by one, at 19 %, without lots.
pub const fn item(
    supplier: usize,
    category: &'static str,
    sku: &'static str,
    name: &'static str,
    description: &'static str,
) -> Product {
    Product {
        sku,
        name,
        description,
        category,
        supplier,
        unit: "each",
        price: 0,
        cost: 0,
        tax_rate: 19_000,
        weekly: 4,
        case: 1,
        shelf_days: 0,
        portion: Portion::One,
        pack: 0,
    }
}

impl Product {
    /// Price and cost of one unit, in cents.
    pub const fn at(mut self, price: i64, cost: i64) -> Self {
        self.price = price;
        self.cost = cost;
        self
    }

    /// Taxed as food for animals.
    pub const fn food(mut self) -> Self {
        self.tax_rate = 7_000;
        self
    }

    /// Sells so many units in a week; comes in cases of so many.
    pub const fn sells(mut self, weekly: i64, case: i64) -> Self {
        self.weekly = weekly;
        self.case = case;
        self
    }

    /// Has lots that expire about so many days after their delivery.
    pub const fn keeps(mut self, shelf_days: i64) -> Self {
        self.shelf_days = shelf_days;
        self
    }

    /// A customer takes up to so many.
    pub const fn up_to(mut self, units: i64) -> Self {
        self.portion = Portion::UpTo(units);
        self
    }

    /// Has a second barcode for a pack of so many.
    pub const fn packed(mut self, units: i64) -> Self {
        self.pack = units;
        self
    }

    /// Weighed: a customer takes between so many grams.
    pub const fn by_weight(mut self, least: i64, most: i64) -> Self {
        self.unit = "kg";
        self.portion = Portion::Loose(least, most, 2);
        self
    }

    /// Drawn from a tank: a customer takes between so many litres, by the half.
    pub const fn by_litre(mut self, least: i64, most: i64) -> Self {
        self.unit = "l";
        self.portion = Portion::Loose(least * 1_000, most * 1_000, 500);
        self
    }

    /// Cut from a roll: a customer takes between so many metres, by the decimetre.
    pub const fn by_metre(mut self, least: i64, most: i64) -> Self {
        self.unit = "m";
        self.portion = Portion::Loose(least * 1_000, most * 1_000, 100);
        self
    }

    /// Whose it is: `DOG`, `CAT`, `SML`, `BRD`, `FSH`, `RPT`.
    pub fn animal(&self) -> &'static str {
        self.sku.get(..3).unwrap_or(self.sku)
    }

    /// Sold by weight.
    pub fn is_weighed(&self) -> bool {
        self.unit == "kg"
    }

    /// Whether its deliveries carry a lot code and an expiry day.
    pub const fn track_lots(&self) -> bool {
        self.shelf_days > 0
    }

    /// What a customer takes on average, in thousandths.
    pub const fn portion_average(&self) -> i64 {
        match self.portion {
            Portion::One => 1_230,
            Portion::UpTo(most) => (1_000 + most * 1_000) / 2,
            Portion::Loose(least, most, _) => i64::midpoint(least, most),
        }
    }

    /// The part of `quantity` that can be sold: nobody buys half a tin.
    pub const fn in_steps(&self, quantity: i64) -> i64 {
        quantity / self.step() * self.step()
    }

    /// The smallest difference that a customer can ask for, in thousandths.
    pub const fn step(&self) -> i64 {
        match self.portion {
            Portion::Loose(_, _, step) => step,
            _ => 1_000,
        }
    }

    /// Reordered when less than an average week's sales is left, in thousandths.
    pub const fn reorder_point(&self) -> i64 {
        self.weekly * 1_000
    }

    /// Whole cases for two more weeks, or for one if it does not keep; in thousandths.
    pub const fn reorder_quantity(&self) -> i64 {
        let weeks = if self.track_lots() && self.shelf_days < 60 { 1 } else { 2 };
        (self.weekly * weeks + self.case - 1) / self.case * self.case * 1_000
    }

    /// Its barcodes, each with the number of units that it stands for. `index` is the
    /// product's place in the catalogue.
    pub fn barcodes(&self, index: usize) -> Vec<(String, i64)> {
        let mut codes = vec![(ean13(21, index), 1)];
        if self.pack > 0 {
            codes.push((ean13(22, index), self.pack));
        }
        codes
    }
}

/// An EAN-13 of the range that each shop numbers for itself: two digits of prefix, ten of
/// ours, and the check digit (GS1 General Specifications, 7.9).
fn ean13(prefix: u8, index: usize) -> String {
    let body = format!("{prefix:02}{:010}", (index + 1) * 10_007);
    let weighted = body.bytes().zip([1, 3].into_iter().cycle());
    let sum: u32 = weighted.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::products::PRODUCTS;
    use super::*;

    fn count(wanted: impl Fn(&Product) -> bool) -> usize {
        PRODUCTS.iter().filter(|product| wanted(product)).count()
    }

    #[test]
    fn the_catalogue_is_what_the_demo_promises() {
        assert!((76..=86).contains(&PRODUCTS.len()), "{} products", PRODUCTS.len());
        assert!(count(Product::is_weighed) >= 15, "{} by weight", count(Product::is_weighed));
        assert!(count(Product::track_lots) >= 20, "{} with expiry", count(Product::track_lots));
        assert!(count(|product| product.pack > 0) >= 4);
        assert_eq!(STORES.len(), 3);
        assert!(SUPPLIERS.iter().all(|supplier| (0..6).contains(&supplier.weekday)));
        assert!(STORES.iter().all(|store| store.name.contains("demo")));
    }

    #[test]
    fn every_product_is_plausible() {
        let mut skus = HashSet::new();
        let mut names = HashSet::new();
        for product in &PRODUCTS {
            let sku = product.sku;
            assert!(skus.insert(sku), "{sku} twice");
            assert!(names.insert(product.name), "{} twice", product.name);
            assert!(product.supplier < SUPPLIERS.len(), "{sku}: supplier");
            assert!(product.cost > 0 && product.price > product.cost, "{sku}: price and cost");
            assert!(product.price < product.cost * 4, "{sku}: margin");
            assert!(product.weekly > 0 && product.case > 0, "{sku}: sales");
            assert!(product.reorder_quantity() >= product.reorder_point(), "{sku}: reorder");
            assert!(["DOG", "CAT", "SML", "BRD", "FSH", "RPT"].contains(&product.animal()));
            let is_loose = matches!(product.portion, Portion::Loose(..));
            assert_eq!(is_loose, product.unit != "each", "{sku}: unit");
            assert!(product.name.chars().count() <= 200 && sku.len() <= 64, "{sku}: length");
        }
    }

    #[test]
    fn every_barcode_is_a_valid_in_store_ean_13_and_unique() {
        let mut seen = HashSet::new();
        for (index, product) in PRODUCTS.iter().enumerate() {
            for (code, units) in product.barcodes(index) {
                assert_eq!(code.len(), 13, "{code}");
                assert!(("20".."30").contains(&&code[..2]), "{code}");
                // The rule of the standard, counted from the right: 1, 3, 1, 3 … is 0 mod 10.
                let digits = code.bytes().rev().map(|digit| u32::from(digit - b'0'));
                let sum: u32 = digits.zip([1, 3].into_iter().cycle()).map(|(d, w)| d * w).sum();
                assert_eq!(sum % 10, 0, "{code}");
                assert!(units > 0);
                assert!(seen.insert(code.clone()), "{code} twice");
            }
        }
    }
}
