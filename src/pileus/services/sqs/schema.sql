-- Rows of SQS. Times are epoch milliseconds of the platform's clock; 0 stands for never.
-- A queue's rows share the queue's partition.

-- What changes with the messages: one small row, read and written by every send and receive.
-- revision names the settings that go with it; it is never used twice. generation names the
-- messages that belong to the queue: a purge takes a new one and leaves the old to a timer.
CREATE TABLE sqs_queues (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    revision INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    position INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    delayed INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    -- No hidden message becomes visible before this.
    due_at INTEGER NOT NULL,
    -- When the timer that removes expired messages will run.
    expires_at INTEGER NOT NULL,
    -- When the timer that forgets deduplication ids will run.
    forgets_at INTEGER NOT NULL,
    purged_at INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- What changes with SetQueueAttributes. number stays with the queue and is never used twice.
CREATE TABLE sqs_queue_settings (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    number INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Queues deleted within the last minute, where AWS's rates are enforced.
CREATE TABLE sqs_deleted_queues (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    deleted_at INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Messages of standard queues. The key begins with the enqueue time, which a message keeps in its
-- dead-letter queue, so that the oldest are found first there too. Not WITHOUT ROWID: bodies of
-- more than 1 KB would each take a page of their own.
CREATE TABLE sqs_messages (
    part INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    position INTEGER NOT NULL,
    -- 0 visible, 1 in flight, 2 delayed; the next receive sweeps to 0 what visible_at has made so.
    visibility INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    first_received_at INTEGER NOT NULL, -- 2^46: not yet
    message_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    body TEXT NOT NULL,
    extras TEXT NOT NULL,
    PRIMARY KEY (part, generation, sent_at, position)
);
CREATE INDEX sqs_messages_visible
    ON sqs_messages (part, generation, visibility, visible_at, sent_at, position);

-- Messages of FIFO queues, in the order of their group; in flight until visible_at.
CREATE TABLE sqs_fifo_messages (
    part INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    group_key INTEGER NOT NULL,
    position INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    first_received_at INTEGER NOT NULL, -- 2^46: not yet
    message_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    body TEXT NOT NULL,
    extras TEXT NOT NULL,
    PRIMARY KEY (part, generation, group_key, position)
);

-- Message groups that have messages. A group with messages in flight is blocked until ready_at;
-- for others ready_at is the enqueue time of the oldest message, whose position is head.
CREATE TABLE sqs_fifo_groups (
    part INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    group_key INTEGER NOT NULL,
    is_blocked INTEGER NOT NULL,
    ready_at INTEGER NOT NULL,
    head INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    PRIMARY KEY (part, generation, group_key)
) WITHOUT ROWID;
CREATE INDEX sqs_fifo_groups_ready
    ON sqs_fifo_groups (part, generation, is_blocked, ready_at, head, group_key);

-- How many messages were sent in a second to a FIFO queue that delays them.
CREATE TABLE sqs_fifo_sent (
    part INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    second INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    PRIMARY KEY (part, generation, second)
) WITHOUT ROWID;

-- Deduplication ids of the last minutes. span is the number of the five-minute span in which the
-- id was first used, so that whole spans are forgotten together.
CREATE TABLE sqs_fifo_deduplication (
    part INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    span INTEGER NOT NULL,
    digest BLOB NOT NULL,
    used_at INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (part, queue, span, digest)
) WITHOUT ROWID;

-- What each receive request attempt of the last minutes was given.
CREATE TABLE sqs_fifo_attempts (
    part INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    span INTEGER NOT NULL,
    attempt_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    receipts TEXT NOT NULL,
    PRIMARY KEY (part, queue, span, attempt_id)
) WITHOUT ROWID;

-- Message move tasks, the last ten of each source queue.
CREATE TABLE sqs_move_tasks (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    destination TEXT NOT NULL,
    per_second INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    to_move INTEGER NOT NULL,
    failure TEXT NOT NULL,
    PRIMARY KEY (part, arn, started_at, id)
) WITHOUT ROWID;
