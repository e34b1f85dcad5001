"""Compressed text files: what Hadoop's codecs write, by the end of a file's name."""

from __future__ import annotations

import bz2
import gzip
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCK: Final = 256 * 1024
# compression of a table: the end of its text files' names
SUFFIXES: Final = {
    "NONE": "",
    "UNCOMPRESSED": "",
    "GZIP": ".gz",
    "ZSTD": ".zst",
    "BZIP2": ".bz2",
    "DEFLATE": ".deflate",
    "SNAPPY": ".snappy",
    "LZ4": ".lz4",
}
# What the engine reads by itself; the others are unpacked first.
NATIVE: Final = frozenset({"", ".gz", ".zst"})


def _codec(name: Any) -> Any:  # noqa: ANN401 - one of the names that pyarrow knows
    import pyarrow as pa

    return pa.Codec(name)


def _block_compress(name: str) -> Callable[[bytes], bytes]:
    """Hadoop's block format: the length of a block, then its parts with their own lengths."""

    def compress(body: bytes) -> bytes:
        codec = _codec(name)
        out = []
        for start in range(0, len(body), _BLOCK):
            block = body[start : start + _BLOCK]
            packed = codec.compress(block, asbytes=True)
            out.append(struct.pack(">II", len(block), len(packed)) + packed)
        return b"".join(out)

    return compress


def _block_decompress(name: str) -> Callable[[bytes], bytes]:
    def decompress(body: bytes) -> bytes:
        codec = _codec(name)
        out, at = [], 0
        while at < len(body):
            (left,) = struct.unpack_from(">I", body, at)
            at += 4
            while left:
                (size,) = struct.unpack_from(">I", body, at)
                packed = body[at + 4 : at + 4 + size]
                at += 4 + size
                length = _raw_length(name, packed, left)
                out.append(codec.decompress(packed, decompressed_size=length, asbytes=True))
                left -= length
        return b"".join(out)

    return decompress


def _raw_length(name: str, packed: bytes, left: int) -> int:
    """How long a part is unpacked: snappy says so itself, in seven bits a byte."""
    if name != "snappy":
        return min(left, _BLOCK)
    length = shift = 0
    for byte in packed:
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return length


_PACK: Final[dict[str, Callable[[bytes], bytes]]] = {
    ".gz": lambda body: gzip.compress(body, mtime=0),
    ".bz2": bz2.compress,
    ".deflate": zlib.compress,
    ".snappy": _block_compress("snappy"),
    ".lz4": _block_compress("lz4_raw"),
}
_UNPACK: Final[dict[str, Callable[[bytes], bytes]]] = {
    ".bz2": bz2.decompress,
    ".deflate": zlib.decompress,
    ".snappy": _block_decompress("snappy"),
    ".lz4": _block_decompress("lz4_raw"),
}


def suffix_of(key: str) -> str:
    """The end of a name that says how the file is compressed, or nothing."""
    dot = key.rfind(".")
    end = key[dot:].lower() if dot > key.rfind("/") else ""
    return end if end in {*SUFFIXES.values(), ".lzo"} else ""


def pack(body: bytes, suffix: str) -> bytes:
    """The bytes compressed for a name that ends so."""
    return _PACK[suffix](body) if suffix else body


def unpack(body: bytes, suffix: str) -> bytes:
    """The bytes of a file whose name ends so; OSError, ValueError, struct.error if broken."""
    return _UNPACK[suffix](body)
