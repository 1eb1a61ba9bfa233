-- desk.db: cache, drafts, outbox and intents of one desk. Times are milliseconds since 1970 UTC.
-- Lists of addresses are JSON arrays of [name, address].

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- What changed, for other processes: written in the transaction of the change. topic: conversation (id = row), list,
-- outbox, channel, orders, question, progress, draft.
CREATE TABLE revision (seq INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, id INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE customer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL DEFAULT '',
    language TEXT NOT NULL DEFAULT '',
    merged_into INTEGER NOT NULL DEFAULT 0,
    person TEXT NOT NULL DEFAULT ''             -- the name as two are compared (domain/names.py)
) STRICT;
CREATE INDEX customer_person ON customer (person) WHERE person != '';
CREATE TABLE identity (
    kind TEXT NOT NULL, value TEXT NOT NULL, customer INTEGER NOT NULL REFERENCES customer (id),
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_customer ON identity (customer);

CREATE TABLE conversation (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,                    -- eight characters, minted once
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,                         -- imap | chatwoot
    remote TEXT NOT NULL DEFAULT '',            -- a chat's own id
    target TEXT NOT NULL,                       -- what events address: the root's Message-ID, or channel:remote
    subject TEXT NOT NULL DEFAULT '',
    customer INTEGER REFERENCES customer (id),
    preview TEXT NOT NULL DEFAULT '',
    messages INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER NOT NULL DEFAULT 0,
    last_at INTEGER NOT NULL DEFAULT 0,
    last_in_at INTEGER NOT NULL DEFAULT 0,
    last_out_at INTEGER NOT NULL DEFAULT 0,
    waiting_since INTEGER NOT NULL DEFAULT 0,   -- the first customer message not yet answered; 0: none
    due_at INTEGER NOT NULL DEFAULT 0,          -- when the promise breaks; 0: no promise
    order_number TEXT NOT NULL DEFAULT '',      -- what it is about, as resolved
    order_mentioned TEXT NOT NULL DEFAULT '',   -- numbers in its text, space-separated
    -- the fold of its events (team log, or the chat itself)
    status TEXT NOT NULL DEFAULT 'open',
    status_at INTEGER NOT NULL DEFAULT 0,
    assignee TEXT NOT NULL DEFAULT '',
    ownership_event TEXT NOT NULL DEFAULT '',
    claiming INTEGER NOT NULL DEFAULT 0,
    priority TEXT NOT NULL DEFAULT 'normal',
    snoozed_until INTEGER NOT NULL DEFAULT 0,
    claims TEXT NOT NULL DEFAULT '[]',          -- [kind, value] of what a chat's visitor says they are, without proof
    chosen_order TEXT,                          -- NULL: not chosen; '': chosen to be none
    spam INTEGER NOT NULL DEFAULT 0,
    language TEXT NOT NULL DEFAULT '',
    automatic INTEGER NOT NULL DEFAULT 0,
    can_reply INTEGER NOT NULL DEFAULT 1,
    linked_to INTEGER NOT NULL DEFAULT 0,       -- the closed conversation this one continues
    merged_into INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX conversation_queue ON conversation (status, merged_into, spam, due_at, waiting_since);
CREATE INDEX conversation_newest ON conversation (last_at);
CREATE INDEX conversation_customer ON conversation (customer);
CREATE INDEX conversation_linked ON conversation (linked_to) WHERE linked_to != 0;
CREATE INDEX conversation_remote ON conversation (channel, remote) WHERE remote != '';

CREATE TABLE tag (conversation INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (conversation, tag)) STRICT, WITHOUT ROWID;
CREATE INDEX tag_tag ON tag (tag);

-- Message-ID, channel id or a merged conversation's id -> conversation
CREATE TABLE alias (alias TEXT PRIMARY KEY, conversation INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX alias_conversation ON alias (conversation);

CREATE TABLE message (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,                   -- channel + Message-ID, or channel:chat message id
    channel TEXT NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversation (row),
    message_id TEXT NOT NULL,
    direction TEXT NOT NULL,
    from_name TEXT NOT NULL, from_address TEXT NOT NULL,
    to_list TEXT NOT NULL DEFAULT '[]', cc_list TEXT NOT NULL DEFAULT '[]', reply_to TEXT NOT NULL DEFAULT '[]',
    subject TEXT NOT NULL DEFAULT '',
    at INTEGER NOT NULL,
    in_reply_to TEXT NOT NULL DEFAULT '', reference_list TEXT NOT NULL DEFAULT '[]',
    preview TEXT NOT NULL DEFAULT '',
    size INTEGER NOT NULL DEFAULT 0,
    text TEXT,                                  -- NULL: not fetched yet
    quoted TEXT NOT NULL DEFAULT '',
    html INTEGER NOT NULL DEFAULT 0,
    automatic INTEGER NOT NULL DEFAULT 0,
    verified TEXT NOT NULL DEFAULT 'none',
    problem TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '',             -- of an outbound message: as in outbox, or sent/delivered/read/failed
    seen INTEGER NOT NULL DEFAULT 0,
    gone INTEGER NOT NULL DEFAULT 0,            -- deleted elsewhere; still readable
    unreadable_tries INTEGER NOT NULL DEFAULT 0,
    lean INTEGER NOT NULL DEFAULT 0,            -- only what a row needs is here of its header; the rest is asked for
    cautions TEXT NOT NULL DEFAULT '[]',        -- [kind, detail] of what an agent should be warned of
    marks TEXT NOT NULL DEFAULT '[]'            -- what it is or holds: smime-signed, calendar, report, tnef, ...
) STRICT;
CREATE INDEX message_conversation ON message (conversation, at);
CREATE INDEX message_id ON message (message_id);
CREATE INDEX message_without_text ON message (at) WHERE text IS NULL;
CREATE INDEX message_warned ON message (conversation) WHERE cautions != '[]';
CREATE INDEX message_lean ON message (channel, at) WHERE lean != 0;

CREATE TABLE attachment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL REFERENCES message (row),
    part TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL,
    inline INTEGER NOT NULL DEFAULT 0, content_id TEXT NOT NULL DEFAULT '',
    blob TEXT NOT NULL DEFAULT '',              -- digest of its content in blobs/, once fetched
    fetched INTEGER NOT NULL DEFAULT 0,         -- bytes of it that are here so far, as they are encoded
    UNIQUE (message, part)
) STRICT;

-- What was fetched of a message, byte for byte (zlib inside): section HEADER (the fields asked for), 1.2, 1<0.8388608>.
CREATE TABLE source (
    message INTEGER NOT NULL, section TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (message, section)
) STRICT, WITHOUT ROWID;

CREATE TABLE folder (
    channel TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, uidvalidity INTEGER NOT NULL,
    uidnext INTEGER NOT NULL, modseq INTEGER NOT NULL, oldest INTEGER NOT NULL, complete INTEGER NOT NULL, total INTEGER NOT NULL,
    PRIMARY KEY (channel, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE place (
    channel TEXT NOT NULL, folder TEXT NOT NULL, uid INTEGER NOT NULL,
    message INTEGER NOT NULL REFERENCES message (row), flags TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (channel, folder, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX place_message ON place (message);

CREATE TABLE channel (
    name TEXT PRIMARY KEY, kind TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'new',          -- new connecting syncing ready down refused offline
    detail TEXT NOT NULL DEFAULT '',
    done INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0,
    cursor TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',              -- normal | thin | offline, as measured, configured or chosen
    reached_at INTEGER NOT NULL DEFAULT 0,
    bytes_in INTEGER NOT NULL DEFAULT 0, bytes_out INTEGER NOT NULL DEFAULT 0, round_trips INTEGER NOT NULL DEFAULT 0,
    out_detail TEXT NOT NULL DEFAULT '',        -- why nothing goes out now
    out_until INTEGER NOT NULL DEFAULT 0,       -- when it goes on
    out_since INTEGER NOT NULL DEFAULT 0,       -- when that was written: a clock before it was set back since
    round_trip_ms INTEGER NOT NULL DEFAULT 0,   -- as measured; 0: not yet
    bytes_per_second INTEGER NOT NULL DEFAULT 0,
    spared TEXT NOT NULL DEFAULT ''             -- desk | channel: whose ceiling for today is reached
) STRICT, WITHOUT ROWID;

-- What was moved, by day of the desk's time zone (2026-11-22) and by job (channels/usage.py).
CREATE TABLE traffic (
    day TEXT NOT NULL, channel TEXT NOT NULL, job TEXT NOT NULL,
    bytes_in INTEGER NOT NULL DEFAULT 0, bytes_out INTEGER NOT NULL DEFAULT 0, round_trips INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, channel, job)
) STRICT, WITHOUT ROWID;

-- Team events as known here: confirmed ones with their position, pending ones without.
CREATE TABLE event (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, target TEXT NOT NULL, actor TEXT NOT NULL,
    based_on TEXT NOT NULL DEFAULT '', v INTEGER NOT NULL DEFAULT 1, data TEXT NOT NULL DEFAULT '{}',
    at INTEGER NOT NULL,                        -- assigned by the log once confirmed; the local clock before
    epoch TEXT NOT NULL DEFAULT '', seq INTEGER NOT NULL DEFAULT 0,  -- 0: pending
    conversation INTEGER NOT NULL DEFAULT 0     -- resolved target; 0: an orphan, resolved when its message comes
) STRICT;
CREATE INDEX event_conversation ON event (conversation, seq, row);
CREATE INDEX event_pending ON event (row) WHERE seq = 0;
CREATE INDEX event_orphan ON event (target) WHERE conversation = 0;

-- What the agent did, newest last, for undo: the events or changes that take it back.
CREATE TABLE undo (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, label TEXT NOT NULL,
    steps TEXT NOT NULL,                        -- JSON list of inverse intents
    done INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE draft (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL DEFAULT 0,    -- 0: starts a new conversation
    kind TEXT NOT NULL,                         -- reply | note | new | forward
    channel TEXT NOT NULL,
    to_list TEXT NOT NULL DEFAULT '[]', cc_list TEXT NOT NULL DEFAULT '[]', bcc_list TEXT NOT NULL DEFAULT '[]',
    subject TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '', quoted TEXT NOT NULL DEFAULT '',
    base INTEGER NOT NULL DEFAULT 0,            -- newest message row the agent had seen
    message_id TEXT NOT NULL DEFAULT '',
    language TEXT NOT NULL DEFAULT '',
    snippets TEXT NOT NULL DEFAULT '[]',        -- put into it (domain/insertion.py)
    actions TEXT NOT NULL DEFAULT '{}',         -- of those snippets, run when it is sent
    cursor INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX draft_conversation ON draft (conversation, kind);
CREATE TABLE draft_file (
    id INTEGER PRIMARY KEY AUTOINCREMENT, draft INTEGER NOT NULL DEFAULT 0, outbox INTEGER NOT NULL DEFAULT 0,
    name TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL, blob TEXT NOT NULL
) STRICT;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL DEFAULT 0, channel TEXT NOT NULL, kind TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    to_list TEXT NOT NULL, cc_list TEXT NOT NULL, bcc_list TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,
    signature TEXT NOT NULL DEFAULT '',         -- stands between text and quote; apart, so that a reply taken back has none
    quoted TEXT NOT NULL DEFAULT '',
    in_reply_to TEXT NOT NULL DEFAULT '', reference_list TEXT NOT NULL DEFAULT '[]',
    base INTEGER NOT NULL DEFAULT 0,
    then_status TEXT NOT NULL DEFAULT 'waiting',-- what the conversation becomes: open waiting closed snoozed
    then_until INTEGER NOT NULL DEFAULT 0,
    snippets TEXT NOT NULL DEFAULT '[]', actions TEXT NOT NULL DEFAULT '{}', language TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '',
    hold_until INTEGER NOT NULL DEFAULT 0,      -- held: undo ends; scheduled: when to send
    next_try_at INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0, file_attempts INTEGER NOT NULL DEFAULT 0,
    date INTEGER NOT NULL,                      -- of the Date header
    remote_id TEXT NOT NULL DEFAULT '',
    looked_at INTEGER NOT NULL DEFAULT 0,       -- unknown: when Sent was searched for it; 0: not yet
    blob TEXT NOT NULL DEFAULT '',              -- digest of the message as it was handed over, byte for byte
    created_at INTEGER NOT NULL, accepted_at INTEGER NOT NULL DEFAULT 0, filed_at INTEGER NOT NULL DEFAULT 0,
    override INTEGER NOT NULL DEFAULT 0,        -- the agent said: send although the conversation moved on
    refused TEXT NOT NULL DEFAULT '[]',         -- addresses refused while others were accepted, or while they wait
    look INTEGER NOT NULL DEFAULT 0,            -- 1: it went out, and the agent is to look at what became of some recipients
    cursor INTEGER NOT NULL DEFAULT 0,          -- where the agent was in the text, for a draft that is taken back
    tried_at INTEGER NOT NULL DEFAULT 0,        -- when the last attempt began; a clock before it was set back since
    sent_copy TEXT NOT NULL DEFAULT '',         -- file: the agent said so; else as the channel's configuration says
    file_detail TEXT NOT NULL DEFAULT '',       -- why there is no copy in Sent yet
    anyway TEXT NOT NULL DEFAULT '[]'           -- what the check found and the agent sent all the same: [kind, what] each
) STRICT;
CREATE INDEX outbox_state ON outbox (state);
CREATE INDEX outbox_conversation ON outbox (conversation);
CREATE INDEX outbox_look ON outbox (look) WHERE look != 0;

-- Who gets a mail, from its first attempt on: nobody is handed it twice unless the agent says so.
CREATE TABLE recipient (
    outbox INTEGER NOT NULL, address TEXT NOT NULL, -- as the server is told it
    state TEXT NOT NULL DEFAULT 'waiting',      -- waiting | trying | accepted | refused | unknown
    detail TEXT NOT NULL DEFAULT '',            -- the server's words
    attempts INTEGER NOT NULL DEFAULT 0, tried_at INTEGER NOT NULL DEFAULT 0, next_try_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (outbox, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX recipient_open ON recipient (state) WHERE state IN ('waiting', 'trying', 'unknown');

-- Work for the engine that is no event: flags, moves, texts and parts wanted, chat actions.
CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, kind TEXT NOT NULL,
    message INTEGER NOT NULL DEFAULT 0, conversation INTEGER NOT NULL DEFAULT 0, data TEXT NOT NULL DEFAULT '{}',
    attempts INTEGER NOT NULL DEFAULT 0, next_try_at INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL, urgent INTEGER NOT NULL DEFAULT 0,
    fetched INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0, -- of a part or a whole message: bytes here, bytes in all
    rate INTEGER NOT NULL DEFAULT 0             -- bytes a second, lately
) STRICT;
CREATE INDEX job_channel ON job (channel, urgent, id);

CREATE TABLE shop_order (
    number TEXT PRIMARY KEY, placed_at INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL,
    email TEXT NOT NULL DEFAULT '', phone TEXT NOT NULL DEFAULT '', name TEXT NOT NULL DEFAULT '', data TEXT NOT NULL,
    person TEXT NOT NULL DEFAULT ''             -- the name as two are compared
) STRICT, WITHOUT ROWID;
CREATE INDEX shop_order_email ON shop_order (email) WHERE email != '';
CREATE INDEX shop_order_phone ON shop_order (phone) WHERE phone != '';
CREATE INDEX shop_order_person ON shop_order (person) WHERE person != '';
-- Codes of parcels as two are compared (domain/tokens.py), and the orders they belong to.
CREATE TABLE parcel (code TEXT NOT NULL, number TEXT NOT NULL, PRIMARY KEY (code, number)) STRICT, WITHOUT ROWID;
CREATE INDEX parcel_number ON parcel (number);

CREATE TABLE question (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, text TEXT NOT NULL, data TEXT NOT NULL DEFAULT '{}',
    answer TEXT, asked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE snippet_use (name TEXT PRIMARY KEY, uses INTEGER NOT NULL DEFAULT 0, last_at INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

-- Canned texts that left the desk, a row each (store/sent_snippets.py).
CREATE TABLE sent_snippet (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    outbox INTEGER NOT NULL, conversation INTEGER NOT NULL, -- 0: forgotten since
    name TEXT NOT NULL, language TEXT NOT NULL, -- pack/name
    version TEXT NOT NULL,                      -- of what it said (Snippet.version)
    commit_id TEXT NOT NULL,                    -- of its pack, where that comes from git
    at INTEGER NOT NULL,                        -- when its reply was put into the outbox
    similarity REAL NOT NULL,                   -- 1: sent as it was put in; 0: nothing of it was left
    changes TEXT NOT NULL DEFAULT '[]'          -- [[what stood there, what stood there when it was sent], ...]
) STRICT;
CREATE INDEX sent_snippet_name ON sent_snippet (name, at);
CREATE INDEX sent_snippet_at ON sent_snippet (at);
CREATE INDEX sent_snippet_outbox ON sent_snippet (outbox) WHERE outbox != 0;
CREATE INDEX sent_snippet_conversation ON sent_snippet (conversation) WHERE conversation != 0;

-- Packs that are fetched (store/packs.py).
CREATE TABLE pack_source (
    id TEXT PRIMARY KEY,
    version TEXT NOT NULL DEFAULT '',           -- a commit, or the SHA-256 of a file
    etag TEXT NOT NULL DEFAULT '',
    checked_at INTEGER NOT NULL DEFAULT 0, changed_at INTEGER NOT NULL DEFAULT 0, tried_at INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL DEFAULT '',            -- why the last attempt failed
    wanted INTEGER NOT NULL DEFAULT 0           -- 1: somebody asked for it now
) STRICT, WITHOUT ROWID;
-- From when on a snippet had a version; version '': it was gone.
CREATE TABLE snippet_version (
    name TEXT NOT NULL, at INTEGER NOT NULL, version TEXT NOT NULL, title TEXT NOT NULL,
    PRIMARY KEY (name, at)
) STRICT, WITHOUT ROWID;

-- rowid = message.row, so newest first is by rowid. Contentless: an update deletes with the old values first.
CREATE VIRTUAL TABLE search USING fts5 (
    subject, sender, text, content = '', prefix = '1 2 3', tokenize = "unicode61 remove_diacritics 2"
);
