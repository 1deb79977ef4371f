-- Snapshots, and how full inboxes are.

-- The newest snapshot of a run: what its first so many turns led to. A cache; rows may be removed.
CREATE TABLE snapshots (
    run_no INTEGER PRIMARY KEY,
    head INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- One row for each run that has messages in its inbox.
CREATE TABLE inboxes (
    run_no INTEGER PRIMARY KEY,
    messages INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;

INSERT INTO inboxes (run_no, messages, bytes)
SELECT run_no, count(*), sum(length(body)) FROM inbox GROUP BY run_no;
