-- The search index gets texts folded and with tokens separated, see fold.rs. It is rebuilt from the messages.
DROP VIEW searchable;
CREATE VIEW searchable (id, scope, text) AS
    SELECT id, 'c' || circle || iif(receiver IS NULL OR forgotten, '', ' c' || receiver), index_text(text) FROM message;
INSERT INTO found (found) VALUES ('rebuild');
DELETE FROM late;
UPDATE meta SET value = (SELECT ifnull(max(id), 0) FROM message) WHERE name = 'indexed';
