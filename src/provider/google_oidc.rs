use super::{
    At, Jwt, JwtAlgorithm, Provider, Scheme, TimeUnit,
    google_pubsub::{CLAIMS, EXPECTS, KEYS},
};

/// [Google Cloud](https://cloud.google.com/run/docs/authenticating/service-to-service): Eventarc, Scheduler, Tasks and
/// other callers that bear an OIDC token of a service account. What to [expect](crate::VerifierBuilder::expect)
/// is the `audience` and the `service_account_email`. Without identity; events in CloudEvents' binary form have kind and
/// time.
///
/// ```
/// use inhook::{
///     Provider,
///     provider::{At, Attempt, GOOGLE_OIDC},
/// };
///
/// const EVENTARC: Provider = GOOGLE_OIDC.named("eventarc").identity(&[At::Header("ce-source"), At::Header("ce-id")]);
/// const SCHEDULER: Provider = GOOGLE_OIDC
///     .named("scheduler")
///     .identity(&[At::Header("x-cloudscheduler-jobname"), At::Header("x-cloudscheduler-scheduletime")]);
/// const TASKS: Provider = GOOGLE_OIDC
///     .named("tasks")
///     .label(At::Header("x-cloudtasks-taskname"))
///     .identity(&[At::Header("x-cloudtasks-queuename"), At::Header("x-cloudtasks-taskname")])
///     .attempt(Attempt::Retry(At::Header("x-cloudtasks-taskretrycount")));
/// ```
///
/// Whatever Google Cloud calls with an OIDC token: it is made and judged as for
/// [Pub/Sub](super::GOOGLE_PUBSUB), and what the body is depends on the service. Name it for each of yours, and say what
/// its events look like:
///
/// - Eventarc and Cloud Run functions send CloudEvents, most of them in headers: `ce-id` and `ce-source` are the same on
///   each try.
/// - A topic's messages come by Eventarc in the envelope that Pub/Sub pushes; [`PubSub`](crate::PubSub) reads it.
/// - Cloud Tasks names the queue and the task in `x-cloudtasks-queuename` and `x-cloudtasks-taskname`, and counts in
///   `x-cloudtasks-taskretrycount` how often it was tried before, [from 0
///   on](https://firebase.google.com/docs/reference/functions/firebase-functions.tasks.taskcontext).
/// - Cloud Scheduler names the job and the time it was due in `x-cloudscheduler-jobname` and
///   `x-cloudscheduler-scheduletime`.
///
/// Of these headers nothing is signed.
pub const GOOGLE_OIDC: Provider =
    Provider::new("google_oidc", Scheme::Jwt(Jwt::new(JwtAlgorithm::Rs256).keys(KEYS).claims(CLAIMS)))
        .docs("https://cloud.google.com/run/docs/authenticating/service-to-service")
        .expects(EXPECTS)
        .label(At::Header("ce-id"))
        .kind(At::Header("ce-type"))
        .time(At::Header("ce-time"), TimeUnit::Rfc3339);
