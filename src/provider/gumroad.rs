use super::{At, Attempt, Make, Provider, Retries, Scheme, StaticToken};

const RESOURCE: At = At::FirstOf(&[At::Form("resource_name"), At::Text("sale")]);

/// **Nothing is signed**: all there is, is a secret that you append to the address, as `?secret=…`. Whoever sees an
/// access log sees it.
///
/// [Gumroad](https://gumroad.com/ping) pings and resource subscriptions. Nothing is signed. The kind is the resource,
/// such as `refund`, and `sale` where none is named.
///
/// A [retry](https://github.com/antiwork/gumroad/blob/HEAD/app/sidekiq/post_to_individual_ping_endpoint_worker.rb)
/// counts itself in its form, so that no two tries have the same bytes; it follows 499, 500, 502, 503 and 504 alone,
/// three times within a quarter of an hour. A sale has an id, which makes it one event; a [test
/// ping](https://github.com/antiwork/gumroad/blob/HEAD/app/modules/user/ping_notification.rb) brings the last sale again
/// with `test` in it, and is another: **a handler that acts on sales looks at `test` first**. A refund, a dispute or what happens to a subscription can happen to one object
/// twice and has no identity: say [`key_by`](crate::Builder::key_by). JSON, which Gumroad sends to Zapier, is refused.
pub const GUMROAD: Provider = Provider::new("gumroad", Scheme::Token(StaticToken::bare(At::Query("secret"))))
    .docs("https://gumroad.com/ping")
    .accepts(&["application/x-www-form-urlencoded"])
    .label(At::Form("sale_id"))
    .identity(&[At::Made(&RESOURCE, Make(sale)), At::Form("sale_id"), At::Optional(&At::Form("test"))])
    .unstable_payload()
    .kind(RESOURCE)
    .attempt(Attempt::Retry(At::Form("retry_count")))
    .deadline(5)
    .retries(Retries::Hours(1));

fn sale(resource: &str) -> Option<String> {
    (resource == "sale").then(|| resource.to_owned())
}
