-- From version 1 to version 2. What stands here stands in ../schema.sql, too; columns come with a default.

ALTER TABLE message ADD COLUMN marks TEXT NOT NULL DEFAULT '[]';
CREATE TABLE source (
    message INTEGER NOT NULL, section TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (message, section)
) STRICT, WITHOUT ROWID;
