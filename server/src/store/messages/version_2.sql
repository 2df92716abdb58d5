-- Nonces: a client sends one along with a message to recognize it, should it have to send the message again. Few messages
-- have one, and only the newest nonces are kept, so they have a table of their own. `author` is the author's name key.
CREATE TABLE nonce (
    id INTEGER PRIMARY KEY, author TEXT NOT NULL, nonce TEXT NOT NULL, UNIQUE (author, nonce)
) STRICT;
