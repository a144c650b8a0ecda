"""Trino's functions on bytes that DuckDB lacks, computed in Python.

https://trino.io/docs/current/functions/binary.html. Each raises ValueError with Trino's code for what it refuses.
"""

import base64
import binascii
import hashlib
import hmac
import struct
import zlib
from collections.abc import Callable
from typing import Any

_MASK = (1 << 64) - 1
# the primes of https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def from_base32(text: str) -> bytes:
    """The bytes of a text in base 32."""
    return _decoded(base64.b32decode, text, "base32")


def from_base64url(text: str) -> bytes:
    """The bytes of a text in the alphabet for URLs."""
    return _decoded(base64.urlsafe_b64decode, text, "base64url")


def _decoded(decode: Callable[[str], bytes], text: str, alphabet: str) -> bytes:
    try:
        return decode(text + "=" * (-len(text) % 4 if alphabet == "base64url" else -len(text) % 8))
    except binascii.Error as error:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: not {alphabet}: {text}") from error


def _unpacked(form: str, data: bytes) -> float:
    try:
        (value,) = struct.unpack(form, data)
    except struct.error as error:
        expected, given = struct.calcsize(form), len(data)
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: expected {expected}-byte input, but got {given} bytes") from error
    return float(value) if form in (">f", ">d") else int(value)


def _round(lane: int, value: int) -> int:
    return _rotate(lane + value * _P2 & _MASK, 31) * _P1 & _MASK


def _rotate(value: int, bits: int) -> int:
    return (value << bits | value >> 64 - bits) & _MASK


def xxhash64(data: bytes) -> bytes:
    """xxHash of 64 bits with seed 0, its first byte the most significant."""
    at, length = 0, len(data)
    if length >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while at + 32 <= length:
            lanes = [
                _round(lane, value) for lane, value in zip(lanes, struct.unpack_from("<4Q", data, at), strict=True)
            ]
            at += 32
        value = sum(_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            value = ((value ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        value = _P5
    value = value + length & _MASK
    while at + 8 <= length:
        value = _rotate(value ^ _round(0, struct.unpack_from("<Q", data, at)[0]), 27) * _P1 + _P4 & _MASK
        at += 8
    if at + 4 <= length:
        value = _rotate(value ^ struct.unpack_from("<I", data, at)[0] * _P1 & _MASK, 23) * _P2 + _P3 & _MASK
        at += 4
    for byte in data[at:]:
        value = _rotate(value ^ byte * _P5 & _MASK, 11) * _P1 & _MASK
    value = (value ^ value >> 33) * _P2 & _MASK
    value = (value ^ value >> 29) * _P3 & _MASK
    return (value ^ value >> 32).to_bytes(8, "big")


def _hmac(algorithm: str) -> Callable[[bytes, bytes], bytes]:
    return lambda data, key: hmac.digest(key, data, algorithm)


FUNCTIONS: dict[str, tuple[Callable[..., Any], list[Any], str]] = {
    "crc32": (lambda data: zlib.crc32(data), ["BLOB"], "BIGINT"),
    "from_base32": (from_base32, ["VARCHAR"], "BLOB"),
    "from_base64url": (from_base64url, ["VARCHAR"], "BLOB"),
    "from_big_endian_32": (lambda data: _unpacked(">i", data), ["BLOB"], "INTEGER"),
    "from_big_endian_64": (lambda data: _unpacked(">q", data), ["BLOB"], "BIGINT"),
    "from_ieee754_32": (lambda data: _unpacked(">f", data), ["BLOB"], "FLOAT"),
    "from_ieee754_64": (lambda data: _unpacked(">d", data), ["BLOB"], "DOUBLE"),
    "hmac_md5": (_hmac("md5"), ["BLOB", "BLOB"], "BLOB"),
    "hmac_sha1": (_hmac("sha1"), ["BLOB", "BLOB"], "BLOB"),
    "hmac_sha256": (_hmac("sha256"), ["BLOB", "BLOB"], "BLOB"),
    "hmac_sha512": (_hmac("sha512"), ["BLOB", "BLOB"], "BLOB"),
    "t_sha1": (lambda data: hashlib.sha1(data, usedforsecurity=False).digest(), ["BLOB"], "BLOB"),
    "t_sha512": (lambda data: hashlib.sha512(data).digest(), ["BLOB"], "BLOB"),
    "to_base32": (lambda data: base64.b32encode(data).decode(), ["BLOB"], "VARCHAR"),
    "to_base64url": (lambda data: base64.urlsafe_b64encode(data).decode(), ["BLOB"], "VARCHAR"),
    "to_big_endian_32": (lambda value: struct.pack(">i", value), ["INTEGER"], "BLOB"),
    "to_big_endian_64": (lambda value: struct.pack(">q", value), ["BIGINT"], "BLOB"),
    "to_ieee754_32": (lambda value: struct.pack(">f", value), ["FLOAT"], "BLOB"),
    "to_ieee754_64": (lambda value: struct.pack(">d", value), ["DOUBLE"], "BLOB"),
    "xxhash64": (xxhash64, ["BLOB"], "BLOB"),
}
"""Name -> what computes it, the types of its arguments, its type."""
