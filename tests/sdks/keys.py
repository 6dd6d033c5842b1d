"""The judges of what is signed with private keys, or says so in a token; and of HTTP Message Signatures, which have no
vendor: there it is others who have read the same RFC."""

import base64
import json
import re
import tempfile
from types import SimpleNamespace
from unittest import mock


def discord(r):
    from discord_interactions import verify_key

    signature, timestamp = r.headers["x-signature-ed25519"], r.headers["x-signature-timestamp"]
    return verify_key(r.body.encode(), signature, timestamp, r.public_key)


def sendgrid(r):
    from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

    names = (EventWebhookHeader.SIGNATURE, EventWebhookHeader.TIMESTAMP)
    signature, timestamp = (r.headers[name.lower()] for name in names)
    return EventWebhook(r.public_key).verify_signature(r.body, signature, timestamp)


def google(r):
    claims = google_claims(r, r.headers["authorization"].removeprefix("Bearer "))
    issuers = ["https://accounts.google.com", "accounts.google.com"]
    known = claims["email_verified"] is True and claims["email"] == r.expect["service_account_email"]
    return claims["iss"] in issuers and known


def firebase(r):
    return google_claims(r, json.loads(r.body)["data"]["jwt"])["iss"] == r.expect["issuer"]


def google_claims(r, token):
    from google.oauth2 import id_token

    def fetch(url, method):
        return SimpleNamespace(status=200, data=r.keys[url].encode())

    return id_token.verify_token(token, fetch, r.expect["audience"], certs_url=next(iter(r.keys)))


def atlassian_connect(r):
    from atlassian_jwt import Authenticator

    class App(Authenticator):
        def get_shared_secret(self, client_key):
            return {r.expect["client_key"]: r.secret}[client_key]

    App().authenticate(r.method, r.url.removeprefix("https://example.com"), r.headers)
    return True


def paypal(r):
    from OpenSSL import crypto
    from paypalrestsdk import WebhookEvent

    headers = {name.removeprefix("paypal-"): value for name, value in r.headers.items()}
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as root, mock.patch.multiple(
        WebhookEvent, _WebhookEvent__cert_chain_path=[root.name]
    ), mock.patch("requests.get", lambda url: SimpleNamespace(text=r.keys[url])), mock.patch.object(
        crypto, "verify", rsa_verify, create=True
    ):
        root.write(r.root)
        root.flush()
        return WebhookEvent.verify(
            headers["transmission-id"],
            headers["transmission-time"],
            r.expect["webhook_id"],
            r.body,
            headers["cert-url"],
            headers["transmission-sig"],
            headers["auth-algo"],
        )


def rsa_verify(certificate, signature, data, digest):
    """What PayPal's library calls, and pyOpenSSL no longer has."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    assert digest == "sha256WithRSAEncryption", digest
    certificate.to_cryptography().public_key().verify(signature, data, PKCS1v15(), SHA256())


def rfc9421(r):
    from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms

    class Keys(HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id):
            return {"test": (r.public_key or r.secret).encode()}[key_id]

    algorithm = getattr(algorithms, r.case.removeprefix("rfc9421_").upper())
    verifier = HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=Keys())
    covered = ('"@method"', '"@target-uri"', '"content-digest"')
    results = verifier.verify(r, require_components=covered, body=r.body.encode())
    return len(results) == 1


def replaced(text, pattern, to):
    made, count = re.subn(pattern, to, text, count=1)
    assert count == 1 and made != text, f"nothing was changed: there is no {pattern}"
    return made


def other(text, at=r"[A-Za-z0-9](?=[^A-Za-z0-9]*$)"):
    return replaced(text, at, lambda found: "2" if found[0] == "1" else "1")


def body(pattern, to):
    return lambda r: {"body": replaced(r.body, pattern, to)}


def header(name, *at):
    return lambda r: {"headers": {**r.headers, name: other(r.headers[name], *at)}}


def url(pattern, to):
    return lambda r: {"url": replaced(r.url, pattern, to)}


def method(r):
    return {"method": "PUT"}


def expect(name):
    """Meant for somebody else than who judges."""
    return lambda r: {"expect": {**r.expect, name: other(r.expect[name])}}


def claim(name):
    """A token that says something else and has its signature still, wherever it stands."""

    def changed(found):
        head, claims, signature = found[0].split(".")
        claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
        claims[name] = claims[name] - 1 if isinstance(claims[name], int) else other(claims[name])
        claims = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return f"{head}.{claims}.{signature}"

    def change(r):
        parts = replaced(json.dumps([r.headers, r.body]), r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+", changed)
        return dict(zip(("headers", "body"), json.loads(parts)))

    return change


SENDGRID_TIME = header("x-twilio-email-event-webhook-timestamp")
TARGET = [url(r"\?", "?x=1&"), url("/hooks", "/hook"), method]
GOOGLE = [claim("iat"), claim("email"), expect("audience")]
FIREBASE = [claim("iat"), claim("event_type"), expect("audience"), expect("issuer")]
PAYPAL_TIME = header("paypal-transmission-time", r"\d(?=\.|Z)")
PAYPAL = [body("Grüße", "Grüsse"), header("paypal-transmission-id"), PAYPAL_TIME, expect("webhook_id")]
RFC9421 = [body("1", "2"), header("content-digest"), header("signature-input", r"\d(?=;keyid)"), *TARGET]

# case, package, judge, and the changes that it has to see; a judge gives false or raises for what it refuses.
JUDGES = [
    ("discord", "discord-interactions", discord, [body("Grüße", "Grüsse"), header("x-signature-timestamp")]),
    ("discord_events", "discord-interactions", discord, [body("CREATE", "DELETE"), header("x-signature-timestamp")]),
    ("sendgrid", "sendgrid", sendgrid, [body("grüße", "grüsse"), body("\r\n", ""), SENDGRID_TIME]),
    ("sendgrid_inbound", "sendgrid", sendgrid, [body("Grüße", "Grüsse"), body("--\r\n", "--"), SENDGRID_TIME]),
    ("google_pubsub", "google-auth", google, GOOGLE),
    ("google_oidc", "google-auth", google, GOOGLE),
    ("firebase_auth", "google-auth", firebase, FIREBASE),
    ("atlassian_connect", "atlassian-jwt", atlassian_connect, [claim("iat"), expect("client_key"), *TARGET]),
    ("paypal", "paypalrestsdk", paypal, PAYPAL),
    *(
        (f"rfc9421_{algorithm}", "http-message-signatures", rfc9421, RFC9421)
        for algorithm in ("hmac_sha256", "ed25519", "ecdsa_p256_sha256", "rsa_pss_sha512", "rsa_v1_5_sha256")
    ),
]
