//! From a provider's data and its secrets to what judges requests.

use std::{error::Error as _, fmt, sync::Arc, time::Duration};

use http::Uri;

use super::{
    Verifier,
    grant::Grants,
    keys::{Key, key, plain},
    mac::{Mac, TokenHash},
    plan::Plan,
    scheme::Scheme,
    stamp::Tolerance,
};
#[cfg(feature = "asymmetric")]
use super::{certificate::Trust, learn::Learned, ring::Ring, token_keys::TokenKeys};
#[cfg(feature = "asymmetric")]
use crate::provider::Keys;
use crate::{
    Error, ErrorKind, Provider, Secret,
    provider::{self, Part, Proof},
};

/// Puts a [`Verifier`] together.
#[must_use]
pub struct VerifierBuilder {
    provider: Provider,
    secrets: Vec<Secret>,
    base: Option<String>,
    tolerance: Tolerance,
    verify_token: Option<Secret>,
    public_key: Option<String>,
    by_get: bool,
    pub(super) grants: Grants,
    expected: Vec<(String, String)>,
    #[cfg(feature = "asymmetric")]
    trust: Option<Trust>,
}

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) provider: Provider,
    /// All else goes by keys that are made of them.
    #[cfg(feature = "diagnose")]
    pub(super) secrets: Vec<Secret>,
    pub(super) schemes: Vec<Scheme>,
    pub(super) handshake_keys: Vec<(&'static str, Key)>,
    pub(super) base: Option<String>,
    pub(super) verify_token: Option<TokenHash>,
    pub(super) public_key: Option<String>,
    /// Events come by GET, and none by POST.
    pub(super) by_get: bool,
    pub(super) grants: Grants,
    /// Past and future.
    pub(super) tolerance: Option<(Duration, Duration)>,
    /// Nobody says how old a signed time may be.
    pub(super) ends_with_its_mark: bool,
    pub(super) plan: Plan,
    /// What the verifier was told to expect, by name.
    pub(super) expected: Vec<(String, String)>,
    #[cfg(feature = "asymmetric")]
    pub(super) ring: Arc<Ring<Learned>>,
    #[cfg(feature = "asymmetric")]
    pub(super) token_keys: Arc<TokenKeys>,
}

impl VerifierBuilder {
    pub(super) fn new(provider: &Provider) -> Self {
        Self {
            provider: *provider,
            secrets: Vec::new(),
            base: None,
            tolerance: Tolerance::Provider,
            verify_token: None,
            public_key: None,
            by_get: false,
            grants: Grants::default(),
            expected: Vec::new(),
            #[cfg(feature = "asymmetric")]
            trust: None,
        }
    }

    /// The secret; call it again for others that are accepted too, for as long as a rotation lasts. Which of them it was
    /// says [`Verified::which_secret`](super::Verified::which_secret), and of what a receiver took
    /// [`Outcome::secret`](crate::Outcome::secret). Without a restart, secrets change where they are
    /// looked up: [`Receiver::tenants`](crate::Receiver::tenants).
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// Scheme, host and path prefix as the provider sees them, such as `https://example.com` or
    /// `https://example.com/api` where a proxy takes `/api` away. Needed where a provider signs its URL, which is never
    /// put together from what a request says of itself.
    pub fn public_base(mut self, base: impl Into<String>) -> Self {
        self.base = Some(base.into());
        self
    }

    /// How old a signed timestamp may be; the provider's own unless said. It says nothing where no timestamp is signed.
    pub fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// What was entered at the provider as verify token, for one that proves an address by it (Meta, WhatsApp). Without
    /// this such a handshake is refused.
    pub fn verify_token(mut self, token: impl Into<Secret>) -> Self {
        self.verify_token = Some(token.into());
        self
    }

    /// The public key that goes with the secret, for a provider that names it in its signatures (Braintree).
    pub fn public_key(mut self, key: impl Into<String>) -> Self {
        self.public_key = Some(key.into());
        self
    }

    /// Takes events by GET, and none by POST: for an address that was entered so at a provider that sends by either
    /// (Twilio). It signs address and fields as one text, so at an address that took both, the one could be made to pass
    /// for the other.
    pub fn by_get(mut self) -> Self {
        self.by_get = true;
        self
    }

