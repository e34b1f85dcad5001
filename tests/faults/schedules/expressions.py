"""DynamoDB's condition and update expressions, as far as the ledger uses them.

What is not known here is refused, never guessed; `test_contracts.py` holds the answers against
moto's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

Item = dict[str, Any]
Values = Mapping[str, Any]
Test = Callable[[Item, Mapping[str, str], Values], bool]
_TOKEN = re.compile(r"\s*(<=|>=|<>|[#:]?[A-Za-z_][\w.]*|[(),=<>+-])")


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None:
            raise NotImplementedError(f"expression: {text[place:]!r} in {text!r}")
        found.append(match.group(1))
        place = match.end()
    return found


def plain(value: Any) -> Any:
    """A typed DynamoDB value as one that compares."""
    if value is None:
        return None
    ((kind, content),) = value.items()
    if kind == "N":
        from decimal import Decimal

        return Decimal(content)
    if kind == "L":
        return [plain(one) for one in content]
    if kind == "M":
        return {name: plain(one) for name, one in content.items()}
    return None if kind == "NULL" else content


class _Parser:
    """Reads a condition by descent: or, and, not, then one comparison or function."""

    def __init__(self, text: str) -> None:
        self._left = _tokens(text)

    def read(self) -> Test:
        test = self._or()
        if self._left:
            raise NotImplementedError(f"condition: {' '.join(self._left)}")
        return test

    def _next(self) -> str:
        return self._left.pop(0)

    def _take(self, word: str) -> bool:
        if self._left and self._left[0].upper() == word:
            self._left.pop(0)
            return True
        return False

    def _or(self) -> Test:
        tests = [self._and()]
        while self._take("OR"):
            tests.append(self._and())
        return tests[0] if len(tests) == 1 else lambda *given: any(t(*given) for t in tests)

    def _and(self) -> Test:
        tests = [self._not()]
        while self._take("AND"):
            tests.append(self._not())
        return tests[0] if len(tests) == 1 else lambda *given: all(t(*given) for t in tests)

    def _not(self) -> Test:
        if self._take("NOT"):
            test = self._not()
            return lambda *given: not test(*given)
        if self._take("("):
            test = self._or()
            self._next()
            return test
        return self._one()

    def _one(self) -> Test:
        first = self._next()
        if self._take("("):
            return self._function(first)
        if self._take("BETWEEN"):
            low = self._next()
            self._take("AND")
            return _between(first, low, self._next())
        if self._take("IN"):
            self._take("(")
            among = [self._next()]
            while self._take(","):
                among.append(self._next())
            self._next()
            return lambda item, names, values: (
                _operand(first, item, names, values)
                in [_operand(one, item, names, values) for one in among]
            )
        return _comparison(first, self._next(), self._next())

    def _function(self, name: str) -> Test:
        arguments = [self._next()]
        while self._take(","):
            arguments.append(self._next())
        self._next()
        path = arguments[0]
        if name in {"attribute_exists", "attribute_not_exists"}:
            wanted = name == "attribute_exists"
            return lambda item, names, _values: (names.get(path, path) in item) == wanted
        if name == "begins_with":
            return lambda item, names, values: str(
                _operand(path, item, names, values) or ""
            ).startswith(_operand(arguments[1], item, names, values))
        raise NotImplementedError(f"condition function {name}")


def _operand(token: str, item: Item, names: Mapping[str, str], values: Values) -> Any:
    if token.startswith(":"):
        return plain(values[token])
    return plain(item.get(names.get(token, token)))


def _comparison(left: str, sign: str, right: str) -> Test:
    def compare(item: Item, names: Mapping[str, str], values: Values) -> bool:
        a = _operand(left, item, names, values)
        b = _operand(right, item, names, values)
        if sign == "=":
            return bool(a == b)
        if sign == "<>":
            return bool(a != b)
        if a is None or b is None or isinstance(a, str) != isinstance(b, str):
            return False
        return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign])

    return compare


def _between(path: str, low: str, high: str) -> Test:
    def test(item: Item, names: Mapping[str, str], values: Values) -> bool:
        a, b, c = (_operand(one, item, names, values) for one in (path, low, high))
        return a is not None and bool(b <= a <= c)

    return test


@functools.cache
def condition(text: str) -> Test:
    """A condition as a function of item, names and values."""
    return _Parser(text).read()


@functools.cache
def _clauses(text: str) -> tuple[tuple[str, str], ...]:
    """The clauses of an update: SET, REMOVE, ADD with their text."""
    parts = re.split(r"\b(SET|REMOVE|ADD|DELETE)\b", text)
    return tuple(zip(parts[1::2], parts[2::2], strict=True))


def update(item: Item, text: str, names: Mapping[str, str], values: Values) -> Item:
    """A copy of an item, updated."""
    changed = dict(item)
    for verb, body in _clauses(text):
        for action in _actions(body):
            _apply(verb, action, item, changed, names, values)
    return changed


@functools.cache
def _actions(body: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in re.split(r",(?![^()]*\))", body))


def _apply(
    verb: str, action: str, before: Item, after: Item, names: Mapping[str, str], values: Values
) -> None:
    if verb == "REMOVE":
        after.pop(names.get(action, action), None)
    elif verb == "ADD":
        path, value = action.split()
        name = names.get(path, path)
        total = (plain(before[name]) if name in before else 0) + plain(values[value])
        after[name] = {"N": str(total)}
    elif verb == "SET":
        path, value = (one.strip() for one in action.split("=", 1))
        after[names.get(path, path)] = _set_value(value, before, names, values)
    else:
        raise NotImplementedError(f"update clause {verb}")


def _set_value(text: str, before: Item, names: Mapping[str, str], values: Values) -> Any:
    known = re.fullmatch(r"if_not_exists\((\S+),\s*(\S+)\)", text)
    if known:
        name = names.get(known.group(1), known.group(1))
        return before[name] if name in before else values[known.group(2)]
    if text in values:
        return values[text]
    raise NotImplementedError(f"update value {text!r}")
