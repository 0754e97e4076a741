-- Lists in every order, filters and search. The rowid is a product's place in the default order, oldest first: creation
-- time, then order of arrival. So a page is a run of the table, and the words' index gives its finds in that order.
CREATE TABLE placed_products (
  place INTEGER PRIMARY KEY NOT NULL CHECK (place >> 21 = created_at),
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 12),
  price INTEGER NOT NULL CHECK (price BETWEEN 0 AND 999999999999999),  -- ten-thousandths
  stock INTEGER NOT NULL CHECK (stock BETWEEN 0 AND 9007199254740991),
  version INTEGER NOT NULL CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  sku TEXT CHECK (length(sku) BETWEEN 1 AND 64),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  name_key TEXT NOT NULL,  -- what lists by name are sorted by: derived, see word_index
  description TEXT CHECK (length(description) <= 4000)
) STRICT;

INSERT INTO placed_products (place, id, price, stock, version, created_at, updated_at, currency, sku, name, name_key, description)
SELECT (created_at << 21) + row_number() OVER (PARTITION BY created_at ORDER BY id) - 1,
       id, price, stock, version, created_at, updated_at, currency, sku, name, '', description
FROM products;
DROP TABLE products;
ALTER TABLE placed_products RENAME TO products;

CREATE UNIQUE INDEX products_sku ON products (sku) WHERE sku IS NOT NULL;
CREATE INDEX products_by_name ON products (name_key);
CREATE INDEX products_by_price ON products (price);
CREATE INDEX products_by_stock ON products (stock);
CREATE INDEX products_by_updated_at ON products (updated_at);

-- The words of each product under its place. Words are folded already: the tokenizer has only to split at spaces.
CREATE VIRTUAL TABLE product_words USING fts5(words, content='', detail=none, columnsize=0, tokenize='ascii', prefix='1 2 3 4 5 6');

-- Which version of the word functions the derived texts were made with; another one makes them anew at the start.
CREATE TABLE word_index (version INTEGER NOT NULL) STRICT;
