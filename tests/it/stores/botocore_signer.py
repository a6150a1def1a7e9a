"""A second implementation of AWS Signature Version 4 for presigned requests: botocore's.

Reads one JSON document from standard input and writes one to standard output.

{"do": "recompute", "url", "method", "headers": {..}, "access_key", "secret_key", "region"}
    -> {"signature"}: what botocore signs for the same request at the same time.
{"do": "presign", "endpoint", "access_key", "secret_key", "region", "method", "params": {..}, "seconds"}
    -> {"url"}
"""

import json
import sys
from urllib.parse import parse_qsl, urlsplit

import botocore.session
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials


def recompute(ask):
    parts = urlsplit(ask["url"])
    kept = [pair for pair in parts.query.split("&") if not pair.startswith("X-Amz-Signature=")]
    told = dict(parse_qsl(parts.query, keep_blank_values=True))
    auth = S3SigV4QueryAuth(Credentials(ask["access_key"], ask["secret_key"]), "s3", ask["region"], int(told["X-Amz-Expires"]))
    unsigned = parts._replace(query="&".join(kept)).geturl()
    signed = told["X-Amz-SignedHeaders"].split(";")
    headers = {name: value for name, value in ask["headers"].items() if name.lower() in signed}
    request = AWSRequest(method=ask["method"], url=unsigned, headers=headers)
    request.context["timestamp"] = told["X-Amz-Date"]
    canonical = auth.canonical_request(request)
    names = auth.signed_headers(auth.headers_to_sign(request))
    if names != told["X-Amz-SignedHeaders"]:
        return {"signature": "", "signed_headers": names}
    return {"signature": auth.signature(auth.string_to_sign(request, canonical), request)}


def presign(ask):
    client = botocore.session.get_session().create_client(
        "s3",
        endpoint_url=ask["endpoint"],
        region_name=ask["region"],
        aws_access_key_id=ask["access_key"],
        aws_secret_access_key=ask["secret_key"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    return {"url": client.generate_presigned_url(ask["method"], Params=ask["params"], ExpiresIn=ask["seconds"])}


ask = json.load(sys.stdin)
json.dump({"recompute": recompute, "presign": presign}[ask["do"]](ask), sys.stdout)
