//! What a secret would be if it were written or read otherwise.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::super::{
    html,
    keys::{Key, decode},
    mac::{Mac, TokenHash},
};
#[cfg(feature = "http-signatures")]
use crate::provider::HttpAlgorithm;
use crate::{
    diagnosis::KeyMistake,
    provider::{Digest, KeyForm, Plain, Scheme},
};

type Text = Zeroizing<Vec<u8>>;
type Make<'s> = dyn Fn(&[u8]) -> Option<Key> + 's;

/// Prefixes that secrets are shown with and that do not belong to the key everywhere.
const PREFIXES: [&[u8]; 4] = [b"whsec_", b"base64:", b"v1,whsec_", b"sha256="];

/// Keys that a scheme might have been meant to have for this secret, the likeliest mistakes first.
pub(super) fn others(scheme: &Scheme, secret: &[u8]) -> Vec<(KeyMistake, Key)> {
    let (form, make): (_, &Make<'_>) = if let Scheme::Token(_) = scheme {
        (None, &|text| Some(Key::Token(TokenHash::of(text))))
    } else if let Scheme::Hmac(hmac) = scheme {
        (Some(hmac.key), &|key| mac(hmac.digest, hmac.plain, key))
    } else if let Scheme::Custom(custom) = scheme {
        (Some(custom.key), &|key| mac(custom.digest, None, key))
    } else if let Some(form) = by_sha256(scheme) {
        (Some(form), &|key| mac(Digest::Sha256, None, key))
    } else {
        // A public key that is written otherwise is refused when the verifier is built, and one that is fetched is nobody's
        // to write.
        return Vec::new();
    };
    let mut seen: Vec<Text> = Vec::new();
    let as_it_is = Zeroizing::new(secret.to_vec());
    seen.extend(form.map_or(Some(as_it_is), |form| decode(form, secret)));
    let mut keys = Vec::new();
    let mut add = |mistake, key: Option<Text>| {
        let Some(key) = key.filter(|key| !key.is_empty() && !seen.contains(key)) else { return };
        keys.extend(make(&key).map(|key| (mistake, key)));
        seen.push(key);
    };
    if form.is_some() {
        for text in [secret, without_prefix(form, secret).unwrap_or(secret)] {
            for encoding in [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD] {
                add(KeyMistake::IsBase64, encoding.decode(text).ok().map(Zeroizing::new));
            }
            add(KeyMistake::IsHex, HEXLOWER_PERMISSIVE.decode(text).ok().map(Zeroizing::new));
        }
        add(KeyMistake::IsText, Some(Zeroizing::new(secret.to_vec())));
    }
    add(KeyMistake::Prefix, without_prefix(form, secret).map(|text| Zeroizing::new(text.to_vec())));
    for (mistake, text) in rewritten(secret) {
        add(mistake, form.map_or(Some(text.clone()), |form| decode(form, &text)));
    }
    keys
}

/// How the secret is written of what is signed by one whatever the data says of the hash: tokens and HTTP messages.
fn by_sha256(scheme: &Scheme) -> Option<KeyForm> {
    match scheme {
        Scheme::Jwt(_) if !scheme.fetches() => Some(KeyForm::Text),
        #[cfg(feature = "http-signatures")]
        Scheme::HttpSignature(data) if data.algorithm == HttpAlgorithm::HmacSha256 => Some(data.key),
        _ => None,
    }
}

fn mac(digest: Digest, plain: Option<Plain>, key: &[u8]) -> Option<Key> {
    Mac::of(digest, plain, key).map(Key::Mac)
}

fn without_prefix(form: Option<KeyForm>, text: &[u8]) -> Option<&[u8]> {
    let own = match form {
        Some(KeyForm::Base64After(prefix) | KeyForm::Base64AfterOrText(prefix)) => prefix.as_bytes(),
        _ => b"",
    };
    let own = text.strip_prefix(own).filter(|_| !own.is_empty());
    own.or_else(|| PREFIXES.iter().find_map(|prefix| text.strip_prefix(*prefix)))
}

/// The secret's text as it was perhaps meant, here or at the provider.
fn rewritten(text: &[u8]) -> Vec<(KeyMistake, Text)> {
    let mut texts = Vec::new();
    let mut add = |mistake, text: Vec<u8>| texts.push((mistake, Zeroizing::new(text)));
    let bare = |text: &[u8]| match text {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] | [b'`', inner @ .., b'`'] => Some(inner.to_vec()),
        _ => None,
    };
    if let Some(text) = text.strip_prefix(b"\xef\xbb\xbf") {
        add(KeyMistake::Mark, text.to_vec());
    }
    if let Some(inner) = bare(text) {
        add(KeyMistake::Quotes, inner.trim_ascii().to_vec());
        add(KeyMistake::Quotes, inner);
    }
    let name = |name: &[u8]| !name.is_empty() && name.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'_');
    if let Some(at) = text.iter().position(|c| *c == b'=')
        && let (before, [_, after @ ..]) = text.split_at(at)
        && name(before.strip_prefix(b"export ").unwrap_or(before))
    {
        add(KeyMistake::Assignment, bare(after).unwrap_or_else(|| after.to_vec()));
    }
    if text.contains(&b'%') {
        add(KeyMistake::PercentEncoded, percent_decode(text).collect());
    }
    if text.contains(&b'&') {
        add(KeyMistake::HtmlEscaped, html::unescape(text));
    }
    for end in [&b"\n"[..], b"\r\n", b" ", b"\t"] {
        add(KeyMistake::WhiteSpaceThere, [text, end].concat());
    }
    add(KeyMistake::WhiteSpaceThere, [b" ", text].concat());
    for quote in [b"\"", b"'"] {
        add(KeyMistake::QuotesThere, [&quote[..], text, quote].concat());
    }
    texts
}

/// What a secret looks like that signs nothing, where its beginning says so.
pub(super) fn credential(text: &[u8], signature: &str) -> Option<&'static str> {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix.as_bytes()));
    let stripe = signature == "stripe-signature";
    if stripe && begins(&["sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_live_", "pk_test_"]) {
        Some("an API key of Stripe's")
    } else if begins(&["xoxb-", "xoxp-", "xoxe-", "xapp-"]) {
        Some("a token of Slack's for its API")
    } else if begins(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"]) {
        Some("a token of GitHub's for its API")
    } else if begins(&["shpat_", "shpca_", "shppa_"]) {
        Some("an access token of Shopify's")
    } else if begins(&["-----BEGIN"]) {
        Some("a key or certificate in PEM")
    } else {
        None
    }
}
