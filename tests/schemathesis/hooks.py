"""What schemathesis must know of Satchel that a schema cannot say: credentials, ids that are there, instants to come.

The tests give it a running server and, in the environment, a credential of each kind and ids of a customer.
"""

import os
import re

import schemathesis
from hypothesis import strategies as st

CREDENTIALS = {kind: os.environ[f"SATCHEL_TEST_{kind.upper()}"] for kind in ("operator", "key", "call")}
# A schema says how an id is written. Half of them are made to be ids of something.
KNOWN = {"file": os.environ["SATCHEL_TEST_FILE"], "user": os.environ["SATCHEL_TEST_USER"]}
# Ids of the credentials themselves, which must not be ended on the way.
KEPT = os.environ["SATCHEL_TEST_KEPT"].split(",")
ID = re.compile(r"(file|user)_[0-7][0-9a-hjkmnp-tv-z]{25}")

LETTERS = st.characters(codec="utf-8", categories=("L", "N"))
WORDS = st.text(LETTERS, min_size=1, max_size=60)
# Texts by the names of their formats, of which a pattern could say less.
for name, texts in {
    # Which ids a set has already no schema can say: so long, no two are the same.
    "cedar": st.from_regex(r'@id\("[a-z]{24}"\) forbid \(principal is Link, action == Action::"download", resource\);', fullmatch=True),
    "cursor": st.just(KNOWN["file"]),
    "folder": st.lists(WORDS, max_size=3).map("/".join),
    "mail-address": st.from_regex(r"[a-z]{1,20}@[a-z]{1,20}\.example", fullmatch=True),
    "media-type": st.sampled_from(["application/pdf", "text/plain; charset=utf-8", "IMAGE/PNG"]),
    "phone": st.from_regex(r"\+1555[0-9]{7}", fullmatch=True),
    "time-zone": st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"]),
    "words": WORDS,
}.items():
    schemathesis.openapi.format(name, texts)


@schemathesis.auth(refresh_interval=None)
class Credential:
    """The credential that an operation takes. Where it takes several, each has its turn."""

    turn = 0

    def get(self, case, context):
        schemes = [kind for option in context.operation.definition.raw.get("security", []) for kind in option]
        # The operator says whose records; everybody else reads their own.
        if "operator" in schemes and len(schemes) > 1:
            schemes = ["operator"] if "customer" in (case.query or {}) else [kind for kind in schemes if kind != "operator"]
        if not schemes:
            return None
        self.turn += 1
        return CREDENTIALS[schemes[self.turn % len(schemes)]]

    def set(self, case, credential, context):
        if credential:
            case.headers["Authorization"] = f"Bearer {credential}"


def known(value):
    """The same value, with every other id that of something that is there, and whole numbers written as such."""
    if isinstance(value, dict):
        return {name: known(part) for name, part in value.items()}
    if isinstance(value, list):
        return [known(part) for part in value]
    # A schema takes 7.0 for a whole number; a reader of JSON that tells the two apart does not.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    found = isinstance(value, str) and ID.fullmatch(value)
    return KNOWN[found[1]] if found and sum(value.encode()) % 2 else value


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return known(path_parameters)


@schemathesis.hook
def map_query(context, query):
    return known(query)


@schemathesis.hook
def map_body(context, body):
    return known(body)


def mended(body, path):
    """A body that a schema allows, without what no schema can forbid.

    An instant lies ahead; which regions there are is a setting; only teams have members and only users roles; nobody
    owns a file for a time; no two policies have one id; a caller, what was heard and what is compared are told in one way.
    """
    body = dict(body)
    if isinstance(body.get("expires_at"), str):
        body["expires_at"] = re.sub(r"^\d{4}-", "2999-", body["expires_at"])
    if isinstance(body.get("region"), str):
        del body["region"]
    if body.get("kind") in ("user", "contact"):
        body.pop("members", None)
    if body.get("level") == "owner":
        body.pop("lifetime_seconds", None)
    if isinstance(body.get("policies"), list):
        ids = [f"p{number}" for number in range(len(body["policies"]))]
        body["policies"] = [{**text, "text": re.sub(r'"[a-z]{24}"', f'"{own}"', text["text"])} for own, text in zip(ids, body["policies"])]
    for one, other in (("caller_id", "caller_number"), ("digits", "text"), ("policies", "number")):
        if body.get(one) is not None:
            body.pop(other, None)
    if path.endswith("/heard") and body.get("digits") is None and body.get("text") is None:
        body["digits"] = "1"
    if path.endswith("/policies/diff") and body.get("policies") is None and body.get("number") is None:
        body["number"] = 0
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict) and case.meta and case.meta.generation.mode.is_positive:
        case.body = mended(case.body, context.operation.path)
    # Somebody's shares are to end, or those of a file.
    if case.method == "DELETE" and context.operation.path == "/v1/shares" and not {"file", "recipient"} & set(case.query or {}):
        case.query = {**(case.query or {}), "file": KNOWN["file"]}
    for name, value in (case.path_parameters or {}).items():
        if case.method != "GET" and value in KEPT:
            case.path_parameters[name] = f"{value[:-1]}{'1' if value.endswith('0') else '0'}"
