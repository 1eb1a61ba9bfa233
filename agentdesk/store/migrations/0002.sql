-- From version 1 to version 2. What stands here stands in ../schema.sql, too; columns come with a default.

ALTER TABLE message ADD COLUMN marks TEXT NOT NULL DEFAULT '[]';
ALTER TABLE message ADD COLUMN cautions TEXT NOT NULL DEFAULT '[]';
CREATE INDEX message_warned ON message (conversation) WHERE cautions != '[]';
CREATE TABLE source (
    message INTEGER NOT NULL, section TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (message, section)
) STRICT, WITHOUT ROWID;
ALTER TABLE attachment ADD COLUMN fetched INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN fetched INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN rate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN refused TEXT NOT NULL DEFAULT '[]';
ALTER TABLE outbox ADD COLUMN look INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN cursor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN tried_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN sent_copy TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN file_detail TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_conversation ON outbox (conversation);
CREATE INDEX outbox_look ON outbox (look) WHERE look != 0;
CREATE TABLE recipient (
    outbox INTEGER NOT NULL, address TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', detail TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0, tried_at INTEGER NOT NULL DEFAULT 0, next_try_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (outbox, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX recipient_open ON recipient (state) WHERE state IN ('waiting', 'trying', 'unknown');
ALTER TABLE channel ADD COLUMN out_detail TEXT NOT NULL DEFAULT '';
ALTER TABLE channel ADD COLUMN out_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN out_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN round_trip_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN bytes_per_second INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN spared TEXT NOT NULL DEFAULT '';
CREATE TABLE traffic (
    day TEXT NOT NULL, channel TEXT NOT NULL, job TEXT NOT NULL,
    bytes_in INTEGER NOT NULL DEFAULT 0, bytes_out INTEGER NOT NULL DEFAULT 0, round_trips INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, channel, job)
) STRICT, WITHOUT ROWID;
ALTER TABLE message ADD COLUMN lean INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_lean ON message (channel, at) WHERE lean != 0;
