"""What a path finds in a document: a sequence of items, or an error.

Lax paths look into arrays by themselves, take a single value for an array of one, and pass over
what is not there; strict ones fail instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dayfold_local.athena.json_path.values import (
    ARITHMETIC,
    COMPARISONS,
    SIGNS,
    Item,
    PathError,
    computed,
    double,
    numeric,
    pairs,
    place,
    rounded,
    signed,
    starts,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dayfold_local.athena.json_path.syntax import Node, Path


def found(path: Path, document: Item, variables: Mapping[str, Item]) -> list[Item]:
    """The items that a path finds.

    Raises:
        PathError: If it fails, by its mode's rules.
    """
    return _Search(document, variables, lax=path.mode == "lax").of(path.root, None, None)


class _Search:
    def __init__(self, document: Item, variables: Mapping[str, Item], *, lax: bool) -> None:
        self._document = document
        self._variables = variables
        self._lax = lax

    def of(self, node: Node, item: Item, last: int | None) -> list[Item]:
        """What a part finds; `item` is `@`, `last` the array's last place."""
        kind = node.kind
        if not node.parts:
            return [self._single(node, item, last)]
        base = self.of(node.parts[0], item, last)
        if kind in SIGNS:
            return [signed(kind, one) for one in self._unwrapped(base)]
        if kind in ARITHMETIC:
            return [computed(kind, self._one(base), self._one(self.of(node.parts[1], item, last)))]
        return self._accessed(node, base, item)

    def _accessed(self, node: Node, base: list[Item], item: Item) -> list[Item]:
        if node.kind in {"member", "members", "descendants"}:
            return self._members(node, base)
        if node.kind == "filter":
            return [one for one in self._unwrapped(base) if self._is(node.parts[1], one) is True]
        if node.kind == "method":
            return self._method(str(node.value), base)
        return [inner for one in base for inner in self._elements(self._array(one), node, item)]

    def _single(self, node: Node, item: Item, last: int | None) -> Item:
        """A value that stands for itself."""
        if node.kind == "variable":
            return self._variable(str(node.value))
        if node.kind == "last" and last is None:
            raise PathError("'last' stands outside of a subscript")
        known = {"context": self._document, "item": item, "last": last}
        return known.get(node.kind, node.value)

    def _variable(self, name: str) -> Item:
        if name not in self._variables:
            raise PathError(f"no value is passed for {name}")
        return self._variables[name]

    def _unwrapped(self, items: list[Item]) -> list[Item]:
        if not self._lax:
            return items
        return [
            inner for one in items for inner in (one if isinstance(one, list) else [one])
        ]  # one level only

    def _one(self, items: list[Item]) -> Item:
        items = self._unwrapped(items)
        if len(items) != 1:
            raise PathError(f"a single value is needed, and there are {len(items)}")
        return numeric(items[0])

    def _members(self, node: Node, base: list[Item]) -> list[Item]:
        name = str(node.value)
        if node.kind == "descendants":
            return [found for one in base for found in _descendants(one, name)]
        result: list[Item] = []
        for one in self._unwrapped(base):
            held: list[Item] | None = None
            if isinstance(one, dict) and node.kind == "members":
                held = list(one.values())
            elif isinstance(one, dict) and name in one:
                held = [one[name]]
            if held is None and not self._lax:
                raise PathError(f"there is no member '{name}' of an object")
            result += held or []
        return result

    def _array(self, item: Item) -> list[Item]:
        if isinstance(item, list):
            return item
        if not self._lax:
            raise PathError("it is no array")
        return [item]

    def _elements(self, array: list[Item], node: Node, item: Item) -> list[Item]:
        if node.kind == "elements":
            return array
        result: list[Item] = []
        for subscript in node.parts[1:]:
            ends = [self._place(part, item, len(array) - 1) for part in subscript.parts]
            first, final = ends[0], ends[-1]
            outside = first < 0 or final >= len(array) or first > final
            if outside and not self._lax:
                raise PathError("a subscript is out of the array's bounds")
            result += array[max(first, 0) : final + 1] if final >= 0 else []
        return result

    def _place(self, node: Node, item: Item, last: int) -> int:
        places = self.of(node, item, last)
        if len(places) != 1:
            raise PathError(f"a subscript is a single number, and there are {len(places)}")
        return place(places[0])

    def _method(self, name: str, base: list[Item]) -> list[Item]:
        if name == "type":
            return [type_of(one) for one in base]
        if name == "size":
            return [len(self._array(one)) for one in base]
        items = self._unwrapped(base)
        if name == "keyvalue":
            return [pair for at, one in enumerate(items) for pair in pairs(one, at)]
        if name == "double":
            return [double(one) for one in items]
        return [rounded(name, one) for one in items]

    def _is(self, node: Node, item: Item) -> bool | None:
        """A condition's truth; None is unknown."""
        kind = node.kind
        if kind in {"and", "or"}:
            return _joined(kind, *(self._is(part, item) for part in node.parts))
        if kind == "not":
            inner = self._is(node.parts[0], item)
            return None if inner is None else not inner
        if kind == "unknown":
            return self._is(node.parts[0], item) is None
        try:
            sides = [self.of(part, item, None) for part in node.parts]
        except PathError:
            return None
        if kind == "exists":
            return bool(sides[0])
        left, right = (self._unwrapped(side) for side in sides)
        test = starts if kind == "starts" else COMPARISONS[str(node.value)]
        return self._any(test(a, b) for a in left for b in right)

    def _any(self, tests: Iterable[bool | None]) -> bool | None:
        """Lax stops at the first that is true or unknown; strict looks at all of them."""
        held = False
        for test in tests:
            if test is None:
                return None
            if test and self._lax:
                return True
            held = held or test
        return held


def _joined(kind: str, left: bool | None, right: bool | None) -> bool | None:
    decisive = kind == "or"
    if left is decisive or right is decisive:
        return decisive
    return None if left is None or right is None else not decisive


def _descendants(item: Item, name: str) -> list[Item]:
    result: list[Item] = []
    if isinstance(item, dict):
        if name in item:
            result.append(item[name])
        for inner in item.values():
            result += _descendants(inner, name)
    elif isinstance(item, list):
        for inner in item:
            result += _descendants(inner, name)
    return result
