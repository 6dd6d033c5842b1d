use super::{At, Custom, Digest, Encoding, Exhibit, Fits, Genuine, Handshake, Judge, Part, Provider, Scheme, Sign, Unsigned};
use crate::Error;

const SIGNATURE: &str = "x-hub-signature";
const CHALLENGE: At = At::Query("hub.challenge");
const MODE: At = At::Query("hub.mode");
const TOPIC: At = At::Query("hub.topic");
const SAMPLE: &str = "<feed/>";

const fn hub(name: &'static str, scheme: Scheme) -> Provider {
    const HANDSHAKES: &[Handshake] = &[
        Handshake::get(CHALLENGE).and(MODE, "subscribe").known_topic(TOPIC).echo_text(CHALLENGE),
        Handshake::get(CHALLENGE).and(MODE, "unsubscribe").other_topic(TOPIC).echo_text(CHALLENGE),
        Handshake::get(TOPIC).and(MODE, "denied").unsigned(),
    ];
    Provider::new(name, scheme).docs("https://www.w3.org/TR/websub/").handshakes(HANDSHAKES).refused(404)
}

/// [WebSub](https://www.w3.org/TR/websub/) of the W3C, once PubSubHubbub, as a subscriber: signed with any of SHA-2
/// that it allows.
///
/// ```
/// use inhook::{Verifier, provider::WEBSUB};
///
/// // What was subscribed to, as it was said to the hub.
/// let verifier = Verifier::builder(&WEBSUB).secret("hub.secret").topic("https://example.com/feed").build()?;
/// # Ok::<(), inhook::Error>(())
/// ```
///
/// The hub signs the body with the secret of the subscription and names the hash beside the signature: SHA-256, SHA-384
/// and SHA-512 are taken, and for hubs that know no better there is a constant of its own with SHA-1 and nothing else. A subscription
/// without a secret is not signed and cannot be received here.
///
/// Before a subscription begins or ends the hub asks, by a GET that nobody signs. That it begins is confirmed for a
/// [topic](crate::VerifierBuilder::topic) that the verifier was told, and that it ends for any other, so that no stranger
/// can end one or begin another. What is not confirmed is a 404, as the specification wants it.
///
/// A delivery is the topic's content, whatever that is, without id, kind or time: say what makes two the same with a key of
/// your own, and take them with [`otherwise`](crate::Handlers::otherwise).
pub const WEBSUB: Provider = hub("websub", of(Digest::Sha256, sha256, sign_sha256, |text| starts(text, b"sha256=")))
    .or(of(Digest::Sha384, sha384, sign_sha384, |text| starts(text, b"sha384=")))
    .or(of(Digest::Sha512, sha512, sign_sha512, |_| true));

/// The same as [`WEBSUB`] for a hub that signs with SHA-1.
pub const WEBSUB_SHA1: Provider = hub("websub_sha1", of(Digest::Sha1, sha1, sign_sha1, |_| true));

const fn of(digest: Digest, judge: Judge, sign: Sign, fits: Fits) -> Scheme {
    let scheme = Custom::new(At::Header(SIGNATURE), digest, judge).covers(&[Part::Body], &[]).signed_by(sign, SAMPLE);
    Scheme::Custom(scheme.only_where(At::Header(SIGNATURE), fits))
}

fn starts(text: Option<&[u8]>, prefix: &[u8]) -> bool {
    text.is_some_and(|text| text.starts_with(prefix))
}

fn sha1(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    judge(exhibit, b"sha1=")
}

fn sha256(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    judge(exhibit, b"sha256=")
}

fn sha384(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    judge(exhibit, b"sha384=")
}

fn sha512(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    judge(exhibit, b"sha512=")
}

fn judge(exhibit: &Exhibit<'_>, prefix: &[u8]) -> Result<Option<Genuine>, Error> {
    let text = exhibit.header(SIGNATURE)?.ok_or(Exhibit::missing())?;
    let claimed = text.strip_prefix(prefix).ok_or(Exhibit::malformed("it is signed by a hash that does not count"))?;
    Ok(exhibit.is_made_of(&[exhibit.body()], Encoding::Hex, claimed).then(Genuine::new))
}

fn sign_sha1(request: &mut Unsigned<'_>) -> Option<()> {
    sign(request, "sha1=")
}

fn sign_sha256(request: &mut Unsigned<'_>) -> Option<()> {
    sign(request, "sha256=")
}

fn sign_sha384(request: &mut Unsigned<'_>) -> Option<()> {
    sign(request, "sha384=")
}

fn sign_sha512(request: &mut Unsigned<'_>) -> Option<()> {
    sign(request, "sha512=")
}

fn sign(request: &mut Unsigned<'_>, prefix: &str) -> Option<()> {
    let tag = request.tag(&[request.request().body()], Encoding::Hex);
    request.set_header(SIGNATURE, &format!("{prefix}{tag}"))
}
