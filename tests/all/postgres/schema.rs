use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn many_who_start_at_once_make_one_schema() {
    let Some(database) = database().await else { return };
    for round in 0..4 {
        let mut opening = Vec::new();
        for _ in 0..12 {
            let database = database.clone();
            opening.push(tokio::spawn(async move {
                let pool = database.pool(1).await;
                PgStore::builder(pool).schema(format!("round_{round}")).open().await
            }));
        }
        let mut stores = Vec::new();
        for store in opening {
            stores.push(store.await.unwrap().unwrap());
        }
        complete(&stores[0], &slot("evt_1")).await;
        for store in &stores {
            assert!(matches!(store.claim(&slot("evt_1")).await.unwrap(), Claim::Duplicate(Some(_))));
        }
        let sql = format!("select version from round_{round}.inhook_schema");
        let versions: Vec<i32> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(stores[0].pool()).await.unwrap();
        assert_eq!(versions, [1]);
    }
}

#[tokio::test]
async fn schema_and_prefix_are_the_user_s_and_nothing_else_is_made() {
    let Some(database) = database().await else { return };
    let pool = database.pool(2).await;
    let first = PgStore::builder(pool.clone()).schema("select").prefix("hooks_").open().await.unwrap();
    let second = PgStore::builder(pool.clone()).schema("select").prefix("others_").open().await.unwrap();
    complete(&first, &placed("evt_1", "cus_1", 1, Order::Latest)).await;
    complete(&second, &placed("evt_1", "cus_1", 1, Order::Latest)).await;
    let names: Vec<String> = sqlx::query_scalar(
        "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let ours = |name: &String| name.starts_with("select.hooks_") || name.starts_with("select.others_");
    assert!(names.len() > 20 && names.iter().all(ours), "{names:?}");
    for name in ["", "1a", "A", "a-b", "a\"; drop schema public; --", &"a".repeat(34)] {
        for builder in [PgStore::builder(pool.clone()).schema(name), PgStore::builder(pool.clone()).prefix(name)] {
            assert_eq!(builder.open().await.unwrap_err().kind(), ErrorKind::Config, "{name}");
        }
    }
}

#[tokio::test]
async fn the_published_sql_makes_what_the_store_wants() {
    let Some(database) = database().await else { return };
    let pool = database.pool(1).await;
    let builder = || PgStore::builder(pool.clone()).migrate(false);
    assert_eq!(builder().open().await.unwrap_err().kind(), ErrorKind::Config);
    for script in MIGRATIONS {
        sqlx::raw_sql(*script).execute(&pool).await.unwrap();
    }
    let count = i32::try_from(MIGRATIONS.len()).unwrap();
    sqlx::query("update inhook_schema set version = $1").bind(count).execute(&pool).await.unwrap();
    complete(&builder().open().await.unwrap(), &slot("evt_1")).await;
    sqlx::query("update inhook_schema set version = $1").bind(count + 1).execute(&pool).await.unwrap();
    assert_eq!(builder().open().await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(PgStore::new(pool.clone()).await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn connections_that_could_lose_a_commit_are_refused() {
    let Some(database) = database().await else { return };
    let pool = PgPool::connect_with(database.options().options([("synchronous_commit", "off")])).await.unwrap();
    assert_eq!(PgStore::new(pool).await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn no_tenant_is_not_a_tenant_whose_name_looks_like_none() {
    let Some(database) = database().await else { return };
    let store = store(&database, 2, PATIENCE).await;
    let tenants = [None, Some(""), Some("="), Some("NULL"), Some("a\0b"), Some("a")];
    let key = |tenant: Option<&str>| match tenant {
        Some(tenant) => Key::new("stripe", "orders", "evt_1").tenant(tenant),
        None => Key::new("stripe", "orders", "evt_1"),
    };
    for tenant in tenants {
        complete(&store, &Slot::new(key(tenant), LEASE, REMEMBER)).await;
    }
    for tenant in tenants {
        assert!(store.forget(&key(tenant)).await.unwrap());
        assert!(!store.forget(&key(tenant)).await.unwrap());
    }
}

#[tokio::test]
async fn purge_keeps_to_its_limit_and_passes_over_what_is_locked() {
    let Some(database) = database().await else { return };
    let store = store(&database, 4, PATIENCE).await;
    let over = |n: i32| Slot::new(Key::new("stripe", "orders", n.to_string()), LEASE, Duration::ZERO);
    for n in 0..10 {
        complete(&store, &over(n)).await;
    }
    // As somebody who is at it.
    let mut tx = store.pool().begin().await.unwrap();
    sqlx::query("select from inhook_event where id = '3' for update").execute(&mut *tx).await.unwrap();
    assert_eq!(store.purge(4).await.unwrap(), 4);
    assert_eq!(store.purge(u32::MAX).await.unwrap(), 5);
    tx.rollback().await.unwrap();
    assert_eq!(store.purge(u32::MAX).await.unwrap(), 1);
    sqlx::query(
        "insert into inhook_event (source, tenant, consumer, id, done_generation, forget_at)
        select 's', '', 'c', n::text::bytea, 0, n from generate_series(1, 3500) n",
    )
    .execute(store.pool())
    .await
    .unwrap();
    assert_eq!(store.purge(2500).await.unwrap(), 2500);
    assert_eq!(store.purge(u32::MAX).await.unwrap(), 1000);
    assert!(store.blocked(None, 10).await.unwrap().is_empty());
}
