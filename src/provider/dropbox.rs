use super::{At, Digest, Handshake, Hmac, Provider, Scheme, Syntax};

const CHALLENGE: At = At::Query("challenge");

/// [Dropbox](https://www.dropbox.com/developers/reference/webhooks): changes of accounts' files.
///
/// An event says which accounts have changed, not what: it has no id, type or time, and two of them can be alike byte
/// for byte. So there is **no identity**: ask Dropbox for what changed, from the cursor that is kept for each account,
/// and a repeated event finds nothing new.
///
/// Before it sends anything Dropbox asks with a GET, unsigned, whose `challenge` is echoed as plain text.
pub const DROPBOX: Provider = Provider::new(
    "dropbox",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-dropbox-signature"), Syntax::Bare)),
)
.docs("https://www.dropbox.com/developers/reference/webhooks")
.accepts(&["application/json"])
.handshakes(&[Handshake::get(CHALLENGE).unsigned().echo_text(CHALLENGE)])
.deadline(10);
