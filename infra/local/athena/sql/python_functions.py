"""Trino's functions on text and numbers that DuckDB lacks, computed in Python.

https://trino.io/docs/current/functions.html: the pages on strings, mathematics, dates and conversion. Each raises
ValueError with Trino's code for what it refuses; the argument NULL gives NULL without a call.
"""

import decimal
import math
import re
import statistics
import unicodedata
from collections.abc import Callable
from typing import Any

from infra.local.athena.sql import binary_functions, json_functions, value_texts

_SOUNDS = {
    letter: digit for digit, letters in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1) for letter in letters
}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d)\s*")
_MICROSECONDS = {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9, "d": 8.64e10}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(B|kB|MB|GB|TB|PB|EB|ZB|YB)")
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_LARGE = ("", "K", "M", "B", "T", "Q")
_SECONDS = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_EARTH_KILOMETERS = 6371.01
_STEPS, _TINY = 300, 1e-300


def _refuse(message: str) -> ValueError:
    return ValueError(f"INVALID_FUNCTION_ARGUMENT: {message}")


def from_base(text: str, radix: int) -> int:
    """The number that a text in a base of 2 to 36 writes."""
    _check_radix(radix)
    try:
        value = int(text, radix)
    except ValueError as error:
        raise _refuse(f"Not a valid base-{radix} number: {text}") from error
    if not -(1 << 63) <= value < 1 << 63:
        raise _refuse(f"Not a valid base-{radix} number: {text}")
    return value


def _check_radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise _refuse("Radix must be between 2 and 36")


def soundex(text: str) -> str:
    """The American Soundex of a word: https://www.archives.gov/research/census/soundex"""
    letters = [letter for letter in text.upper() if letter.isascii() and letter.isalpha()]
    if not letters:
        return ""
    code, before = letters[0], _SOUNDS.get(letters[0], 0)
    for letter in letters[1:]:
        sound = _SOUNDS.get(letter, 0)
        if sound and sound != before:
            code += str(sound)
        # H and W do not part two letters of one sound, vowels do
        before = before if letter in "HW" else sound
    return f"{code}000"[:4]


def luhn_check(text: str) -> bool:
    """Whether the last digit is the check digit of those before it: https://en.wikipedia.org/wiki/Luhn_algorithm"""
    if not re.fullmatch(r"\d*", text):
        raise _refuse(f"Input should consist of digits only: {text}")
    digits = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(text))]
    return bool(text) and sum(sum(divmod(digit, 10)) for digit in digits) % 10 == 0


def parse_duration(text: str) -> float:
    """`42.8ms` in microseconds."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise _refuse(f"duration is not a valid data duration string: {text}")
    return round(float(found.group(1)) * _MICROSECONDS[found.group(2)])


def parse_data_size(text: str) -> decimal.Decimal:
    """`2.3MB` in bytes; a kilobyte has 1024."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise _refuse(f"Invalid data size: '{text}'")
    return decimal.Decimal(int(decimal.Decimal(found.group(1)) * 1024 ** _SIZES.index(found.group(2))))


def format_number(value: float) -> str:
    """A number of three digits and a letter: `1.23M`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    size, unit = abs(value), 0
    while size >= 1000 and unit < len(_LARGE) - 1:
        size, unit = size / 1000, unit + 1
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    text = f"{size:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{'-' if value < 0 else ''}{text}{_LARGE[unit]}"


def human_readable_seconds(seconds: float) -> str:
    """`3762` as `1 hour, 2 minutes, 42 seconds`."""
    if not math.isfinite(seconds):
        raise _refuse("Invalid argument found")
    left, parts = round(abs(seconds)), list[str]()
    for unit, length in _SECONDS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "0 seconds"


def great_circle_distance(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    """Kilometers between two places on the earth's surface, given in degrees."""
    if not (-90 <= latitude1 <= 90 and -90 <= latitude2 <= 90):
        raise _refuse("Latitude must be between -90 and 90")
    if not (-180 <= longitude1 <= 180 and -180 <= longitude2 <= 180):
        raise _refuse("Longitude must be between -180 and 180")
    one, two = math.radians(latitude1), math.radians(latitude2)
    apart = math.radians(longitude1 - longitude2)
    across = math.cos(two) * math.sin(apart)
    along = math.cos(one) * math.sin(two) - math.sin(one) * math.cos(two) * math.cos(apart)
    inner = math.sin(one) * math.sin(two) + math.cos(one) * math.cos(two) * math.cos(apart)
    return math.atan2(math.hypot(across, along), inner) * _EARTH_KILOMETERS


def normal_cdf(mean: float, deviation: float, value: float) -> float:
    """The share of a normal distribution that is below a value."""
    if deviation <= 0:
        raise _refuse("standardDeviation must be > 0")
    return statistics.NormalDist(mean, deviation).cdf(value)


