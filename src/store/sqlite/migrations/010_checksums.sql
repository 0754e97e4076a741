-- Of the state of a product that a change made (base/checksum.hpp of its JSON): that state is in no row but the product's
-- own, so only this tells whether the product is still what its last change made. Nothing where a change deleted the
-- product, or an older program made it.
ALTER TABLE changes ADD COLUMN checksum INTEGER;
