//! cargo run --example tenants --features tokio,testing
//!
//! One endpoint for many customers, each with a secret of its own that is looked up for each request.
use std::{collections::HashMap, error::Error, sync::Arc};

use http::request::Parts;
use inhook::{
    Event, Handlers, Json, Place, Receiver, Tenant, Verifier,
    provider::STRIPE,
    store::{MemoryStore, Order},
    testing::signed,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Customer {
    id: String,
    email: String,
}

/// Each event carries the whole customer, so an older one says nothing. Streams are a tenant's own: the same id at two
/// tenants is two customers.
fn place(event: &Event) -> Option<Place> {
    let customer: Customer = event.raw().json().ok()?;
    let place = Place::new(customer.id, event.occurred_at?, Order::Latest);
    Some(if event.kind.as_deref() == Some("customer.deleted") { place.last() } else { place })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Keep verifiers: building one decodes and hashes its keys. Here they could come from a database.
    let verifiers: Arc<HashMap<&str, Verifier>> = Arc::new(HashMap::from([
        ("acme", Verifier::new(&STRIPE, "whsec_of_acme")?),
        ("umbrella", Verifier::new(&STRIPE, "whsec_of_umbrella")?),
    ]));
    let resolver = async move |head: &Parts| {
        let Some(id) = head.uri.path().strip_prefix("/hooks/") else { return Ok(None) };
        Ok(verifiers.get(id).map(|verifier| Tenant::new(id, verifier.clone())))
    };
    let handlers = Handlers::new().on("customer.*", async |event: Event<Json<Customer>>| {
        println!("{}: {} is {}", event.tenant.as_deref().unwrap_or("-"), event.payload.0.id, event.payload.0.email);
        Ok(())
    });
    let receiver = Receiver::tenants(resolver, MemoryStore::new())
        .ordered_by(place)
        .observe(|outcome| println!("  {:?}: {}", outcome.tenant, outcome.end.as_str()))
        .handle(handlers)?;

    let body = r#"{"id":"evt_1","type":"customer.updated","created":1790000000,
                   "data":{"object":{"id":"cus_1","email":"ada@example.com"}}}"#;
    for (tenant, secret, expected) in [
        ("acme", "whsec_of_acme", 200),
        ("umbrella", "whsec_of_umbrella", 200),
        ("umbrella", "whsec_of_acme", 401),
        ("nobody", "whsec_of_acme", 404),
    ] {
        let request = signed(&STRIPE, secret, body).url(format!("https://example.com/hooks/{tenant}")).build();
        let response = receiver.receive(request).await;
        println!("{tenant}: {} {}", response.status(), String::from_utf8_lossy(response.body()));
        if response.status() != expected {
            return Err(format!("expected {expected}").into());
        }
    }
    Ok(())
}
