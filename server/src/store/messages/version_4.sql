-- Taking back. `changed` is the time of a message's last change, by its author or by its removal, in milliseconds since
-- 1970; 0 without one. `removed` is the author row of the name that removed it, or 0. A removed message keeps its row
-- without its text, so that a client that was away is told of the removal.
ALTER TABLE message ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_changed ON message (circle, changed) WHERE changed > 0;
