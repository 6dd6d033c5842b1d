use super::{At, Attempt, Batch, Handshake, Provider, Retries, Scheme, StaticToken, TimeUnit};

const VALIDATION: &str = "Microsoft.EventGrid.SubscriptionValidationEvent";

const fn schema(name: &'static str) -> Provider {
    Provider::new(name, Scheme::Token(StaticToken::bare(At::Header("x-webhook-token"))))
        .or(Scheme::Token(StaticToken::bare(At::Query("token"))))
        .docs("https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema")
        .deadline(30)
        .retries(Retries::Hours(24))
}

/// **Nothing is signed**: Event Grid sends the address that it was given and the headers that a subscription's delivery
/// properties name. Here a token is asked for in a header `x-webhook-token`, or in the address as `token`; change the
/// [scheme](super::Provider::scheme) for another name. It proves who sent, not what.
///
/// [Azure Event Grid](https://learn.microsoft.com/azure/event-grid/event-schema) in its own schema.
///
/// In Event Grid's own schema a request is always a list, of one event unless batches are asked for, and a new subscription
/// asks with an event of its own kind: the answer has to repeat its code, with a 200 and no other success. The address for
/// a later answer is never visited. In CloudEvents' schema it asks by OPTIONS, which is granted to Event Grid and to whomever
/// else the verifier was told to allow. A 400 or 413 is not tried again; order is not kept.
pub const AZURE_EVENT_GRID: Provider = schema("azure_event_grid")
    .accepts(&["application/json"])
    .batch(Batch::List(""))
    .label(At::Json("/id"))
    .identity(&[At::Optional(&At::Json("/topic")), At::Json("/id")])
    .kind(At::Json("/eventType"))
    .time(At::Json("/eventTime"), TimeUnit::Rfc3339)
    .payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
    .version(At::Json("/dataVersion"))
    .attempt(Attempt::Retry(At::Header("aeg-delivery-count")))
    .handshakes(&[Handshake::post(At::Json("/0/eventType"), VALIDATION)
        .echo_json("validationResponse", At::Json("/0/data/validationCode"))]);

/// **Nothing is signed**, as for [`AZURE_EVENT_GRID`], which says what both have in common: [Azure Event
/// Grid](https://learn.microsoft.com/azure/event-grid/cloud-event-schema) in CloudEvents' schema.
pub const AZURE_EVENT_GRID_CLOUDEVENTS: Provider = schema("azure_event_grid_cloudevents")
    .docs("https://learn.microsoft.com/azure/event-grid/end-point-validation-cloud-events-schema")
    .cloud_events()
    .attempt(Attempt::Retry(At::Header("aeg-delivery-count")))
    .handshakes(&[Handshake::web_hook_origin(&["eventgrid.azure.net"])]);
