"""Values of a path: what they are, how they compare, and what is computed with them.

Numbers with a fraction are floats in documents, as Trino reads them, and Decimals in a path's text.
"""

from __future__ import annotations

import math
import operator
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_INTEGER: Final = 1 << 31
_BIGINT: Final = 1 << 63
_DIGITS: Final = 80  # on the way; a decimal has at most 38
Item = Any  # None, bool, int, Decimal, float, str, list or dict: whatever JSON holds


class PathError(Exception):
    """A path that fails on a document."""


def is_number(item: Item) -> bool:
    """Whether an item is a number."""
    return isinstance(item, int | float | Decimal) and not isinstance(item, bool)


def numeric(item: Item) -> Item:
    """The item, if it is a number."""
    if not is_number(item):
        raise PathError("a number is needed")
    return item


def _alike(left: Item, right: Item) -> tuple[Item, Item]:
    """Two numbers that Python computes with: a float makes the other one a float."""
    if isinstance(left, float) or isinstance(right, float):
        return float(left), float(right)
    return left, right


class BigInt(int):
    """A bigint that came of one, however small it is; other numbers are known by their size."""

    @staticmethod
    def is_big(number: int) -> bool:
        """Whether a number is a bigint, and not an integer."""
        return isinstance(number, BigInt) or not -_INTEGER <= number < _INTEGER


def computed(mark: str, left: Item, right: Item) -> Item:
    """`left mark right`, of the type that Trino gives it.

    Raises:
        PathError: If it is out of that type's range, or divides by zero.
    """
    left, right = _alike(left, right)
    if mark in {"/", "%"} and not isinstance(left, float) and right == 0:
        raise PathError("")
    with localcontext(prec=_DIGITS):
        result = ARITHMETIC[mark](left, right)
    return _typed(result, (left, right)) if isinstance(result, int) else result


def _typed(result: int, of: tuple[Item, ...]) -> Item:
    big = any(BigInt.is_big(one) for one in of)
    limit = _BIGINT if big else _INTEGER
    if not -limit <= result < limit:
        raise PathError("")
    return BigInt(result) if big else int(result)


def signed(mark: str, item: Item) -> Item:
    """`+item` or `-item`."""
    number = numeric(item)
    result = -number if mark == "negative" else number
    return _typed(result, (number,)) if isinstance(number, int) else result


def rounded(name: str, item: Item) -> Item:
    """The methods abs(), ceiling() and floor()."""
    number = numeric(item)
    if name == "abs":
        return signed("negative", number) if number < 0 else number
    if isinstance(number, int) or (isinstance(number, float) and not math.isfinite(number)):
        return number
    whole = math.ceil(number) if name == "ceiling" else math.floor(number)
    return float(whole) if isinstance(number, float) else Decimal(whole)


def place(item: Item) -> int:
    """A subscript as a whole number; halves go up."""
    number = numeric(item)
    if isinstance(number, float) and not math.isfinite(number):
        raise PathError("a subscript is no number")
    if isinstance(number, float):
        return math.floor(number + 0.5)
    return int(Decimal(number).quantize(Decimal(1), ROUND_HALF_UP))


def _divided(left: Item, right: Item) -> Item:
    if isinstance(left, int) and isinstance(right, int):
        whole = abs(left) // abs(right)
        return -whole if (left < 0) != (right < 0) else whole
    if isinstance(left, float):
        if right == 0:
            return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
        return left / right
    scales = [-int(Decimal(side).as_tuple().exponent) for side in (left, right)]
    return (Decimal(left) / Decimal(right)).quantize(Decimal(1).scaleb(-max(scales)), ROUND_HALF_UP)


def _remainder(left: Item, right: Item) -> Item:
    if isinstance(left, float):
        return math.fmod(left, right) if right else math.nan
    if isinstance(left, int) and isinstance(right, int):
        return int(math.copysign(1, left)) * (abs(left) % abs(right))
    return Decimal(left) % Decimal(right)


def double(item: Item) -> float:
    """The method of that name."""
    try:
        if is_number(item) or isinstance(item, str):
            return float(item)
    except ValueError:
        pass
    raise PathError("it cannot be made a double")


def pairs(item: Item, at: int) -> list[Item]:
    """The method keyvalue(), of the object at a place of its sequence."""
    if not isinstance(item, dict):
        raise PathError("keyvalue() is of objects")
    return [{"name": key, "value": value, "id": at} for key, value in item.items()]


def type_of(item: Item) -> str:
    """The method type()."""
    if isinstance(item, bool):
        return "boolean"
    if is_number(item):
        return "number"
    names = {type(None): "null", str: "string", list: "array", dict: "object"}
    return names[type(item)]


def _compared(test: Callable[[Item, Item], bool], *, equality: bool) -> Callable[..., bool | None]:
    def compare(left: Item, right: Item) -> bool | None:
        if left is None or right is None:
            if equality or (left is None and right is None):
                return test(left is None, right is None)
            return False
        same = type_of(left) == type_of(right)
        if not same or isinstance(left, list | dict):
            return None
        return test(*_alike(left, right)) if is_number(left) else test(left, right)

    return compare


def starts(left: Item, right: Item) -> bool | None:
    """`left starts with right`."""
    if not isinstance(left, str) or not isinstance(right, str):
        return None
    return left.startswith(right)


SIGNS: Final = frozenset({"negative", "positive"})
ARITHMETIC: Final[dict[str, Callable[[Item, Item], Item]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": _divided, "%": _remainder,
}  # fmt: skip
COMPARISONS: Final = {
    "==": _compared(operator.eq, equality=True),
    "<>": _compared(operator.ne, equality=True),
    "<": _compared(operator.lt, equality=False),
    "<=": _compared(operator.le, equality=False),
    ">": _compared(operator.gt, equality=False),
    ">=": _compared(operator.ge, equality=False),
}