def inverse_normal_cdf(mean: float, deviation: float, share: float) -> float:
    """The value below which a share of a normal distribution is."""
    if not 0 < share < 1:
        raise _refuse("p must be 0 > p > 1")
    if deviation <= 0:
        raise _refuse("sd must be > 0")
    return statistics.NormalDist(mean, deviation).inv_cdf(share)


def beta_cdf(a: float, b: float, value: float) -> float:
    """The share of a beta distribution below a value, by its continued fraction: https://dlmf.nist.gov/8.17#v"""
    if not 0 <= value <= 1:
        raise _refuse("value must be 0 <= v <= 1")
    if a <= 0 or b <= 0:
        raise _refuse("a, b must be > 0")
    if value in (0, 1):
        return float(value)
    if value > (a + 1) / (a + b + 2):
        return 1 - beta_cdf(b, a, 1 - value)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(value) + b * math.log1p(-value)
    )
    fraction, upper, lower = 1.0, 1.0, 0.0
    for step in range(_STEPS):
        half = step // 2
        if step == 0:
            term = 1.0
        elif step % 2:
            term = -(a + half) * (a + b + half) * value / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * value / ((a + 2 * half - 1) * (a + 2 * half))
        lower = 1 / (1 + term * lower or _TINY)
        upper = 1 + term / upper or _TINY
        fraction *= upper * lower
        if abs(1 - upper * lower) < 1e-15:
            break
    return front * (fraction - 1) / a


def inverse_beta_cdf(a: float, b: float, share: float) -> float:
    """The value below which a share of a beta distribution is, by bisection."""
    if not 0 <= share <= 1:
        raise _refuse("p must be 0 >= p >= 1")
    low, high = 0.0, 1.0
    while high - low > 1e-16 and (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if beta_cdf(a, b, middle) < share else (low, middle)
    return (low + high) / 2


def _wilson(successes: int, trials: int, z: float, sign: int) -> float:
    if successes < 0 or trials <= 0 or successes > trials or z < 0:
        raise _refuse("successes, trials and z must be in range: 0 <= successes <= trials, trials > 0, z >= 0")
    share = successes / trials
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return (share + z * z / (2 * trials) + sign * spread) / (1 + z * z / trials)


def shift_left(value: int, places: int, bits: int) -> int:
    """A shift in two's complement of so many bits; what is shifted out is lost."""
    return _signed(value << places, bits) if places < bits else 0


def shift_right(value: int, places: int, bits: int) -> int:
    """A logical shift: zeros come in from the left."""
    return _signed((value & (1 << bits) - 1) >> places, bits) if places < bits else 0


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def regexp_position(text: str, pattern: str, start: int, occurrence: int) -> int:
    """Where, from a position on, a pattern is found for the so-manieth time; -1 if it is not."""
    if start < 1 or occurrence < 1:
        raise _refuse("start position and occurrence cannot be smaller than 1")
    if start > len(text):
        return -1
    places = [found.start() + 1 for found in re.compile(pattern).finditer(text, start - 1)]
    return places[occurrence - 1] if len(places) >= occurrence else -1


_D = "DOUBLE"
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[Any], str]] = {
    **binary_functions.FUNCTIONS,
    **json_functions.FUNCTIONS,
    **value_texts.FUNCTIONS,
    "beta_cdf": (beta_cdf, [_D, _D, _D], _D),
    "format_number": (format_number, [_D], "VARCHAR"),
    "from_base": (from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    "great_circle_distance": (great_circle_distance, [_D, _D, _D, _D], _D),
    "human_readable_seconds": (human_readable_seconds, [_D], "VARCHAR"),
    "inverse_beta_cdf": (inverse_beta_cdf, [_D, _D, _D], _D),
    "inverse_normal_cdf": (inverse_normal_cdf, [_D, _D, _D], _D),
    "luhn_check": (luhn_check, ["VARCHAR"], "BOOLEAN"),
    "normal_cdf": (normal_cdf, [_D, _D, _D], _D),
    "parse_data_size": (parse_data_size, ["VARCHAR"], "DECIMAL(38,0)"),
    "t_duration": (parse_duration, ["VARCHAR"], "BIGINT"),
    "t_normalize": (lambda text, form: unicodedata.normalize(form, text), ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "t_regexp_position": (regexp_position, ["VARCHAR", "VARCHAR", "BIGINT", "BIGINT"], "INTEGER"),
    "t_shift_left": (shift_left, ["BIGINT", "BIGINT", "INTEGER"], "BIGINT"),
    "t_shift_right": (shift_right, ["BIGINT", "BIGINT", "INTEGER"], "BIGINT"),
    "t_soundex": (soundex, ["VARCHAR"], "VARCHAR"),
    "wilson_interval_lower": (lambda s, n, z: _wilson(s, n, z, -1), ["BIGINT", "BIGINT", _D], _D),
    "wilson_interval_upper": (lambda s, n, z: _wilson(s, n, z, 1), ["BIGINT", "BIGINT", _D], _D),
}
"""Name -> what computes it, the types of its arguments, its type."""
