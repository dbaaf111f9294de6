#!/usr/bin/env python3
"""Checks an export of a Lineshaft audit trail. Needs nothing but Python 3.9 and this file.

    python3 verify_audit_export.py EXPORT [--key NAME+HASH+BASE64] [--checkpoint FILE]

Adds up the Merkle tree (RFC 6962), compares its root with the checkpoint and checks its Ed25519 signature (RFC 8032).
Whoever wrote the export may have made a new key as well: compare the key that is printed with one from elsewhere
(`--key`), or hand in a checkpoint of the same size that you kept. Exit status 0: it holds; 1: it does not.
"""
import argparse, base64, hashlib, json, sys
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

def point(y, sign):  # in extended coordinates, RFC 8032, 5.1.3
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x * pow(2, (P - 1) // 4, P) % P if (x * x - x2) % P else x
    if y >= P or (x * x - x2) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    return (x, y, 1, x * y % P) if x & 1 == sign else (P - x, y, 1, (P - x) * y % P)
def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)
def times(n, p):
    result = (0, 1, 1, 0)
    while n:
        result, p, n = (add(result, p) if n & 1 else result), add(p, p), n >> 1
    return result

def signed(public, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    base = point(4 * pow(5, P - 2, P) % P, 0)
    decode = lambda b: point(int.from_bytes(b, "little") & (2**255 - 1), b[31] >> 7)
    left, right = times(s, base), add(decode(r), times(k, decode(public)))
    return len(signature) == 64 and s < L and not any((left[i] * right[2] - right[i] * left[2]) % P for i in (0, 1))
decode64 = lambda text: base64.b64decode(text, validate=True)
def demand(holds, what):
    if not holds:
        sys.exit(f"BROKEN: {what}")
def check(lines, known_key, known_checkpoint):
    def take(word):
        found, *rest = next(lines).split(" ")
        demand(found == word, f"there is no line `{word}`")
        return rest
    demand(next(lines) == "lineshaft audit export 1", "this is not an export of an audit trail")
    (key,) = take("key")
    demand(known_key in (None, key), f"the export is signed with another key: {key}")
    (name, key_hash, _), public = key.split("+", 2), decode64(key.split("+", 2)[2])
    start, end = map(int, take("entries"))
    left, right = ([decode64(next(lines)) for _ in range(int(take(side)[0]))] for side in ("left", "right"))
    note = "".join(next(lines) + "\n" for _ in range(int(take("checkpoint")[0])))
    demand(known_checkpoint in (None, note), "the export has another checkpoint than the one handed in")
    body, signature = note.split("\n\n")
    origin, size, root = body.split("\n")
    size, root, stack = int(size), decode64(root), []
    def push(height, node):  # complete subtrees only, so two of one height make one of the next
        while stack and stack[-1][0] == height:
            height, node = height + 1, hashlib.sha256(b"\1" + stack.pop()[1] + node).digest()
        stack.append((height, node))
    demand(start <= end <= size and len(left) == bin(start).count("1"), "it does not say which entries it has")
    for height, node in zip([h for h in range(63, -1, -1) if start >> h & 1], left):
        push(height, node)
    for seq in range(start, end):
        demand(json.loads(line := next(lines))["seq"] == seq, f"entry {seq} is missing or has another number")
        push(0, hashlib.sha256(b"\0" + line.encode()).digest())
    at = end
    for node in right:
        height = min((at & -at).bit_length() - 1 if at else 63, max(size - at, 1).bit_length() - 1)
        push(height, node)
        at += 1 << height
    demand(at == size and next(lines, None) is None, "there is more or less in it than it says")
    total = stack.pop()[1] if stack else hashlib.sha256(b"").digest()
    for _, node in reversed(stack):
        total = hashlib.sha256(b"\1" + node + total).digest()
    demand(total == root, "the entries are not those that were signed")
    demand(origin == name and signature.startswith(f"\u2014 {name} "), "the checkpoint is of another trail")
    blob = decode64(signature.split("\n")[0].split(" ")[2])
    expected = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    demand(expected.hex() == key_hash and blob[:4] == expected and public[0] == 1, "another key signed it")
    demand(signed(public[1:], body.encode() + b"\n", blob[4:]), "the signature does not hold")
    return f"entries {start} to {end - 1} of {size} are what was signed\nkey {key}"
def verdict(export, key=None, checkpoint=None):
    read = lambda path: open(path, encoding="utf-8", newline="").read()
    try:
        text = read(export)
        demand(text.endswith("\n"), "its last line does not end")
        return check(iter(text[:-1].split("\n")), key, checkpoint and read(checkpoint))
    except OSError as error:
        sys.exit(f"CANNOT BE READ: {error.filename}: {error.strerror}")
    except (ValueError, KeyError, IndexError, TypeError, StopIteration, RuntimeError) as error:
        sys.exit(f"BROKEN: it cannot be read as an export ({type(error).__name__}: {error})")

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Checks an export of a Lineshaft audit trail.")
    for argument in ("export", "--key", "--checkpoint"):
        parser.add_argument(argument)
    print("OK:", verdict(**vars(parser.parse_args())))
