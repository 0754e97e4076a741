-- Prefixes of two and four characters only: each length was one index more to write, and search.cpp does without the
-- others. The index is filled when the database is opened.
DROP TABLE product_words;
CREATE VIRTUAL TABLE product_words USING fts5(words, content='', detail=none, columnsize=0, tokenize='ascii', prefix='2 4');
-- Bytes that are collected before a segment is written: the words of the products that are indexed together fit.
INSERT INTO product_words (product_words, rank) VALUES ('hashsize', 16777216);
DELETE FROM word_index;
