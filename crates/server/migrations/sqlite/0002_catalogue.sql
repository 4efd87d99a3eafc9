-- The catalogue, shared by all stores. Nothing here is ever removed: movements point to it.

CREATE TABLE suppliers (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    name_key       TEXT NOT NULL,
    contact_info   TEXT,
    lead_time_days INTEGER CHECK (lead_time_days >= 0),
    is_deleted     INTEGER NOT NULL CHECK (is_deleted IN (0, 1)),
    version        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;

-- Money in cents, quantities in thousandths of the unit, tax_rate in 1/100,000 (19 % = 19000).
CREATE TABLE products (
    id               INTEGER PRIMARY KEY,
    sku              TEXT NOT NULL,
    sku_key          TEXT NOT NULL,
    name             TEXT NOT NULL,
    name_key         TEXT NOT NULL,
    description      TEXT,
    category         TEXT,
    unit             TEXT NOT NULL CHECK (unit IN ('each', 'kg', 'l', 'm')),
    price            INTEGER NOT NULL CHECK (price >= 0),
    cost             INTEGER CHECK (cost >= 0),
    tax_rate         INTEGER NOT NULL CHECK (tax_rate BETWEEN 0 AND 100000),
    track_lots       INTEGER NOT NULL CHECK (track_lots IN (0, 1)),
    reorder_point    INTEGER CHECK (reorder_point >= 0),
    reorder_quantity INTEGER CHECK (reorder_quantity > 0),
    supplier_id      INTEGER REFERENCES suppliers,
    is_deleted       INTEGER NOT NULL CHECK (is_deleted IN (0, 1)),
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX products_sku ON products (sku_key) WHERE NOT is_deleted;
CREATE INDEX products_category ON products (category);
-- Lists walk these in order, one page after another.
CREATE INDEX products_by_name ON products (name_key, id) WHERE NOT is_deleted;
CREATE INDEX products_by_age ON products (created_at, id) WHERE NOT is_deleted;

CREATE TABLE product_barcodes (
    code          TEXT PRIMARY KEY,
    product_id    INTEGER NOT NULL REFERENCES products,
    pack_quantity INTEGER NOT NULL CHECK (pack_quantity > 0)
) STRICT;
CREATE INDEX product_barcodes_of_product ON product_barcodes (product_id);

-- expires_on is a day, YYYY-MM-DD.
CREATE TABLE lots (
    id         INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products,
    code       TEXT NOT NULL,
    expires_on TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (product_id, code)
) STRICT;

-- What one store decides for itself about a product.
CREATE TABLE stock_settings (
    store_id      INTEGER NOT NULL REFERENCES stores,
    product_id    INTEGER NOT NULL REFERENCES products,
    reorder_point INTEGER CHECK (reorder_point >= 0),
    PRIMARY KEY (store_id, product_id)
) STRICT;
