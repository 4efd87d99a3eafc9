-- Each queue has a follower of its own: who works on it carries its events.
INSERT INTO followers (name, last_id, owner, lease_until)
SELECT 'orders', last_id, NULL, 0 FROM followers WHERE name = 'relay';
INSERT INTO followers (name, last_id, owner, lease_until)
SELECT 'operations', last_id, NULL, 0 FROM followers WHERE name = 'relay';
DELETE FROM followers WHERE name = 'relay';
