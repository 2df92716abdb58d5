-- clean: 0 while a server runs. highest: no message that was ever removed had an id above it. indexed: see `late`.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('clean', 1), ('highest', 0), ('indexed', 0);

-- No message of an author or in a circle has an id above its `until`: so it is known of whom nothing is left.
CREATE TABLE author (
    id INTEGER PRIMARY KEY, shown TEXT NOT NULL UNIQUE, key TEXT NOT NULL, until INTEGER NOT NULL
) STRICT;
CREATE INDEX author_key ON author (key);

-- Where a message belongs: everybody (0), a room (1), the direct messages of an account (2) or of a guest's visit (3).
CREATE TABLE circle (
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL, shown TEXT NOT NULL, until INTEGER NOT NULL,
    UNIQUE (kind, key)
) STRICT;
INSERT INTO circle VALUES (1, 0, '', '', 9223372036854775807);

-- A direct message is in its sender's circle; `receiver` is the other party's, `addressee` the name it was sent to.
-- `forgotten`: the receiver does not want to see it again. No foreign keys: they would cost more than the row.
CREATE TABLE message (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, zone INTEGER NOT NULL, circle INTEGER NOT NULL,
    author INTEGER NOT NULL, receiver INTEGER, addressee INTEGER, forgotten INTEGER NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX message_at ON message (at);
CREATE INDEX message_circle ON message (circle);
CREATE INDEX message_receiver ON message (receiver) WHERE receiver IS NOT NULL;

CREATE TABLE mail (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, zone INTEGER NOT NULL, receiver TEXT NOT NULL, sender TEXT NOT NULL,
    shown TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX mail_receiver ON mail (receiver, sender);

-- How far an account has read in a room.
CREATE TABLE mark (
    account TEXT NOT NULL, room TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;

-- The index of words has every message up to meta's `indexed` except those in `late`. It is fed in groups, without
-- triggers, which would cost eight times a plain row; its many small segments are merged late, which costs less in all.
-- The circles are words too.
CREATE TABLE late (id INTEGER PRIMARY KEY) STRICT;
CREATE VIEW searchable (id, scope, text) AS
    SELECT id, 'c' || circle || iif(receiver IS NULL OR forgotten, '', ' c' || receiver), text FROM message;
CREATE VIRTUAL TABLE found USING fts5 (
    scope, text, content = 'searchable', content_rowid = 'id', columnsize = 0, prefix = '3',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO found (found, rank) VALUES ('automerge', 16), ('crisismerge', 48);
