-- In which region's store a customer's bytes lie; none for the home region, that of `[store]` itself. Written
-- once with the customer: no verb changes it, and a server has no right to.
ALTER TABLE customers ADD COLUMN region TEXT COLLATE "C";
