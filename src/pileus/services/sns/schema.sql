-- Rows of SNS. Times are epoch milliseconds of the platform's clock.
-- A topic's rows share the topic's partition.

-- What changes with subscriptions and, in FIFO topics, with each message. revision names the
-- settings and the subscriptions as they are; it is never used twice. number stays with the topic,
-- so that a topic of the same name that is made later has nothing of this one.
CREATE TABLE sns_topics (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    number INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    -- When the timer that forgets deduplication ids will run.
    forgets_at INTEGER NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- What changes with SetTopicAttributes and its like.
CREATE TABLE sns_topic_settings (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attributes TEXT NOT NULL,
    data_protection TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Subscriptions by their topic's number. Not WITHOUT ROWID: policies may have tens of kilobytes.
CREATE TABLE sns_subscriptions (
    part INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    id TEXT NOT NULL,
    protocol TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    owner TEXT NOT NULL,
    is_confirmed INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- What ConfirmSubscription must bring.
    token TEXT NOT NULL,
    settings TEXT NOT NULL,
    PRIMARY KEY (part, topic, id)
);
CREATE INDEX sns_subscriptions_by_endpoint
    ON sns_subscriptions (part, topic, protocol, endpoint);

-- Messages on their way to more subscriptions than share one commit.
CREATE TABLE sns_messages (
    part INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    id TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (part, topic, id)
);

-- The key and the certificate that messages are signed with: one row.
CREATE TABLE sns_signing (
    part INTEGER NOT NULL PRIMARY KEY,
    private_key TEXT NOT NULL,
    certificate TEXT NOT NULL
);

-- Deduplication ids of the last minutes. span is the number of the five-minute span in which the
-- id was first used, so that whole spans are forgotten together.
CREATE TABLE sns_deduplication (
    part INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    span INTEGER NOT NULL,
    digest BLOB NOT NULL,
    used_at INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (part, topic, span, digest)
) WITHOUT ROWID;

-- Messages of FIFO topics that keep them for replays.
CREATE TABLE sns_archive (
    part INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    position INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (part, topic, position)
);
CREATE INDEX sns_archive_by_time ON sns_archive (part, topic, published_at, position);

-- What is still to be brought to HTTP endpoints; a timer for each row says when it is tried next.
CREATE TABLE sns_http_deliveries (
    part INTEGER NOT NULL,
    id TEXT NOT NULL,
    delivery TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (part, id)
);

-- Applications of push platforms. number stays with the application and is never used twice.
CREATE TABLE sns_applications (
    part INTEGER NOT NULL,
    arn TEXT NOT NULL,
    number INTEGER NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (part, arn)
) WITHOUT ROWID;

-- Devices, in the partition of their application.
CREATE TABLE sns_endpoints (
    part INTEGER NOT NULL,
    application INTEGER NOT NULL,
    id TEXT NOT NULL,
    token TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (part, application, id)
) WITHOUT ROWID;
CREATE INDEX sns_endpoints_by_token ON sns_endpoints (part, application, token);

-- What an account has set for text messages.
CREATE TABLE sns_sms_settings (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (part, account)
) WITHOUT ROWID;

-- Phone numbers of an account's SMS sandbox. password is what the phone was sent.
CREATE TABLE sns_sandbox_numbers (
    part INTEGER NOT NULL,
    account TEXT NOT NULL,
    number TEXT NOT NULL,
    is_verified INTEGER NOT NULL,
    password TEXT NOT NULL,
    PRIMARY KEY (part, account, number)
) WITHOUT ROWID;
