-- Times are nanoseconds since 1970, by the store's clock. A tenant is text, or the number 0 for none: it takes part in
-- keys, where NULL would equal nothing, and no text equals a number.

create table inhook_schema (
    -- How many of the scripts have run.
    version integer not null
) strict;

insert into inhook_schema (version) values (0);

create table inhook_counter (
    id integer primary key check (id = 1),
    -- The token that was handed out last.
    token integer not null
) strict;

insert into inhook_counter (id, token) values (1, 0);

create table inhook_event (
    source text not null,
    tenant any not null,
    consumer text not null,
    id text not null,
    -- Done: the mark. A redrive holds the key beside it.
    done_generation integer,
    forget_at integer,
    fingerprint blob,
    twins integer not null default 0,
    answer blob,
    -- Held: the claim.
    token integer,
    lease_until integer,
    primary key (source, tenant, consumer, id),
    check ((done_generation is null) = (forget_at is null)),
    check ((token is null) = (lease_until is null)),
    check (done_generation is not null or token is not null)
) strict, without rowid;

create index inhook_event_forget on inhook_event (forget_at) where forget_at is not null;
create index inhook_event_lease on inhook_event (lease_until) where lease_until is not null;
create index inhook_event_twin on inhook_event (source, tenant, consumer, fingerprint) where twins = 1;

create table inhook_stream (
    source text not null,
    tenant any not null,
    consumer text not null,
    name text not null,
    -- The mark: the highest rank that was completed, or what a sequence began above, and whether it ended the stream.
    rank blob,
    tombstone integer not null default 0,
    -- Held: the claim, which holds an event's key too.
    token integer,
    lease_until integer,
    forget_at integer not null,
    primary key (source, tenant, consumer, name),
    check ((token is null) = (lease_until is null)),
    check (rank is not null or tombstone = 0)
) strict, without rowid;

create index inhook_stream_forget on inhook_stream (forget_at) where tombstone = 0;

-- Events that wait for a predecessor, until they are done or were passed over.
create table inhook_waiting (
    source text not null,
    tenant any not null,
    consumer text not null,
    name text not null,
    rank blob not null,
    id text not null,
    since integer not null,
    -- For how long, in nanoseconds; that taken from -1 once what it waited for has come.
    wait integer not null,
    primary key (source, tenant, consumer, name, rank, id)
) strict, without rowid;

-- Whatever a connection says about foreign keys, nothing waits in a stream that was forgotten.
create trigger inhook_stream_forgotten after delete on inhook_stream begin
    delete from inhook_waiting
    where source = old.source and tenant = old.tenant and consumer = old.consumer and name = old.name;
end;

create table inhook_dead_letter (
    id integer primary key autoincrement,
    source text not null,
    tenant any not null,
    consumer text not null,
    key text not null,
    generation integer not null,
    event blob not null,
    error text not null,
    buried_at integer not null
) strict;
