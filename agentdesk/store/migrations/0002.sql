-- From version 1 to version 2. What stands here stands in ../schema.sql, too; columns come with a default.

ALTER TABLE message ADD COLUMN marks TEXT NOT NULL DEFAULT '[]';
CREATE TABLE source (
    message INTEGER NOT NULL, section TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (message, section)
) STRICT, WITHOUT ROWID;
ALTER TABLE attachment ADD COLUMN fetched INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN fetched INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN rate INTEGER NOT NULL DEFAULT 0;
