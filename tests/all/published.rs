//! What providers publish as examples of their signatures holds, to the letter, and with a letter changed it does not.

use bytes::Bytes;
use http::Request;
use inhook::{
    Provider, Verifier,
    provider::{GITHUB, JIRA, RECURLY, SLACK, STANDARD_WEBHOOKS, STRIPE, SVIX},
};
use time::OffsetDateTime;

struct Example {
    provider: &'static Provider,
    secret: &'static str,
    body: &'static str,
    headers: &'static [(&'static str, &'static str)],
    /// When it was signed, for those who sign a time.
    at: i64,
}

const DOCUMENTED: &str = "It's a Secret to Everybody";

const EXAMPLES: &[Example] = &[
    // The test of its library for .NET.
    Example {
        provider: &STRIPE,
        secret: "webhook_secret",
        body: "{\n  \"id\": \"evt_123\",\n  \"object\": \"event\",\n  \"account\": \"acct_123\",\n  \"api_version\": \"2017-05-25\",\n  \"created\": 1533204620,\n  \"data\": {\n    \"object\": {\n      \"id\": \"cus_123\",\n      \"object\": \"customer\",\n      \"created\": 123456789,\n      \"email\": \"test@stripe.com\",\n      \"livemode\": false,\n      \"metadata\": {}\n    }\n  },\n  \"livemode\": false,\n  \"pending_webhooks\": 1,\n  \"request\": {\n    \"id\": \"req_123\",\n    \"idempotency_key\": \"idempotency-key-123\"\n  },\n  \"type\": \"customer.created\"\n}\n",
        headers: &[(
            "stripe-signature",
            "t=1533204620,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef",
        )],
        at: 1_533_204_620,
    },
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    Example {
        provider: &GITHUB,
        secret: DOCUMENTED,
        body: "Hello, World!",
        headers: &[
            ("x-hub-signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
            ("x-github-event", "ping"),
            ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ],
        at: 0,
    },
    // https://developer.atlassian.com/cloud/jira/platform/webhooks/
    Example {
        provider: &JIRA,
        secret: DOCUMENTED,
        body: "Hello World!",
        headers: &[("x-hub-signature", "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9")],
        at: 0,
    },
    // https://docs.slack.dev/authentication/verifying-requests-from-slack
    Example {
        provider: &SLACK,
        secret: "8f742231b10e8888abcd99yyyzzz85a5",
        body: "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        headers: &[
            ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
            ("x-slack-request-timestamp", "1531420618"),
        ],
        at: 1_531_420_618,
    },
    // The test of its library for Ruby.
    Example {
        provider: &RECURLY,
        secret: "354fab5bd35f5a0d50845ee7e30165244468b13c2c343f104e4e730a59326d9d",
        body: r#"{"id":"rjxwmwedwqug","object_type":"account","site_id":"qc326l1hl8k9","event_type":"created","event_time":"2022-09-13T21:18:40Z","account_code":"adfas23zzz14123"}"#,
        headers: &[(
            "recurly-signature",
            "1663103925004,ad24699f3beaa24c9af2cc7ada3ce4c835da0090194241b9d3add83d27f14bc3",
        )],
        at: 1_663_103_925,
    },
    // The libraries of Standard Webhooks and of Svix share these two.
    Example { provider: &STANDARD_WEBHOOKS, headers: &WEBHOOK_ONE, ..ONE },
    Example { provider: &STANDARD_WEBHOOKS, headers: &WEBHOOK_TWO, ..TWO },
    Example { provider: &SVIX, headers: &SVIX_ONE, ..ONE },
    Example { provider: &SVIX, headers: &SVIX_TWO, ..TWO },
];

const ONE: Example = Example {
    provider: &STANDARD_WEBHOOKS,
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    body: r#"{"test": 2432232314}"#,
    headers: &[],
    at: 1_614_265_330,
};

const TWO: Example = Example {
    provider: &STANDARD_WEBHOOKS,
    secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    body: r#"{"email":"test@example.com","username":"test_user"}"#,
    headers: &[],
    at: 1_649_367_553,
};

type Headers = [(&'static str, &'static str); 3];

const WEBHOOK_ONE: Headers = [
    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ("webhook-timestamp", "1614265330"),
    ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
];
const WEBHOOK_TWO: Headers = [
    ("webhook-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"),
    ("webhook-timestamp", "1649367553"),
    ("webhook-signature", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
];
const SVIX_ONE: Headers = [
    ("svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ("svix-timestamp", "1614265330"),
    ("svix-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
];
const SVIX_TWO: Headers = [
    ("svix-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"),
    ("svix-timestamp", "1649367553"),
    ("svix-signature", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
];

fn holds(example: &Example, body: Vec<u8>) -> bool {
    let mut request = Request::post("https://example.com/hooks").body(Bytes::from(body)).unwrap();
    for (name, value) in example.headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let verifier = Verifier::new(example.provider, example.secret).unwrap();
    let at = OffsetDateTime::from_unix_timestamp(example.at).unwrap();
    verifier.authenticate_at(&request, at).is_ok()
}

#[test]
fn published_examples_hold_and_no_change_of_them_does() {
    for example in EXAMPLES {
        let body = example.body.as_bytes();
        assert!(holds(example, body.to_vec()), "{:?}: {}", example.provider, example.body);
        let (mut changed, longer) = (body.to_vec(), [body, b"\n"].concat());
        *changed.last_mut().unwrap() ^= 1;
        assert!(!holds(example, changed) && !holds(example, longer), "{:?}: changed", example.provider);
    }
}
