"""The one call of AWS End User Messaging that is used, on loopback. botocore, by the maker of the service, says whether
a request is signed as it should be and has the shape that the service's model demands.

    sms_service.py REGION ACCESS_KEY SECRET_KEY

Prints a line of JSON with its port, then one for each request.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

region, access, secret = sys.argv[1:]
model = botocore.session.get_session().get_service_model("pinpoint-sms-voice-v2")
operation = model.operation_model("SendTextMessage")


def is_signed(handler, body):
    given = dict(part.split("=", 1) for part in handler.headers["authorization"].split(" ", 1)[1].split(", "))
    names = given["SignedHeaders"].split(";")
    if "host" not in names or "x-amz-date" not in names:
        return False
    headers = {name: handler.headers[name] for name in names}
    request = AWSRequest(method="POST", url=f"http://{handler.headers['host']}{handler.path}", data=body, headers=headers)
    request.context["timestamp"] = handler.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(access, secret), model.signing_name, region)
    scope = f"{access}/{handler.headers['x-amz-date'][:8]}/{region}/{model.signing_name}/aws4_request"
    expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return given["Signature"] == expected and given["Credential"] == scope


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        asked = json.loads(body)
        report = ParamValidator().validate(asked, operation.input_shape)
        print(json.dumps({
            "signed": is_signed(self, body),
            "target": self.headers["x-amz-target"] == f"{model.metadata['targetPrefix']}.{operation.name}",
            "type": self.headers["content-type"] == f"application/x-amz-json-{model.metadata['jsonVersion']}",
            "faults": report.generate_report() if report.has_errors() else "",
            "asked": asked,
        }), flush=True)
        number = asked["DestinationPhoneNumber"]
        if number.endswith("404"):
            self.answer(400, {"__type": "com.amazonaws.pinpointsmsvoicev2#ValidationException", "Message": "no such number"})
        elif number.endswith("429"):
            self.answer(400, {"__type": "ThrottlingException", "Message": "slower"})
        else:
            self.answer(200, {"MessageId": "sms-4711"})

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
server.daemon_threads = True
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()
