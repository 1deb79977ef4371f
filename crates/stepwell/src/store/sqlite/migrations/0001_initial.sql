-- The first schema.
--
-- Rows that only grow are keyed by one integer, k = run_no << 32 | number: a run's rows lie side
-- by side, so reading a run reads few pages, and big bodies stay out of the tree's inner pages.
-- Hence run_no < 2^31 and every packed number < 2^32.

-- The number under which the newest process writes.
CREATE TABLE owner (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL
) STRICT;

INSERT INTO owner (id, epoch) VALUES (1, 0);

CREATE TABLE definitions (
    id TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

-- AUTOINCREMENT: the number of a purged run must not name another one, for whoever still holds it.
CREATE TABLE runs (
    run_no INTEGER PRIMARY KEY AUTOINCREMENT CHECK (run_no < 2147483648),
    run_id TEXT NOT NULL UNIQUE,
    handler TEXT NOT NULL,
    -- The handler's run before this one; the chain is what a purge follows.
    previous_no INTEGER,
    workflow TEXT NOT NULL,
    pool TEXT NOT NULL,
    shard INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    head INTEGER NOT NULL,
    -- All 64 bits are used, so that some are negative here.
    turn_id INTEGER NOT NULL,
    -- 0 running, 1 completed, 2 failed, 3 timed out, 4 cancelled.
    status INTEGER NOT NULL,
    -- 1 if it waits for the outside, 2 if it has nothing to do until a timer is due, else 0.
    idle INTEGER NOT NULL,
    next_sequence INTEGER NOT NULL,
    -- Microseconds since 1970, as everywhere.
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Small however many runs there are: those that wait and those that ended are not in it.
CREATE INDEX runs_unfinished ON runs (pool) WHERE status = 0 AND idle = 0;

CREATE TABLE handlers (
    handler TEXT PRIMARY KEY,
    -- The first run ever, which need not exist any more: handlers are listed in this order.
    first_no INTEGER NOT NULL,
    -- The newest run.
    run_no INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each turn; its number is the head that the turn follows.
CREATE TABLE journal (
    k INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

-- One row for each turn that published items; its number is the sequence of the first.
CREATE TABLE stream (
    k INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE timers (
    run_no INTEGER NOT NULL,
    timer INTEGER NOT NULL,
    due INTEGER NOT NULL,
    pool TEXT NOT NULL,
    shard INTEGER NOT NULL,
    PRIMARY KEY (run_no, timer)
) STRICT, WITHOUT ROWID;

-- By pool first: timers of a pool that nobody serves any more never stand before the others.
CREATE INDEX timers_due ON timers (pool, due);

-- AUTOINCREMENT: a message's number must not be given again once it is consumed.
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_no INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE INDEX inbox_run ON inbox (run_no);

-- Kept until the run is purged: a message that was consumed is still a duplicate.
CREATE TABLE inbox_keys (
    run_no INTEGER NOT NULL,
    idempotency_key TEXT NOT NULL,
    PRIMARY KEY (run_no, idempotency_key)
) STRICT, WITHOUT ROWID;
