-- What a client sent along to recognize its message by, should it have to send it again. Few messages have one, and only
-- the newest nonces are kept, so they stand apart from the messages. `author` is the key of the author's name.
CREATE TABLE nonce (
    id INTEGER PRIMARY KEY, author TEXT NOT NULL, nonce TEXT NOT NULL, UNIQUE (author, nonce)
) STRICT;
