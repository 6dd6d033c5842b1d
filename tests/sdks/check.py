"""What this crate signs, judged by the vendors' own SDKs for Python. Each must take the request as it is, and refuse it
once its body, or whatever else it signs, was changed, and if somebody else has signed it."""

import contextlib
import io
import itertools
import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from types import SimpleNamespace
from urllib.parse import parse_qsl, unquote

import keys


def stripe(r):
    import stripe

    return stripe.Webhook.construct_event(r.body, r.headers["stripe-signature"], r.secret)


def standard_webhooks(r):
    from standardwebhooks.webhooks import Webhook

    return Webhook(r.secret).verify(r.body, r.headers)


def svix(r):
    from svix.webhooks import Webhook

    return Webhook(r.secret).verify(r.body, r.headers)


def slack(r):
    from slack_sdk.signature import SignatureVerifier

    return SignatureVerifier(r.secret).is_valid_request(r.body, r.headers)


def twilio(r):
    from twilio.request_validator import RequestValidator

    parameters = dict(parse_qsl(r.body)) if r.case == "twilio" else r.body
    return RequestValidator(r.secret).validate(r.url, parameters, r.headers["x-twilio-signature"])


def razorpay(r):
    import razorpay

    client = razorpay.Client(auth=("key", "secret"))
    client.utility.verify_webhook_signature(r.body, r.headers["x-razorpay-signature"], r.secret)
    return True


def line(r):
    from linebot.v3.webhook import SignatureValidator

    return SignatureValidator(r.secret).validate(r.body, r.headers["x-line-signature"])


def workos(r):
    from workos.webhooks._verification import verify_header

    verify_header(event_body=r.body.encode(), event_signature=r.headers["workos-signature"], secret=r.secret)
    return True


def openai(r):
    from openai import OpenAI

    OpenAI(api_key="sk-x").webhooks.verify_signature(r.body, r.headers, secret=r.secret)
    return True


def square(r):
    from square.utils.webhooks_helper import verify_signature

    return verify_signature(
        request_body=r.body,
        signature_header=r.headers["x-square-hmacsha256-signature"],
        signature_key=r.secret,
        notification_url=r.url,
    )


def paddle(r):
    from paddle_billing.Notifications import Secret, Verifier

    headers = {"Paddle-Signature": r.headers["paddle-signature"]}
    return Verifier(60).verify(SimpleNamespace(headers=headers, body=r.body.encode()), Secret(r.secret))


def braintree(r):
    import braintree

    configuration = braintree.Configuration(braintree.Environment.Sandbox, "m", r.public_key, r.secret)
    fields = {unquote(name): unquote(value) for name, value in (pair.split("=", 1) for pair in r.body.split("&"))}
    return braintree.BraintreeGateway(configuration).webhook_notification.parse(
        fields["bt_signature"], fields["bt_payload"]
    )


def hubspot(r):
    from hubspot.utils.signature import Signature

    new = r.case == "hubspot"
    return Signature.is_valid(
        signature=r.headers["x-hubspot-signature-v3" if new else "x-hubspot-signature"],
        client_secret=r.secret,
        request_body=r.body,
        http_uri=r.url,
        http_method=r.method,
        signature_version={"hubspot": "v3", "hubspot_v2": "v2", "hubspot_v1": "v1"}[r.case],
        timestamp=r.headers.get("x-hubspot-request-timestamp"),
    )


SECRETS = {
    "stripe": ("stripe", stripe),
    "standard_webhooks": ("standardwebhooks", standard_webhooks),
    "svix": ("svix", svix),
    "slack": ("slack-sdk", slack),
    "slack_form": ("slack-sdk", slack),
    "twilio": ("twilio", twilio),
    "twilio_json": ("twilio", twilio),
    "razorpay": ("razorpay", razorpay),
    "line": ("line-bot-sdk", line),
    "workos": ("workos", workos),
    "openai": ("openai", openai),
    "square": ("squareup", square),
    "paddle": ("paddle-python-sdk", paddle),
    "braintree": ("braintree", braintree),
    "hubspot": ("hubspot-api-client", hubspot),
    "hubspot_v2": ("hubspot-api-client", hubspot),
    "hubspot_v1": ("hubspot-api-client", hubspot),
}


def changed(request):
    """One character that every scheme here covers."""
    if request.case == "braintree":
        body = request.body.replace("bt_payload=P", "bt_payload=Q")
    else:
        other = {"a": "b"}
        body = re.sub(r'[a-z0-9](?=["&]|$)', lambda c: other.get(c[0], "a"), request.body, count=1)
    assert body != request.body, f"{request.case}: nothing was changed"
    return {"body": body}


def foreign(wanted, request):
    """The same by another secret, for a judge who knows the right one, or the public key that goes with it."""
    has_keys = "public_key" not in wanted and (request.public_key is not None or request.keys != {})
    for n in itertools.count():
        change = re.sub(r"\d|[a-z]$", lambda c: "2" if c[0] == "1" else "1", request.secret, count=1)
        made = sign({**wanted, "secret": f"{request.secret} {n}" if has_keys else change})
        assert made.secret != request.secret, f"{request.case}: the secret was not changed"
        # Of RSA keys there are two, and another text may well be the same one.
        if not has_keys or (made.public_key, made.keys) != (request.public_key, request.keys):
            return {"headers": made.headers, "body": made.body}


def taken(judge, request, **changes):
    # SDKs tell of what they refuse; it is told here once.
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            said = judge(SimpleNamespace(**{**vars(request), **changes}))
            return said is not False, str(said)
        except Exception as error:  # each SDK has exceptions of its own
            return False, f"{type(error).__name__}: {error}"


def sign(wanted):
    made = subprocess.run([os.environ["SIGN"]], input=json.dumps(wanted), capture_output=True, text=True, check=True)
    request = SimpleNamespace(**json.loads(made.stdout))
    request.headers = dict(request.headers)
    return request


def verdict(judge, wanted, changes):
    # An SDK is loaded first: some take nothing that is older than five seconds.
    taken(judge, sign(wanted))
    request = sign(wanted)
    genuine, why = taken(judge, request)
    if not genuine:
        return f"REFUSED: {why}"
    for n, change in enumerate(changes):
        if taken(judge, request, **change(request))[0]:
            return f"TAKES WHAT WAS CHANGED ({n})"
    return "TAKES ANOTHER'S SIGNATURE" if taken(judge, request, **foreign(wanted, request))[0] else "accepted"


def main():
    requests = {wanted["case"]: wanted for wanted in map(json.loads, sys.stdin)}
    secrets = [(case, package, judge, [changed]) for case, (package, judge) in SECRETS.items()]
    passed = failed = 0
    for case, package, judge, changes in [*secrets, *keys.JUDGES]:
        found = verdict(judge, requests[case], changes) if case in requests else "THERE IS NO SUCH REQUEST"
        passed, failed = (passed + 1, failed) if found == "accepted" else (passed, failed + 1)
        print(f"{case:26} pip {package + ' ' + version(package):40} {found}")
    print(f"python: {passed} passed, {failed} failed")
    sys.exit(0 if passed and not failed else 1)


main()
