"""What this crate signs, judged by the vendors' own SDKs for Python. Each must take the request as it is, and refuse it
once its body was changed."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from types import SimpleNamespace
from urllib.parse import parse_qsl, unquote


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


JUDGES = {
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
    return SimpleNamespace(**{**vars(request), "body": body})


def taken(judge, request):
    try:
        said = judge(request)
        return said is not False, str(said)
    except Exception as error:  # each SDK has exceptions of its own
        return False, f"{type(error).__name__}: {error}"


def sign(wanted):
    made = subprocess.run([os.environ["SIGN"]], input=wanted, capture_output=True, text=True, check=True).stdout
    request = SimpleNamespace(**json.loads(made))
    request.headers = dict(request.headers)
    return request


def main():
    passed = failed = 0
    for wanted in sys.stdin:
        case = json.loads(wanted)["case"]
        if case not in JUDGES:
            continue
        package, judge = JUDGES[case]
        # An SDK is loaded first: some take nothing that is older than five seconds.
        taken(judge, sign(wanted))
        request = sign(wanted)
        genuine, why = taken(judge, request)
        forged, _ = taken(judge, changed(request))
        verdict = f"REFUSED: {why}" if not genuine else "TAKES WHAT WAS CHANGED" if forged else "accepted"
        passed, failed = (passed + 1, failed) if verdict == "accepted" else (passed, failed + 1)
        print(f"{request.case:20} pip {package + ' ' + version(package):40} {verdict}")
    print(f"python: {passed} passed, {failed} failed")
    sys.exit(0 if passed and not failed else 1)


main()
