//! Data only: what each provider signs, where it puts things, what it wants to hear back.
//!
//! A provider is a `const`. Write your own as those here are written; it is checked when a
//! [`Verifier`](crate::Verifier) is built.
//!
//! ```
//! use inhook::{
//!     Provider,
//!     provider::{At, Digest, Hmac, Retries, Scheme, Syntax},
//! };
//!
//! const ACME: Provider = Provider::new(
//!     "acme",
//!     Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-acme-signature"), Syntax::Bare)),
//! )
//! .label(At::Json("/id"))
//! .identity(&[At::Json("/id")])
//! .kind(At::Json("/type"))
//! .retries(Retries::Hours(24));
//! ```

mod check;
mod contract;
mod custom;
mod data;
mod envelope;
mod handshake;
#[cfg(feature = "http-signatures")]
mod http_signature;
mod jwt;
pub(crate) mod locate;
mod pinned;
#[cfg(feature = "asymmetric")]
mod public_key;
mod scheme;
mod static_token;
#[cfg(test)]
mod table;

#[cfg(feature = "testing")]
pub(crate) use self::custom::Putter;
#[cfg(feature = "http-signatures")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "http-signatures")))]
pub use self::http_signature::{HttpAlgorithm, HttpSignature};
#[cfg(feature = "asymmetric")]
pub(crate) use self::public_key::{Keys, Roots};
pub(crate) use self::{
    contract::Contract,
    custom::{Made, Tagger},
    data::Thanks,
    envelope::{CLOUD_EVENT, Envelope},
    handshake::{Echo, Proof, Verb, WEB_HOOK_ORIGIN, When},
    scheme::Plain,
    static_token::TokenForm,
};
pub use self::{
    custom::{Custom, Exhibit, Fits, Genuine, Judge, Sign, Unsigned},
    data::Provider,
    envelope::{At, Attempt, Batch, Make, Retries},
    handshake::{Challenge, Handshake},
    jwt::{Jwt, JwtAlgorithm, JwtClaim, JwtKeys},
    pinned::{Host, Pinned},
    scheme::{Digest, Encoding, Hmac, KeyForm, Part, Scheme, Syntax, TimeUnit},
    static_token::StaticToken,
};
#[cfg(feature = "asymmetric")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "asymmetric")))]
pub use self::{
    public_key::{Certificates, Claim, PublicKey, Read},
    scheme::Algorithm,
};

