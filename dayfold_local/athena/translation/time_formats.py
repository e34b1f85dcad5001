"""Format texts of dates: Java's and MySQL's, as the engine's strftime and strptime write them."""

from __future__ import annotations

import re
from typing import Final

from dayfold_local.athena.errors import not_supported

# Letters of Java's and MySQL's format texts, as the engine's strftime and strptime write them.
_JODA: Final = {
    "yyyy": "%Y", "YYYY": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d",
    "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S",
    "SSS": "%g", "a": "%p", "EEEE": "%A", "EEE": "%a", "E": "%a", "MMMM": "%B", "MMM": "%b",
    "DDD": "%j", "xxxx": "%G", "ww": "%V", "e": "%u",
}  # fmt: skip
_JODA_PART: Final = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z'])")
_MYSQL: Final = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I",
    "I": "%I", "i": "%M", "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p",
    "r": "%I:%M:%S %p", "S": "%S", "s": "%S", "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G",
    "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip


def joda_format(pattern: str, where: str) -> str:
    """A Java pattern (yyyy-MM-dd) as a strftime format; an unknown letter is refused."""
    out = []
    for match in _JODA_PART.finditer(pattern):
        quoted, letters, _, other = match.groups()
        if letters is None:
            out.append((quoted if quoted is not None else other).replace("%", "%%") or "'")
            continue
        found = _JODA.get(letters)
        if found is None:
            raise not_supported(f"{where}the format '{letters}' of '{pattern}'")
        out.append(found)
    return "".join(out)


def mysql_format(pattern: str, where: str) -> str:
    """A MySQL format (%Y-%m-%d) as a strftime format; an unknown letter is refused."""

    def swap(match: re.Match[str]) -> str:
        found = _MYSQL.get(match.group(1))
        if found is None:
            raise not_supported(f"{where}the format '%{match.group(1)}' of '{pattern}'")
        return found

    return re.sub(r"%(.)", swap, pattern)
