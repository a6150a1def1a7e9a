"""A receiver of webhooks on loopback that checks signatures by the scheme of Standard Webhooks, as docs/delivery.md
has it.

    webhook.py TOLERANCE SECRET...

TOLERANCE is how far the clock may be off, in seconds; 0 for any. Prints a line of JSON with its port, then one for
each request. What it answers is told by the path.
"""

import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

tolerance, secrets = int(sys.argv[1]), [base64.b64decode(text.removeprefix("whsec_")) for text in sys.argv[2:]]
seen, lock = {}, threading.Lock()


def verified(headers, body):
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    if tolerance and abs(time.time() - int(headers["webhook-timestamp"])) > tolerance:
        return False
    given = [text.removeprefix("v1,") for text in headers["webhook-signature"].split(" ") if text.startswith("v1,")]
    expected = [base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets]
    return any(hmac.compare_digest(one, other) for one in given for other in expected)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        message = self.headers["webhook-id"]
        with lock:
            seen[message] = seen.get(message, 0) + 1
            times = seen[message]
            line = {"path": self.path, "id": message, "key": self.headers["idempotency-key"], "times": times,
                    "verified": verified(self.headers, body), "body": json.loads(body)}
            print(json.dumps(line), flush=True)
        if self.path == "/hang-once" and times == 1:
            time.sleep(600)
        status = {"/gone": 410, "/broken": 500, "/moved": 307}.get(self.path, 204)
        if self.path == "/busy-once" and times == 1:
            status = 503
        self.send_response(status)
        if status == 503:
            self.send_header("retry-after", "120")
        if status == 307:
            self.send_header("location", "/in")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()