    /// What a request must be meant for, by the name that the provider's data has for it: PayPal's `webhook_id`, the
    /// `topic_arn` of AWS SNS. Say it again for another topic that will do as well; of webhook ids, which are a part of
    /// what is signed, there is one a verifier. Whoever has an account there can have a genuine request sent to anybody, so
    /// a verifier without this cannot be built.
    pub fn expect(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.expected.push((name.into(), value.into()));
        self
    }

    /// Who vouches for the certificates that a provider's requests name; what its data says unless said.
    #[cfg(feature = "asymmetric")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "asymmetric")))]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// # Errors
    /// [`InvalidSecret`](ErrorKind::InvalidSecret) without a secret, for an empty or blank one, and for one that is not
    /// in the form that the provider uses; [`Config`](ErrorKind::Config) for mistakes in the provider's data, and for
    /// anything that its scheme needs and was not given.
    pub fn build(self) -> Result<Verifier, Error> {
        const CONFIG: fn(&'static str) -> Error = |detail| Error::new(ErrorKind::Config, detail);
        let Self { provider, secrets, base, tolerance, verify_token, public_key, by_get, grants, expected, .. } = self;
        provider.check().map_err(CONFIG)?;
        grants.check().map_err(CONFIG)?;
        let plan = Plan::of(&provider).ok_or(CONFIG("an envelope has at most 64 places"))?;
        match (secrets.is_empty(), provider.has_secret()) {
            (true, true) => return Err(Error::new(ErrorKind::InvalidSecret, "there is none")),
            (false, false) => return Err(Error::new(ErrorKind::InvalidSecret, "this provider's keys are fetched")),
            _ => {}
        }
        let told = |name: &str| expected.iter().any(|(n, _)| n == name);
        if let Some(name) = provider.expects.iter().find(|name| !told(name)) {
            return Err(
                CONFIG("the provider's requests are meant for somebody: say `expect`").because(format!("`{name}`"))
            );
        }
        if expected.iter().any(|(name, value)| !provider.expects.contains(&&**name) || value.trim().is_empty()) {
            return Err(CONFIG("what is expected has a name that the provider knows, and is not empty"));
        }
        let base = base.map(|base| public(&base)).transpose()?;
        let verify_token = verify_token.map(|token| plain(&token).map(TokenHash::of)).transpose()?;
        if public_key.as_ref().is_some_and(String::is_empty) || (provider.needs_public_key && public_key.is_none()) {
            return Err(CONFIG("the provider names a public key: say `public_key`"));
        }
        if by_get && !provider.by_get {
            return Err(CONFIG("nothing of this provider's comes by GET"));
        }
        if cfg!(not(feature = "asymmetric")) && provider.schemes().any(provider::Scheme::fetches) {
            return Err(CONFIG("its keys are public: turn on the feature `asymmetric`"));
        }
        let mut schemes = Vec::new();
        let mut handshake_keys = Vec::new();
        for scheme in provider.schemes() {
            let told = |name: &str| expected.iter().filter(|(n, _)| n == name).count();
            if scheme.covers().0.iter().any(|part| matches!(part, Part::Expected(name) if told(name) > 1)) {
                return Err(CONFIG("what is a part of the signature is expected once: build a verifier for each"));
            }
            if scheme.covers().0.contains(&Part::Url) && base.is_none() {
                return Err(CONFIG("the provider signs its URL: say `public_base`"));
            }
            if let provider::Scheme::Hmac(hmac) = scheme {
                for handshake in provider.handshakes {
                    if let Proof::Key(text) = handshake.proof {
                        let key = Mac::new(hmac.digest, text.as_bytes()).ok_or(CONFIG("a handshake's key"))?;
                        handshake_keys.push((text, Key::Mac(key)));
                    }
                }
            }
            let named = |(at, secret)| {
                let which = || format!("`{}`, secret {} of {}", provider.name, at + 1, secrets.len());
                key(scheme, secret).map_err(|e: Error| if e.source().is_some() { e } else { e.because(which()) })
            };
            let keys = secrets.iter().enumerate().map(named).collect::<Result<_, _>>()?;
            let built = Scheme::of(scheme, keys);
            #[cfg(feature = "asymmetric")]
            let built = match scheme {
                provider::Scheme::PublicKey(provider::PublicKey { keys: Keys::Fetched(data), .. }) => {
                    let trust = self.trust.clone().map_or_else(|| Trust::of(data.roots), Ok)?;
                    Scheme { trust: Some(trust), ..built }
                }
                _ => built,
            };
            schemes.push(built);
        }
        let ends_with_its_mark = tolerance == Tolerance::Provider && provider.past.is_none();
        let tolerance = match tolerance {
            Tolerance::Provider => provider.past.map(|past| (past, provider.future)),
            Tolerance::Within { past, .. } if provider.past.is_some() && provider.future.is_zero() => {
                Some((past, Duration::ZERO))
            }
            Tolerance::Within { past, future } => Some((past, future)),
            Tolerance::Unlimited => None,
        };
        Ok(Verifier(Arc::new(Inner {
            provider,
            #[cfg(feature = "diagnose")]
            secrets,
            schemes,
            handshake_keys,
            base,
            verify_token,
            public_key,
            by_get,
            grants,
            tolerance,
            ends_with_its_mark,
            plan,
            expected,
            #[cfg(feature = "asymmetric")]
            ring: Arc::default(),
            #[cfg(feature = "asymmetric")]
            token_keys: Arc::default(),
        })))
    }
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierBuilder").field("provider", &self.provider.name).finish_non_exhaustive()
    }
}

