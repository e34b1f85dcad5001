"""What the engine has not, in Python: digests, other bases, distributions, normal forms."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import statistics
import unicodedata
import zlib
from typing import TYPE_CHECKING, Any, Final

import xxhash

if TYPE_CHECKING:
    from collections.abc import Callable

    Value = int | float | bytes | str


def _crc32(value: bytes) -> int:
    return zlib.crc32(value)


def _sha512(value: bytes) -> bytes:
    return hashlib.sha512(value).digest()


def _xxhash64(value: bytes) -> bytes:
    return xxhash.xxh64_digest(value)


def failed(message: str, code: str = "INVALID_FUNCTION_ARGUMENT") -> ValueError:
    """An error whose text becomes the query's, as that of `translation.failing`."""
    return ValueError(f"\x01{code}: {message}\x02")


def _base(radix: int) -> str:
    """The digits of a base."""
    if not 2 <= radix <= len(_DIGITS):
        raise failed("Radix must be between 2 and 36")
    return _DIGITS[:radix]


def _from_base(text: str, radix: int) -> int:
    digits = _base(radix)
    plain = text[1:] if text[:1] in {"+", "-"} else text
    wrong = not plain or any(letter not in digits for letter in plain.lower())
    if wrong or not _LOWEST <= (number := int(text, radix)) <= -1 - _LOWEST:
        raise failed(f"Not a valid base-{radix} number: {text}")
    return number


def _to_base(number: int, radix: int) -> str:
    digits, left, text = _base(radix), abs(number), ""
    while left:
        left, last = divmod(left, radix)
        text = digits[last] + text
    if len(text) == 64:  # and a sign: Trino's own result does not fit its type
        raise failed("Character count exceeds length limit 64.", "SERIALIZATION_ERROR")
    return f"{'-' if number < 0 else ''}{text or '0'}"


def _from_big_endian(value: bytes) -> int:
    if len(value) != 8:
        raise failed(f"expected 8-byte input, but got instead: {len(value)}")
    return int.from_bytes(value, "big", signed=True)


def _to_big_endian(number: int) -> bytes:
    return number.to_bytes(8, "big", signed=True)


def _to_base32(value: bytes) -> str:
    return base64.b32encode(value).decode()


def _normal_cdf(mean: float, deviation: float, value: float) -> float:
    return 0.5 * (1 + math.erf((value - mean) / (deviation * math.sqrt(2))))


def _inverse_normal_cdf(mean: float, deviation: float, share: float) -> float:
    if not 0 < share < 1:
        raise failed("p must be in the interval (0, 1)")
    if deviation <= 0:
        raise failed("standardDeviation must be > 0")
    return statistics.NormalDist(mean, deviation).inv_cdf(share)


def _passes_luhn(text: str) -> bool:
    """Whether the sum of the digits, every second from the right doubled, ends with zero."""
    if not text:
        return False
    if not text.isdecimal() or not text.isascii():
        raise failed("luhn_check takes digits only")
    doubled = (divmod(2 * int(digit), 10) for digit in text[-2::-2])
    return (sum(map(int, text[-1::-2])) + sum(map(sum, doubled))) % 10 == 0


def _keyed(digest: str) -> Callable[[bytes, bytes], bytes]:
    def call(value: bytes, key: bytes) -> bytes:
        return hmac.digest(key, value, digest)

    return call


def _normal(text: str, form: str) -> str:
    # Which of the four it is was checked when the call was translated.
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_LOWEST: Final = -(1 << 63)
# The engine's functions: name, call, what it takes and what it gives.
PYTHON_FUNCTIONS: Final[dict[str, tuple[Callable[..., Value], list[Any], str]]] = {
    "crc32_of": (_crc32, ["BLOB"], "BIGINT"),
    "sha512_of": (_sha512, ["BLOB"], "BLOB"),
    "xxhash64_of": (_xxhash64, ["BLOB"], "BLOB"),
    "from_base_of": (_from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    "to_base_of": (_to_base, ["BIGINT", "BIGINT"], "VARCHAR"),
    "from_big_endian_of": (_from_big_endian, ["BLOB"], "BIGINT"),
    "to_big_endian_of": (_to_big_endian, ["BIGINT"], "BLOB"),
    "to_base32_of": (_to_base32, ["BLOB"], "VARCHAR"),
    "normal_cdf_of": (_normal_cdf, ["DOUBLE"] * 3, "DOUBLE"),
    "inverse_normal_cdf_of": (_inverse_normal_cdf, ["DOUBLE"] * 3, "DOUBLE"),
    "passes_luhn": (_passes_luhn, ["VARCHAR"], "BOOLEAN"),
    "normal_form": (_normal, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    **{
        f"hmac_{name}_of": (_keyed(name), ["BLOB", "BLOB"], "BLOB")
        for name in ("md5", "sha1", "sha256", "sha512")
    },
}
