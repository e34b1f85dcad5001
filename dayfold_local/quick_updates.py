"""A shorter way through the emulator's updates of items: same items, expressions read once.

Most of the ledger's updates are `SET #a = :a, ... REMOVE #b`. The emulator splits such a text into
tokens, and copies the item twice, at each of the three times that it applies it; here the names and
values of a text are found once, and what else an update may say is the emulator's to do.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT: Final = 4096
_SET: Final = r"SET #\w+ = :\w+(?:, #\w+ = :\w+)*"
_REMOVE: Final = r"REMOVE #\w+(?:, #\w+)*"
_PLAIN: Final = re.compile(rf"(?P<set>{_SET})?(?:(?(set) )(?P<remove>{_REMOVE}))?", re.ASCII)
_PAIR: Final = re.compile(r"(#\w+) = (:\w+)", re.ASCII)
_NAME: Final = re.compile(r"#\w+", re.ASCII)

Item = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class _Changes:
    """What an expression sets and takes away, by the stand-ins of names and values."""

    values: tuple[tuple[str, str], ...]
    absent: tuple[str, ...]


def install() -> None:
    """Puts the shorter way into the emulator's DynamoDB."""
    from ministack.services import dynamodb

    dynamodb._apply_update_expression = _plain_first(  # noqa: SLF001 - no setting for it
        dynamodb._apply_update_expression  # noqa: SLF001
    )
    dynamodb._validate_expression_attrs = _fine_once(  # noqa: SLF001
        dynamodb._validate_expression_attrs  # noqa: SLF001
    )
    dynamodb._number_size_bytes = _once_a_text(dynamodb._number_size_bytes)  # noqa: SLF001
    dynamodb._number_error = _once_a_text(dynamodb._number_error)  # noqa: SLF001


def _once_a_text(judge: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What is said of a number's text, asked once; of what is no text, each time."""
    known = functools.lru_cache(_KEPT)(judge)
    return lambda number: known(number) if isinstance(number, str) else judge(number)


def _fine_once(check: Callable[..., Any]) -> Callable[..., Any]:
    """Whether expressions and the stand-ins given for them fit: a transaction's items ask the same.

    It is a question of texts and of stand-ins, not of the values that these stand for.
    """
    fine: set[tuple[Any, ...]] = set()

    def checked(request: Item, slots: tuple[str, ...], *rest: Any) -> Any:  # noqa: ANN401
        question = None if rest else _question(request, slots)
        if question in fine:
            return None
        refused = check(request, slots, *rest)
        if refused is None and question is not None:
            if len(fine) > _KEPT:
                fine.clear()
            fine.add(question)
        return refused

    return checked


def _question(request: Item, slots: tuple[str, ...]) -> tuple[Any, ...] | None:
    """Texts and stand-ins of a request; None of one that is not as it should be."""
    texts = tuple(request.get(slot) for slot in slots)
    values = request.get("ExpressionAttributeValues") or {}
    names = request.get("ExpressionAttributeNames") or {}
    as_due = isinstance(values, dict) and isinstance(names, dict)
    if not as_due or not all(text is None or isinstance(text, str) for text in texts):
        return None
    return (slots, texts, tuple(values), tuple(names))


def _plain_first(apply: Callable[..., Any]) -> Callable[..., Any]:
    def applied(
        item: Item,
        expression: str,
        values: Item,
        names: dict[str, str],
        updated: set[tuple[str, ...]] | None = None,
    ) -> tuple[Item, set[tuple[str, ...]]]:
        changes = _changes(expression)
        found = None if changes is None else _applied(changes, item, values, names)
        if found is None:
            answer: tuple[Item, set[tuple[str, ...]]] = apply(
                item, expression, values, names, updated
            )
            return answer
        changed, touched = found
        if updated is None:
            return changed, touched
        updated |= touched
        return changed, updated

    return applied


@functools.lru_cache(_KEPT)
def _changes(expression: str) -> _Changes | None:
    """What a text of the plain form says; None of any other, or that names something twice."""
    found = _PLAIN.fullmatch(expression)
    if not found or not expression:
        return None
    pairs = tuple(_PAIR.findall(found["set"] or ""))
    absent = tuple(_NAME.findall(found["remove"] or ""))
    names = [name for name, _ in pairs] + list(absent)
    return _Changes(pairs, absent) if len(set(names)) == len(names) else None


def _applied(
    changes: _Changes, item: Item, values: Item, names: dict[str, str]
) -> tuple[Item, set[tuple[str, ...]]] | None:
    """The item changed, and the attributes; None where a name or value is not as expected.

    The values of other attributes are shared with the item: the emulator changes none in place.
    """
    changed = dict(item)
    touched: set[tuple[str, ...]] = set()
    try:
        for name, value in changes.values:
            changed[names[name]] = values[value]
            touched.add((names[name],))
        for name in changes.absent:
            changed.pop(names[name], None)
            touched.add((names[name],))
    except KeyError:
        return None
    # Two stand-ins of one attribute are an error, and the emulator knows its words.
    return (changed, touched) if len(touched) == len(changes.values) + len(changes.absent) else None
