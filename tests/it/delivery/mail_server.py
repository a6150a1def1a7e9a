"""A mail server on loopback: one listener without TLS, one with STARTTLS, one with TLS from the first byte.

    mail_server.py CERTIFICATE KEY

Prints a line of JSON with its ports, then one for each mail that it took. What it does with a mail is told by
the recipient's local part.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

LOGIN, PASSWORD = b"satchel", b"hush"


def tell(line):
    print(json.dumps(line), flush=True)


class Handler:
    def __init__(self, listener):
        self.listener = listener
        self.seen = {}

    def times(self, what):
        self.seen[what] = self.seen.get(what, 0) + 1
        return self.seen[what]

    async def handle_RCPT(self, server, session, envelope, address, options):
        kind = address.split("@")[0]
        if kind == "gone":
            return "550 5.1.1 there is nobody of that name"
        if kind == "grey" and self.times(address) == 1:
            return "451 4.7.1 come back in a while"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        kind = envelope.rcpt_tos[0].split("@")[0]
        if kind == "busy":
            return "452 4.3.1 no room now"
        if kind == "spam":
            return "554 5.7.1 not such a mail"
        if kind == "slow":
            await asyncio.sleep(600)
        login = session.auth_data.login.decode() if session.auth_data else None
        tell({"to": envelope.rcpt_tos, "from": envelope.mail_from, "mail": envelope.content.decode("ascii"),
              "listener": self.listener, "login": login, "peer": session.peer[1]})
        if kind == "cut" and self.times("cut") == 1:
            # Taken, and nobody is told so.
            server.transport.abort()
            await asyncio.sleep(600)
        return "250 2.0.0 queued as 4711"


def authenticator(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (LOGIN, PASSWORD)
    return AuthResult(success=right, handled=False, auth_data=data, message=None if right else "535 5.7.8 not you")


async def main(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()

    async def listen(name, tls, **options):
        handler = Handler(name)
        server = await loop.create_server(lambda: SMTP(handler, hostname="localhost", **options), "127.0.0.1", 0, ssl=tls)
        return server.sockets[0].getsockname()[1]

    login = {"authenticator": authenticator, "auth_required": True}
    tell({
        "plain": await listen("plain", None),
        "starttls": await listen("starttls", None, tls_context=context, require_starttls=True, **login),
        "implicit": await listen("implicit", context, auth_require_tls=False, **login),
    })
    await asyncio.sleep(3600)


asyncio.run(main(*sys.argv[1:]))
