CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- The mailbox. uid_next only grows: a UID is never given twice (RFC 3501 2.3.1.1).
CREATE TABLE folder (
    name TEXT PRIMARY KEY,
    uid_validity INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,
    subscribed INTEGER NOT NULL
);
CREATE TABLE content (id INTEGER PRIMARY KEY, raw BLOB NOT NULL);
CREATE TABLE mail (
    folder TEXT NOT NULL REFERENCES folder (name) ON UPDATE CASCADE ON DELETE CASCADE,
    uid INTEGER NOT NULL,
    content INTEGER NOT NULL REFERENCES content (id),
    received TEXT NOT NULL,
    flags TEXT NOT NULL,
    PRIMARY KEY (folder, uid)
) WITHOUT ROWID;
CREATE INDEX mail_content ON mail (content);

-- What left the shop, and to whom.
CREATE TABLE delivered (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    message_id TEXT NOT NULL,
    raw BLOB NOT NULL
);
CREATE INDEX delivered_message_id ON delivered (message_id);
CREATE TABLE delivered_to (
    address TEXT NOT NULL,
    delivered INTEGER NOT NULL REFERENCES delivered (id),
    PRIMARY KEY (address, delivered)
) WITHOUT ROWID;

-- What customers will write: waiting (for a reply, or for the moment), due (at a time), done.
CREATE TABLE script (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    customer TEXT NOT NULL,
    after_seconds REAL NOT NULL,
    data TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    due_at REAL,
    reply_to INTEGER
);
CREATE INDEX script_customer ON script (customer, kind, state);

-- The chat. Times are epoch seconds.
CREATE TABLE contact (
    id INTEGER PRIMARY KEY,
    source_id TEXT NOT NULL UNIQUE,
    identifier TEXT,
    name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    language TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    last_activity_at REAL NOT NULL
);
CREATE TABLE chat (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL,
    contact INTEGER NOT NULL REFERENCES contact (id),
    status TEXT NOT NULL,
    assignee INTEGER,
    priority TEXT,
    labels TEXT NOT NULL DEFAULT '[]',
    snoozed_until REAL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    last_activity_at REAL NOT NULL,
    waiting_since REAL,
    first_reply_created_at REAL,
    agent_last_seen_at REAL NOT NULL DEFAULT 0,
    assignee_last_seen_at REAL NOT NULL DEFAULT 0,
    contact_last_seen_at REAL NOT NULL DEFAULT 0
);
CREATE INDEX chat_contact ON chat (contact);
CREATE TABLE chat_message (
    id INTEGER PRIMARY KEY,
    chat INTEGER NOT NULL REFERENCES chat (id),
    content TEXT,
    type INTEGER NOT NULL,
    private INTEGER NOT NULL,
    agent INTEGER,
    attributes TEXT NOT NULL DEFAULT '{}',
    created_at REAL NOT NULL
);
CREATE INDEX chat_message_chat ON chat_message (chat, created_at);
CREATE TABLE chat_file (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES chat_message (id),
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    content BLOB NOT NULL
);
CREATE INDEX chat_file_message ON chat_file (message);
