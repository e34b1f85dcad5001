"""Digests of bytes that the engine has not, and Unicode's normal forms: functions in Python."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
import zlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable


def _crc32(value: bytes) -> int:
    return zlib.crc32(value)


def _sha512(value: bytes) -> bytes:
    return hashlib.sha512(value).digest()


def _keyed(digest: str) -> Callable[[bytes, bytes], bytes]:
    def call(value: bytes, key: bytes) -> bytes:
        return hmac.digest(key, value, digest)

    return call


def _normal(text: str, form: str) -> str:
    # Which of the four it is was checked when the call was translated.
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


# The engine's functions: name, call, what it takes and what it gives.
DIGESTS: Final[dict[str, tuple[Callable[..., int | bytes | str], list[Any], str]]] = {
    "crc32_of": (_crc32, ["BLOB"], "BIGINT"),
    "sha512_of": (_sha512, ["BLOB"], "BLOB"),
    "normal_form": (_normal, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    **{
        f"hmac_{name}_of": (_keyed(name), ["BLOB", "BLOB"], "BLOB")
        for name in ("md5", "sha1", "sha256", "sha512")
    },
}