/// The base as it is hashed: without the slash that the path brings.
fn public(base: &str) -> Result<String, Error> {
    const WRONG: Error = Error::new(ErrorKind::Config, "`public_base` is `https://host`, with a path prefix or none");
    let uri: Uri = base.parse().map_err(|_| WRONG)?;
    let web = matches!(uri.scheme_str(), Some("https" | "http"));
    if !web || uri.authority().is_none() || uri.query().is_some() || base.contains('#') {
        return Err(WRONG);
    }
    Ok(base.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{ALL, MANDRILL, STANDARD_WEBHOOKS, STRIPE};

    /// With all that it needs but a secret.
    fn builder(provider: &Provider) -> VerifierBuilder {
        let builder = Verifier::builder(provider).public_base("https://example.com").public_key("k");
        provider.expects.iter().fold(builder, |builder, name| builder.expect(*name, "expected"))
    }

    fn kind(provider: &Provider, secret: &str) -> ErrorKind {
        builder(provider).secret(secret).build().unwrap_err().kind()
    }

    #[test]
    fn no_provider_takes_an_empty_secret() {
        for provider in ALL {
            for secret in ["", " ", "\n", "\t \r\n", " secret", "secret\n"] {
                assert_eq!(kind(provider, secret), ErrorKind::InvalidSecret, "{provider:?} {secret:?}");
            }
            let none = builder(provider).build().map(drop).map_err(|e| e.kind());
            let right = if provider.has_secret() { Err(ErrorKind::InvalidSecret) } else { Ok(()) };
            assert_eq!(none, right, "{provider:?}");
        }
    }

    #[test]
    fn a_secret_of_another_form_is_refused() {
        for secret in ["whsec_", "w", "whsec_%", "whsec_wronglength", "hwsec_AAAA", "whpk_AAAA", "whsk_AAAA"] {
            assert_eq!(kind(&STANDARD_WEBHOOKS, secret), ErrorKind::InvalidSecret, "{secret}");
        }
    }

    #[test]
    fn where_a_provider_takes_no_time_in_the_future_no_tolerance_makes_it_do_so() {
        let future = |own| {
            let provider = STRIPE.tolerance(600, own);
            let tolerance = Tolerance::within(Duration::from_secs(300));
            let built = Verifier::builder(&provider).secret("whsec_good").tolerance(tolerance).build().unwrap();
            built.0.tolerance.unwrap().1.as_secs()
        };
        assert_eq!((future(0), future(1)), (0, 300));
    }

    #[test]
    fn one_bad_secret_among_good_ones_is_an_error() {
        let built = Verifier::builder(&STRIPE).secret("whsec_good").secret("").build();
        let wrong = built.unwrap_err();
        assert_eq!(
            (wrong.kind(), wrong.to_string()),
            (ErrorKind::InvalidSecret, "invalid_secret: it is empty".to_owned())
        );
        assert_eq!(wrong.source().unwrap().to_string(), "`stripe`, secret 2 of 2");
    }

    #[test]
    fn a_provider_that_signs_its_url_asks_for_it() {
        assert_eq!(Verifier::new(&MANDRILL, "key").unwrap_err().kind(), ErrorKind::Config);
        for base in ["", "example.com", "/hooks", "ftp://example.com", "https://example.com?x=1", "https://e.com/#a"] {
            let built = Verifier::builder(&MANDRILL).secret("key").public_base(base).build();
            assert_eq!(built.unwrap_err().kind(), ErrorKind::Config, "{base}");
        }
    }
}
