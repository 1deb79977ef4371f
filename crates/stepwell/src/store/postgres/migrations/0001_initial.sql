-- The first schema. Times are microseconds since 1970, and texts are compared byte by byte.

-- Numbers that only grow: of processes, and of each taking of a shard.
CREATE SEQUENCE stepwell_epochs AS bigint;

-- The processes that take runs. One that was not seen for a while is dead to the others.
CREATE TABLE stepwell_nodes (
    node bigint PRIMARY KEY,
    -- The pools that it has the code for.
    pools text[] NOT NULL,
    -- By the clock of this server, as all who look at it.
    seen_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Who owns the runs of each part of a pool.
CREATE TABLE stepwell_shards (
    pool text COLLATE "C" NOT NULL,
    shard integer NOT NULL,
    -- None if nobody owns it.
    node bigint,
    -- The number to write under; a new one whenever it changes hands.
    epoch bigint NOT NULL,
    PRIMARY KEY (pool, shard)
) WITH (fillfactor = 50);

CREATE TABLE stepwell_definitions (
    id text COLLATE "C" PRIMARY KEY,
    body bytea NOT NULL
);

CREATE SEQUENCE stepwell_run_numbers AS bigint;

-- A turn updates one row here and changes nothing that is indexed, so that the new version stays
-- on the page of the old one, for which the fill factor leaves room.
CREATE TABLE stepwell_runs (
    run_no bigint PRIMARY KEY,
    run_id text COLLATE "C" NOT NULL UNIQUE,
    handler text COLLATE "C" NOT NULL,
    workflow text COLLATE "C" NOT NULL,
    pool text COLLATE "C" NOT NULL,
    shard integer NOT NULL,
    -- Turns of owners below it are refused.
    fence bigint NOT NULL,
    -- The owner that wrote last.
    epoch bigint NOT NULL,
    head bigint NOT NULL,
    -- All 64 bits are used, so that some are negative here.
    turn_id bigint NOT NULL,
    -- 0 running, 1 completed, 2 failed, 3 timed out, 4 cancelled.
    status smallint NOT NULL,
    -- 1 if it waits for the outside, 2 if it has nothing to do until a timer is due, else 0.
    idle smallint NOT NULL,
    next_sequence bigint NOT NULL,
    started_at bigint NOT NULL,
    updated_at bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX stepwell_runs_handler ON stepwell_runs (handler);

-- Small however many runs there are: those that wait and those that ended are not in it.
CREATE INDEX stepwell_runs_unfinished ON stepwell_runs (pool, run_no)
    WHERE status = 0 AND idle = 0;

CREATE TABLE stepwell_handlers (
    handler text COLLATE "C" PRIMARY KEY,
    -- The first run ever, which need not exist any more: handlers are listed in this order.
    first_no bigint NOT NULL,
    -- The newest run.
    run_no bigint NOT NULL
) WITH (fillfactor = 90);

-- One row for each turn; its number is the head that the turn follows.
CREATE TABLE stepwell_journal (
    run_no bigint NOT NULL,
    number bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (run_no, number)
);

-- What the first turns of a run led to: a cache, never trusted.
CREATE TABLE stepwell_snapshots (
    run_no bigint PRIMARY KEY,
    -- How many turns it is made of.
    head bigint NOT NULL,
    body bytea NOT NULL
);

-- One row for each turn that published items; its number is the sequence of the first.
CREATE TABLE stepwell_stream (
    run_no bigint NOT NULL,
    number bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (run_no, number)
);

CREATE TABLE stepwell_timers (
    run_no bigint NOT NULL,
    timer bigint NOT NULL,
    due bigint NOT NULL,
    pool text COLLATE "C" NOT NULL,
    shard integer NOT NULL,
    PRIMARY KEY (run_no, timer)
);

-- By pool first: timers of a pool that nobody serves any more never stand before the others.
CREATE INDEX stepwell_timers_due ON stepwell_timers (pool, due, run_no, timer);

-- Numbers of one run's messages are given under the lock of its row: they come in their order.
CREATE TABLE stepwell_inbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_no bigint NOT NULL,
    body bytea NOT NULL
);

CREATE INDEX stepwell_inbox_run ON stepwell_inbox (run_no, id);

-- Kept until the run is purged: a message that was consumed is still a duplicate.
CREATE TABLE stepwell_inbox_keys (
    run_no bigint NOT NULL,
    idempotency_key text COLLATE "C" NOT NULL,
    PRIMARY KEY (run_no, idempotency_key)
);
