-- From version 3 to version 4. What stands here stands in ../schema.sql, too; columns come with a default.

ALTER TABLE customer ADD COLUMN person TEXT NOT NULL DEFAULT '';
UPDATE customer SET person = name_key(name);
CREATE INDEX customer_person ON customer (person) WHERE person != '';
ALTER TABLE shop_order ADD COLUMN person TEXT NOT NULL DEFAULT '';
UPDATE shop_order SET person = name_key(name);
CREATE INDEX shop_order_person ON shop_order (person) WHERE person != '';
CREATE TABLE parcel (code TEXT NOT NULL, number TEXT NOT NULL, PRIMARY KEY (code, number)) STRICT, WITHOUT ROWID;
CREATE INDEX parcel_number ON parcel (number);
INSERT OR IGNORE INTO parcel (code, number) SELECT code_key(s.value ->> 1), o.number FROM shop_order o, json_each(o.data, '$.shipments') s
    WHERE json_valid(o.data) AND code_key(s.value ->> 1) != '';
ALTER TABLE outbox ADD COLUMN anyway TEXT NOT NULL DEFAULT '[]';
