use super::{Algorithm, At, Encoding, Handshake, KeyForm, Make, Part, Provider, PublicKey, Scheme, Syntax, TimeUnit};

pub(super) const SIGNED: Scheme = Scheme::PublicKey(
    PublicKey::new(&[Algorithm::Ed25519])
        .key(KeyForm::Hex)
        .over(&[Part::Timestamp, Part::Body])
        .signature(At::Header("x-signature-ed25519"), Syntax::Bare)
        .encoding(Encoding::HexOfEitherCase)
        .timestamp(At::Header("x-signature-timestamp"), TimeUnit::Seconds),
);

/// [Discord's interactions](https://docs.discord.com/developers/interactions/receiving-and-responding): commands,
/// components and modals. Its secret is the application's public key. Kinds are the numbers of interaction types: `2`
/// is a command. Each must be answered with JSON within three seconds: [`Answer::json`](crate::Answer::json). A PING is
/// answered without you.
///
/// Two kinds of requests, with the application's one key and to addresses of their own: interactions, which wait for an
/// answer, and [webhook events](super::DISCORD_EVENTS). Discord probes both with wrong signatures, and drops an address
/// that does not refuse them with a 401.
///
/// A signature has no age here; refuse old ones with a [tolerance](crate::VerifierBuilder::tolerance) of your own.
pub const DISCORD: Provider = Provider::new("discord", SIGNED)
    .docs("https://docs.discord.com/developers/interactions/overview")
    .label(At::Json("/id"))
    .identity(&[At::Json("/id")])
    .kind(At::Json("/type"))
    .time(At::Made(&At::Json("/id"), Make(moment)), TimeUnit::Millis)
    .handshakes(&[Handshake::post(At::Number("/type"), "1").unless(At::Json("/event")).answer_json(&[], |_| {
        Some(r#"{"type":1}"#.to_owned())
    })])
    .deadline(3);

/// The first 42 bits of an id are milliseconds since 2015.
fn moment(id: &str) -> Option<String> {
    let id: u64 = id.parse().ok()?;
    Some(((id >> 22) + 1_420_070_400_000).to_string())
}
