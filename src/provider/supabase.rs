use super::{At, Custom, Digest, Encoding, Exhibit, Genuine, KeyForm, Part, Provider, Retries, Scheme, TimeUnit, Unsigned};
use crate::Error;

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// [Supabase](https://supabase.com/docs/guides/auth/auth-hooks): auth hooks over HTTP. Only the hooks before and after a
/// user is created say their kind; take the others with [`otherwise`](crate::Handlers::otherwise).
///
/// Standard Webhooks in small print: the secret stands behind `v1,whsec_`, and while there are several the signatures
/// are parted by a comma and a space, where the standard has a space alone.
///
/// The webhook's id is drawn anew for every try, so it is a label. The hooks before and after a user is created bring an
/// id of their own in `metadata`; the others bring none, and their caller waits for the answer of this very request. It
/// must be JSON: `{}` where a handler says nothing. A 503 with `retry-after` is tried again up to three times, all within
/// five seconds, and a 500 is not: so a failure is answered 503.
pub const SUPABASE: Provider = Provider::new(
    "supabase",
    Scheme::Custom(
        Custom::new(At::Header(SIGNATURE), Digest::Sha256, judge)
            .key(KeyForm::Base64After("v1,whsec_"))
            .covers(&[Part::Header(ID), Part::Header(TIMESTAMP), Part::Body], &[])
            .signed_by(sign, r#"{"metadata":{"uuid":"1","name":"before-user-created"},"user":{"id":"2"}}"#),
    ),
)
.docs("https://supabase.com/docs/guides/auth/auth-hooks")
.accepts(&["application/json"])
.tolerance(300, 300)
.label(At::Header(ID))
.identity(&[At::Json("/metadata/uuid")])
.kind(At::Json("/metadata/name"))
.time(At::Json("/metadata/time"), TimeUnit::Rfc3339)
.success_json("{}")
.deadline(5)
.again(503)
.retries(Retries::Hours(1));

fn judge(request: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    let need = |name| request.header(name)?.ok_or(Exhibit::missing());
    let (id, timestamp, signatures) = (need(ID)?, need(TIMESTAMP)?, need(SIGNATURE)?);
    if id.contains(&b'.') {
        return Err(Exhibit::malformed("the id holds the separator"));
    }
    let elements = signatures.split(|b| *b == b' ').map(|element| element.strip_suffix(b",").unwrap_or(element));
    let claimed: Vec<_> = elements.filter_map(|element| element.strip_prefix(b"v1,")).collect();
    if claimed.is_empty() {
        return Err(Exhibit::malformed("no signature of version 1"));
    }
    let made = request.is_any_of(&[id, b".", timestamp, b".", request.body()], Encoding::Base64, &claimed);
    Ok(made.then(|| Genuine::at(timestamp, TimeUnit::Seconds)))
}

fn sign(request: &mut Unsigned<'_>) -> Option<()> {
    let timestamp = request.time(TimeUnit::Seconds)?;
    request.set_header(TIMESTAMP, &timestamp)?;
    let headers = request.request().headers();
    let id = headers.get(ID)?.as_bytes();
    let parts = [id, b".", timestamp.as_bytes(), b".", request.request().body()];
    let tag = request.tag(&parts, Encoding::Base64);
    request.set_header(SIGNATURE, &format!("v1,{tag}"))
}
