-- From version 2 to version 3. What stands here stands in ../schema.sql, too; columns come with a default.

CREATE TABLE sent_snippet (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    outbox INTEGER NOT NULL, conversation INTEGER NOT NULL,
    name TEXT NOT NULL, language TEXT NOT NULL, version TEXT NOT NULL, commit_id TEXT NOT NULL,
    at INTEGER NOT NULL, similarity REAL NOT NULL, changes TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX sent_snippet_name ON sent_snippet (name, at);
CREATE INDEX sent_snippet_at ON sent_snippet (at);
CREATE INDEX sent_snippet_outbox ON sent_snippet (outbox) WHERE outbox != 0;
CREATE INDEX sent_snippet_conversation ON sent_snippet (conversation) WHERE conversation != 0;
