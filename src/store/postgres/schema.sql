-- Times are microseconds since 1970, by the database's clock; spans are microseconds. Names are bytes of UTF-8, which
-- every encoding of a database can hold and which sort the same everywhere: read them by convert_from(id, 'UTF8').
-- A tenant is '=' and its name, or nothing for none: NULL would equal nothing in a key.
-- No table has a check, which PostgreSQL would read anew for each statement that writes: those of inhook_event took 7 %
-- of the transactions a second. What is so all the same: done_generation and forget_at are null together, token and
-- lease_until are, an event is done or held, and a stream without a rank is no tombstone.

create table inhook_schema (
    -- How many of the scripts have run.
    version integer not null
);

insert into inhook_schema (version) values (0);

create sequence inhook_token as bigint;

create table inhook_event (
    source bytea not null,
    tenant bytea not null,
    consumer bytea not null,
    id bytea not null,
    -- Done: the mark. A redrive holds the key beside it.
    done_generation bigint,
    forget_at bigint,
    fingerprint bytea,
    twins boolean not null default false,
    answer bytea,
    -- Held: the claim.
    token bigint,
    lease_until bigint,
    primary key (source, tenant, consumer, id)
);

create index inhook_event_forget on inhook_event (forget_at) where forget_at is not null;
create index inhook_event_lease on inhook_event (lease_until) where lease_until is not null;
create index inhook_event_twin on inhook_event (source, tenant, consumer, fingerprint) where twins;

create table inhook_stream (
    source bytea not null,
    tenant bytea not null,
    consumer bytea not null,
    name bytea not null,
    -- The mark: the highest rank that was completed, or what a sequence began above, and whether it ended the stream.
    rank bytea,
    tombstone boolean not null default false,
    -- Held: the claim, which holds an event's key too.
    token bigint,
    lease_until bigint,
    forget_at bigint not null,
    primary key (source, tenant, consumer, name)
);

create index inhook_stream_forget on inhook_stream (forget_at) where not tombstone;

-- Events that wait for a predecessor, until they are done or were passed over. Nothing waits in a stream that was
-- forgotten.
create table inhook_waiting (
    source bytea not null,
    tenant bytea not null,
    consumer bytea not null,
    name bytea not null,
    rank bytea not null,
    id bytea not null,
    since bigint not null,
    -- For how long; that taken from -1 once what it waited for has come.
    wait bigint not null,
    primary key (source, tenant, consumer, name, rank, id),
    foreign key (source, tenant, consumer, name) references inhook_stream on delete cascade
);

create table inhook_dead_letter (
    id bigint generated always as identity primary key,
    source bytea not null,
    tenant bytea not null,
    consumer bytea not null,
    key bytea not null,
    generation bigint not null,
    event bytea not null,
    error bytea not null,
    buried_at bigint not null
);
