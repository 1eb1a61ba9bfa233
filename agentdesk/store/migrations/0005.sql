-- From version 4 to version 5. What stands here stands in ../schema.sql, too; columns come with a default.

CREATE TABLE pack_source (
    id TEXT PRIMARY KEY, version TEXT NOT NULL DEFAULT '', etag TEXT NOT NULL DEFAULT '',
    checked_at INTEGER NOT NULL DEFAULT 0, changed_at INTEGER NOT NULL DEFAULT 0, tried_at INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL DEFAULT '', wanted INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE snippet_version (
    name TEXT NOT NULL, at INTEGER NOT NULL, version TEXT NOT NULL, title TEXT NOT NULL,
    PRIMARY KEY (name, at)
) STRICT, WITHOUT ROWID;
