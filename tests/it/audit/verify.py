#!/usr/bin/env python3
"""Checks an exported audit trail by docs/audit.md alone: no code of Satchel, nothing but the standard library.

    verify.py RECORDS CHECKPOINTS KEY      prints the verdict as JSON; ends with 0 when the trail is whole
    verify.py --each KEY                   reads cases from standard input, one JSON object {"records", "checkpoints"}
                                           of base64 texts a line, and prints a verdict for each

RECORDS has a record a line, CHECKPOINTS a JSON object {"size", "note"} a line.
"""

import base64
import binascii
import hashlib
import json
import sys

# Ed25519: the curve -x^2 + y^2 = 1 + d x^2 y^2 over the field of P, and its base point of order L (RFC 8032, section 5.1).
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def point(encoded):
    """A point from its 32 bytes; None for what is none."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


# A point is (X, Y, Z, T) with x = X/Z, y = Y/Z and T = XY/Z: adding needs no division then.
def add(a, b):
    (ax, ay, az, at), (bx, by, bz, bt) = a, b
    below, above = (ay - ax) * (by - bx) % P, (ay + ax) * (by + bx) % P
    twist, scale = 2 * D * at * bt % P, 2 * az * bz % P
    e, f, g, h = above - below, scale - twist, scale + twist, above + below
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, a):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, a)
        a, number = add(a, a), number >> 1
    return result


def is_same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public, text, signature):
    if len(signature) != 64:
        return False
    key, commitment = point(public), point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % L
    return is_same(times(scalar, BASE), add(commitment, times(challenge, key)))


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


class Tree:
    """The Merkle tree of RFC 6962 as the roots of its whole subtrees, largest first: (leaves, root)."""

    def __init__(self):
        self.subtrees = []

    def push(self, leaf):
        node = (1, sha256(b"\0", leaf))
        while self.subtrees and self.subtrees[-1][0] == node[0]:
            leaves, left = self.subtrees.pop()
            node = (2 * leaves, sha256(b"\1", left, node[1]))
        self.subtrees.append(node)

    def root(self):
        if not self.subtrees:
            return sha256()
        root = self.subtrees[-1][1]
        for _, left in reversed(self.subtrees[:-1]):
            root = sha256(b"\1", left, root)
        return root


def decoded(text):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


class Key:
    def __init__(self, text):
        self.name, identity, key = text.strip().split("+", 2)
        marked = decoded(key)
        self.public = marked[1:]
        self.id = sha256(self.name.encode(), b"\n", marked)[:4]
        self.opened = {}
        if marked[:1] != b"\1" or len(self.public) != 32 or self.id.hex() != identity:
            raise SystemExit("the key is not one of Ed25519")

    def open(self, note):
        """(chain, size, root, head) of a note that this key signed; None for any other."""
        if note not in self.opened:
            self.opened[note] = self.read(note)
        return self.opened[note]

    def read(self, note):
        text, gap, signatures = note.partition("\n\n")
        text += "\n"
        prefix = f"\u2014 {self.name} "
        lines = signatures.split("\n") if gap else []
        signed = [decoded(line[len(prefix):]) for line in lines if line.startswith(prefix)]
        if not any(each[:4] == self.id and is_signed(self.public, text.encode(), each[4:]) for each in signed):
            return None
        body = text.split("\n")
        origin = self.name + "/"
        if len(body) != 6 or not body[0].startswith(origin) or not body[3].startswith("head "):
            return None
        return body[0][len(origin):], int(body[1]), decoded(body[2]), body[3][5:]


def fault(kind, **places):
    return {"fault": kind, **places}


def check(records, checkpoints, key):
    """The first fault of a trail, or None, and how many records are good."""
    kept, chain = {}, None
    for line in checkpoints.splitlines():
        try:
            told = json.loads(line)
            size, opened = told["size"], key.open(told["note"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return fault("forged", size=None), 0
        if opened is None or opened[1] != size or chain not in (None, opened[0]):
            return fault("forged", size=size), 0
        chain = opened[0]
        kept.setdefault(size, []).append(opened)
    head, tree, seq = "0" * 64, Tree(), 0
    lines = records.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for line in lines:
        try:
            record = json.loads(line.decode())
            place, previous, whose = record["seq"], record["previous"], record["chain"]
        except (ValueError, KeyError, TypeError):
            return fault("altered", seq=seq + 1), seq
        if place != seq + 1:
            return fault("gap", seq=seq + 1), seq
        if previous != head or (chain is not None and whose != chain):
            return fault("altered", seq=seq + 1), seq
        chain, seq = whose, seq + 1
        head = sha256(head.encode(), b"\n", line).hex()
        tree.push(line)
        for _, _, root, noted in kept.pop(seq, []):
            if (root, noted) != (tree.root(), head):
                return fault("forked", size=seq), seq
    if kept:
        return fault("rolled_back", seq=seq, size=min(kept)), seq
    return None, seq


def verdict(records, checkpoints, key):
    found, good = check(records, checkpoints, key)
    return {"records": good, "fault": found}


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--each":
        key = Key(sys.argv[2])
        for line in sys.stdin:
            case = json.loads(line)
            print(json.dumps(verdict(decoded(case["records"]), decoded(case["checkpoints"]).decode("utf-8", "replace"), key)))
        return 0
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    with open(sys.argv[1], "rb") as records, open(sys.argv[2], encoding="utf-8", errors="replace") as checkpoints:
        told = verdict(records.read(), checkpoints.read(), Key(sys.argv[3]))
    print(json.dumps(told))
    return 0 if told["fault"] is None else 1


if __name__ == "__main__":
    sys.exit(main())
