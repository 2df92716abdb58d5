-- clean: 0 while a server runs, 1 after it has closed the file.
-- highest: the highest id of the messages that were removed, at least. indexed: see the table `late`.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('clean', 1), ('highest', 0), ('indexed', 0);

-- No message of an author or a conversation has an id above its `until`. So a row with an `until` below the oldest
-- message is unused and can be removed.
CREATE TABLE author (
    id INTEGER PRIMARY KEY, shown TEXT NOT NULL UNIQUE, key TEXT NOT NULL, until INTEGER NOT NULL
) STRICT;
CREATE INDEX author_key ON author (key);

-- Conversations. Kind 0: all users online. 1: a room. 2: the direct messages that an account has sent. 3: the direct
-- messages that a guest has sent during one visit.
CREATE TABLE circle (
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL, shown TEXT NOT NULL, until INTEGER NOT NULL,
    UNIQUE (kind, key)
) STRICT;
INSERT INTO circle VALUES (1, 0, '', '', 9223372036854775807);

-- A direct message is in its sender's conversation. `receiver` is the receiver's conversation, `addressee` the author row
-- of the name it was sent to. `forgotten` hides it from the receiver. `zone` is the offset of the author's local time
-- from UTC in seconds. There are no foreign keys, because checking them costs more than storing the row.
CREATE TABLE message (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, zone INTEGER NOT NULL, circle INTEGER NOT NULL,
    author INTEGER NOT NULL, receiver INTEGER, addressee INTEGER, forgotten INTEGER NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX message_at ON message (at);
CREATE INDEX message_circle ON message (circle);
CREATE INDEX message_receiver ON message (receiver) WHERE receiver IS NOT NULL;

-- Direct messages for accounts that were offline, until they are delivered.
CREATE TABLE mail (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, zone INTEGER NOT NULL, receiver TEXT NOT NULL, sender TEXT NOT NULL,
    shown TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX mail_receiver ON mail (receiver, sender);

-- Read markers: the id up to which an account has read a room.
CREATE TABLE mark (
    account TEXT NOT NULL, room TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;

-- The search index has every message up to meta's `indexed` except those in `late`. It is filled in groups and not by
-- triggers, which would cost eight times a plain row. Its small segments are merged late, which costs less in total.
-- The conversations of a message are words of the column `scope`.
CREATE TABLE late (id INTEGER PRIMARY KEY) STRICT;
CREATE VIEW searchable (id, scope, text) AS
    SELECT id, 'c' || circle || iif(receiver IS NULL OR forgotten, '', ' c' || receiver), text FROM message;
CREATE VIRTUAL TABLE found USING fts5 (
    scope, text, content = 'searchable', content_rowid = 'id', columnsize = 0, prefix = '3',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO found (found, rank) VALUES ('automerge', 16), ('crisismerge', 48);