/// One line a module: declares it, re-exports its constants, fills [`ALL`]. A provider whose scheme needs a feature does
/// not exist without it.
macro_rules! providers {
    ($($(#[$needs:meta])? $module:ident::$konst:ident $(+ $other:ident)*),+ $(,)?) => {
        $( $(#[$needs])? mod $module; $(#[$needs])? pub use $module::{$konst $(, $other)*}; )+
        /// Every provider that this crate knows, by name.
        pub static ALL: &[&Provider] = &[$($(#[$needs])? &$konst $(, &$other)*),+];
    };
}
providers! {
    #[cfg(feature = "asymmetric")]
    adobe_commerce::ADOBE_COMMERCE,
    adyen::ADYEN,
    adyen_platform::ADYEN_PLATFORM,
    airtable::AIRTABLE,
    alchemy::ALCHEMY,
    asana::ASANA,
    atlassian_connect::ATLASSIAN_CONNECT,
    #[cfg(feature = "asymmetric")]
    atlassian_connect_install::ATLASSIAN_CONNECT_INSTALL,
    #[cfg(feature = "asymmetric")]
    atlassian_forge::ATLASSIAN_FORGE,
    auth0::AUTH0,
    auth0_logs::AUTH0_LOGS,
    aws_eventbridge::AWS_EVENTBRIDGE,
    azure_devops::AZURE_DEVOPS,
    azure_event_grid::AZURE_EVENT_GRID + AZURE_EVENT_GRID_CLOUDEVENTS,
    #[cfg(feature = "asymmetric")]
    aws_sns::AWS_SNS,
    bigcommerce::BIGCOMMERCE,
    bitbucket::BITBUCKET,
    r#box::BOX,
    braintree::BRAINTREE,
    brevo::BREVO,
    buildkite::BUILDKITE,
    buildkite_signed::BUILDKITE_SIGNED,
    calcom::CALCOM,
    calendly::CALENDLY,
    chargebee::CHARGEBEE,
    checkout::CHECKOUT,
    circleci::CIRCLECI,
    clerk::CLERK,
    clickup::CLICKUP,
    cloudevents::CLOUDEVENTS,
    cloudflare::CLOUDFLARE,
    cloudflare_stream::CLOUDFLARE_STREAM,
    cloudinary::CLOUDINARY + CLOUDINARY_SHA1,
    coinbase_commerce::COINBASE_COMMERCE,
    contentful::CONTENTFUL,
    #[cfg(feature = "asymmetric")]
    discord::DISCORD,
    #[cfg(feature = "asymmetric")]
    discord_events::DISCORD_EVENTS,
    docker_hub::DOCKER_HUB,
    docusign::DOCUSIGN,
    dropbox::DROPBOX,
    dropbox_sign::DROPBOX_SIGN,
    figma::FIGMA,
    #[cfg(feature = "asymmetric")]
    firebase_auth::FIREBASE_AUTH,
    flutterwave::FLUTTERWAVE,
    ghost::GHOST,
    github::GITHUB,
    gitlab::GITLAB,
    gitlab_signed::GITLAB_SIGNED,
    gocardless::GOCARDLESS,
    #[cfg(feature = "asymmetric")]
    google_oidc::GOOGLE_OIDC,
    #[cfg(feature = "asymmetric")]
    google_pubsub::GOOGLE_PUBSUB,
    grafana::GRAFANA,
    gumroad::GUMROAD,
    heroku::HEROKU,
    hubspot::HUBSPOT + HUBSPOT_V1 + HUBSPOT_V2,
    ifttt::IFTTT,
    intercom::INTERCOM,
    jira::JIRA,
    klaviyo::KLAVIYO,
    lemon_squeezy::LEMON_SQUEEZY,
    line::LINE,
    linear::LINEAR,
    mailchimp::MAILCHIMP,
    mailgun::MAILGUN,
    mandrill::MANDRILL,
    mercado_pago::MERCADO_PAGO,
    meta::META,
    microsoft_graph::MICROSOFT_GRAPH,
    mollie::MOLLIE,
    monday::MONDAY,
    mux::MUX,
    netlify::NETLIFY,
    notion::NOTION,
    okta::OKTA,
    onfido::ONFIDO,
    openai::OPENAI,
    paddle::PADDLE,
    pagerduty::PAGERDUTY,
    #[cfg(feature = "asymmetric")]
    paypal::PAYPAL,
    paystack::PAYSTACK,
    #[cfg(feature = "asymmetric")]
    plaid::PLAID,
    postmark::POSTMARK,
    quickbooks::QUICKBOOKS + QUICKBOOKS_LEGACY,
    quicknode::QUICKNODE,
    razorpay::RAZORPAY,
    recurly::RECURLY,
    replicate::REPLICATE,
    resend::RESEND,
    revenuecat::REVENUECAT + REVENUECAT_SIGNED,
    sanity::SANITY,
    #[cfg(feature = "asymmetric")]
    sendgrid::SENDGRID,
    #[cfg(feature = "asymmetric")]
    sendgrid_inbound::SENDGRID_INBOUND,
    sentry::SENTRY,
    shopify::SHOPIFY,
    shopify_events::SHOPIFY_EVENTS,
    slack::SLACK,
    square::SQUARE,
    standard_webhooks::STANDARD_WEBHOOKS,
    #[cfg(feature = "asymmetric")]
    standard_webhooks_v1a::STANDARD_WEBHOOKS_V1A,
    stripe::STRIPE,
    sumsub::SUMSUB,
    supabase::SUPABASE,
    svix::SVIX,
    #[cfg(feature = "asymmetric")]
    svix_v1a::SVIX_V1A,
    telegram::TELEGRAM,
    trello::TRELLO,
    twilio::TWILIO,
    twitch::TWITCH,
    typeform::TYPEFORM,
    vercel::VERCEL,
    veriff::VERIFF,
    websub::WEBSUB + WEBSUB_SHA1,
    whatsapp::WHATSAPP,
    #[cfg(feature = "asymmetric")]
    wise::WISE,
    woocommerce::WOOCOMMERCE,
    workos::WORKOS,
    x::X,
    xero::XERO,
    zapier::ZAPIER,
    zapier_connections::ZAPIER_CONNECTIONS,
    zendesk::ZENDESK,
    zoom::ZOOM,
}

/// The provider of this [name](Provider::name), if it is one of [`ALL`].
pub fn by_name(name: &str) -> Option<&'static Provider> {
    ALL.iter().copied().find(|provider| provider.name == name)
}
