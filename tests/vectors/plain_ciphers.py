"""AES, CMAC, AES-SIV, AES-GCM and X25519 from their standards, in plain Python.

What belongs here: what the vectors are made with, so that they owe nothing to the
libraries under test. Slow, and not constant in time: for vectors only, never for data.
Standards: FIPS 197, SP 800-38B, RFC 5297, SP 800-38D, RFC 7748.
"""

from __future__ import annotations

Block = bytes

# --- AES (FIPS 197) ---------------------------------------------------------------


def _times(a: int, b: int) -> int:
    """Multiplication in AES's field of 2^8."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def _box_entry(value: int) -> int:
    inverse = next((x for x in range(256) if _times(value, x) == 1), 0)
    turned = inverse
    for _ in range(4):
        inverse = (inverse << 1 | inverse >> 7) & 0xFF
        turned ^= inverse
    return turned ^ 0x63


_S_BOX = [_box_entry(value) for value in range(256)]


def joined(lists: list[list[int]]) -> list[int]:
    return [item for items in lists for item in items]


def _round_keys(key: bytes) -> list[list[int]]:
    size = len(key) // 4
    words = [list(key[4 * i : 4 * i + 4]) for i in range(size)]
    constant = 1
    for i in range(size, 4 * (size + 7)):
        word = list(words[-1])
        if i % size == 0:
            word = [_S_BOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _times(constant, 2)
        elif size == 8 and i % size == 4:
            word = [_S_BOX[byte] for byte in word]
        words.append([a ^ b for a, b in zip(words[i - size], word, strict=True)])
    return [joined(words[i : i + 4]) for i in range(0, len(words), 4)]


def _mixed(column: list[int]) -> list[int]:
    rows = [(2, 3, 1, 1), (1, 2, 3, 1), (1, 1, 2, 3), (3, 1, 1, 2)]
    mixed = []
    for row in rows:
        total = 0
        for factor, byte in zip(row, column, strict=True):
            total ^= _times(byte, factor)
        mixed.append(total)
    return mixed


def aes(key: bytes, block: Block) -> Block:
    """One block of 16 bytes; the key has 16, 24 or 32."""
    first, *middle, last = _round_keys(key)
    state = [a ^ b for a, b in zip(block, first, strict=True)]
    for round_key in [*middle, last]:
        state = [_S_BOX[byte] for byte in state]
        state = [state[(4 * (i // 4) + 5 * (i % 4)) % 16] for i in range(16)]
        if round_key is not last:
            columns = [_mixed(state[i : i + 4]) for i in range(0, 16, 4)]
            state = joined(columns)
        state = [a ^ b for a, b in zip(state, round_key, strict=True)]
    return bytes(state)


def xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=False))


def _counted(key: bytes, counter: int, width: int, text: bytes) -> bytes:
    """Counter mode; `width` is how many low bits of the counter count."""
    fixed = counter >> width << width
    stream = b"".join(
        aes(key, (fixed | (counter + i) % (1 << width)).to_bytes(16, "big"))
        for i in range(-(-len(text) // 16))
    )
    return xor(stream, text)


# --- CMAC (SP 800-38B) and AES-SIV (RFC 5297) ---------------------------------------


def _doubled(block: Block) -> Block:
    number = int.from_bytes(block, "big") << 1
    return ((number & (1 << 128) - 1) ^ (0x87 if number >> 128 else 0)).to_bytes(16)


def cmac(key: bytes, message: bytes) -> Block:
    """The 16-byte tag of a message."""
    subkey = _doubled(aes(key, bytes(16)))
    *blocks, last = [message[i : i + 16] for i in range(0, len(message), 16)] or [b""]
    if len(last) < 16:
        subkey, last = _doubled(subkey), (last + b"\x80").ljust(16, b"\0")
    tag = bytes(16)
    for block in [*blocks, xor(last, subkey)]:
        tag = aes(key, xor(tag, block))
    return tag


def siv_seal(key: bytes, message: bytes, associated: list[bytes]) -> bytes:
    """RFC 5297: the 16-byte vector, then the ciphertext."""
    one, other = key[: len(key) // 2], key[len(key) // 2 :]
    total = cmac(one, bytes(16))
    for part in associated:
        total = xor(_doubled(total), cmac(one, part))
    if len(message) >= 16:
        end = message[:-16] + xor(message[-16:], total)
    else:
        end = xor(_doubled(total), (message + b"\x80").ljust(16, b"\0"))
    vector = cmac(one, end)
    counter = int.from_bytes(vector, "big") & ~(1 << 63 | 1 << 31)
    return vector + _counted(other, counter, 128, message)


# --- AES-GCM (SP 800-38D), 96-bit nonces --------------------------------------------


def _galois(x: int, y: int) -> int:
    product = 0
    for place in range(127, -1, -1):
        product ^= y if x >> place & 1 else 0
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def gcm_seal(key: bytes, nonce: bytes, text: bytes, associated: bytes) -> bytes:
    """The ciphertext, then the 16-byte tag."""
    start = int.from_bytes(nonce + bytes(3) + b"\1", "big")
    sealed = _counted(key, start + 1, 32, text)
    subkey = int.from_bytes(aes(key, bytes(16)), "big")
    padded = [part + bytes(-len(part) % 16) for part in (associated, sealed)]
    sizes = [(8 * len(part)).to_bytes(8, "big") for part in (associated, sealed)]
    hashed, whole = 0, b"".join(padded + sizes)
    for i in range(0, len(whole), 16):
        block = int.from_bytes(whole[i : i + 16], "big")
        hashed = _galois(hashed ^ block, subkey)
    return sealed + xor(hashed.to_bytes(16, "big"), aes(key, start.to_bytes(16, "big")))


# --- X25519 (RFC 7748, section 5) ---------------------------------------------------

_PRIME = 2**255 - 19
BASE_POINT = (9).to_bytes(32, "little")


def x25519(scalar: bytes, point: bytes) -> bytes:
    """The u-coordinate of scalar times point, by the ladder of the RFC."""
    k = int.from_bytes(scalar, "little") & ~7 & ~(1 << 255) | 1 << 254
    x1 = int.from_bytes(point, "little") & (1 << 255) - 1
    x2, z2, x3, z3 = 1, 0, x1, 1
    for bit in range(254, -1, -1):
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % _PRIME, x1 * (da - cb) ** 2 % _PRIME
        x2, z2 = aa * bb % _PRIME, e * (aa + 121665 * e) % _PRIME
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, _PRIME - 2, _PRIME) % _PRIME).to_bytes(32, "little")
