"""Shorter ways through the emulator, same answers: what it works out anew at each request is kept.

A rebuild makes some ten calls for each partition, and all of them pass through one thread, which
parsed each role's policies three times a call, checked and split the same few expressions for each
item of a query, and copied items by the general means of the language.
"""

from __future__ import annotations

import functools
import json
import re
import time
import types
from typing import TYPE_CHECKING, Any, Final

from dayfold_local import quick_json, quick_objects, quick_updates

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_KEPT: Final = 4096
_FIRST_PAUSE: Final = 0.15
_MOMENT: Final = 0.25  # seconds
_RANGE: Final = re.compile(
    r"\s*(?P<pk>#?\w+)\s*=\s*(?P<value>:\w+)\s+AND\s+(?:"
    r"(?P<between>#?\w+)\s+BETWEEN\s+(?P<low>:\w+)\s+AND\s+(?P<high>:\w+)"
    r"|begins_with\s*\(\s*(?P<begins>#?\w+)\s*,\s*(?P<prefix>:\w+)\s*\))\s*",
    re.IGNORECASE,
)


def install() -> None:
    """Puts the shorter ways into the emulator's services."""
    from ministack import app
    from ministack.core import iam_evaluator
    from ministack.services import dynamodb, stepfunctions

    iam_evaluator.parse_policy_document = _parsed_once(iam_evaluator.parse_policy_document)
    matches = iam_evaluator._action_matches  # noqa: SLF001 - no setting for it
    iam_evaluator._action_matches = _matched_once(matches)  # noqa: SLF001
    principals = Principals(iam_evaluator.resolve_principal)
    iam_evaluator.resolve_principal = principals.resolve
    app.SERVICE_HANDLERS["iam"] = principals.forgetting(app.SERVICE_HANDLERS["iam"])
    dynamodb.copy = types.SimpleNamespace(deepcopy=copied)
    tokens = functools.lru_cache(_KEPT)(dynamodb._tokenize)  # noqa: SLF001 - no setting for it
    dynamodb._tokenize = lambda expression: list(tokens(expression))  # noqa: SLF001
    check = dynamodb._condition_syntax_error  # noqa: SLF001
    dynamodb._condition_syntax_error = functools.lru_cache(_KEPT)(check)  # noqa: SLF001
    dynamodb._evaluate_condition = _ranges_first(dynamodb._evaluate_condition)  # noqa: SLF001
    stepfunctions.time = _Promptly()
    quick_json.install()
    quick_objects.install()
    quick_updates.install()


class _Promptly:
    """The module `time` as Step Functions' interpreter sees it: executions begin at once.

    It lets each sleep for a moment before its first state.
    """

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        return getattr(time, name)

    @staticmethod
    def sleep(seconds: float) -> None:
        """Sleeps, but for that moment."""
        if seconds != _FIRST_PAUSE:
            time.sleep(seconds)


def copied(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A copy, all the way down, of what JSON holds (and sets), which is all that items hold."""
    kind = type(value)
    if kind is dict:
        return {key: copied(one) for key, one in value.items()}
    if kind is list:
        return [copied(one) for one in value]
    if kind in {str, int, float, bool, bytes} or value is None:
        return value
    import copy

    return copy.deepcopy(value)


class Principals:
    """Who a key belongs to, with the policies: a call asks it three times, a query for each file.

    An answer is good for a moment, and until IAM is called.
    """

    def __init__(self, resolve: Callable[..., Any]) -> None:
        self._resolve = resolve
        self._kept: dict[tuple[str, str], tuple[float, Any]] = {}

    def resolve(self, access_key: str, account: str, credential: Any = None) -> Any:  # noqa: ANN401
        """As the emulator's."""
        now = time.monotonic()
        until, found = self._kept.get((access_key, account), (0.0, None))
        if until > now:
            return found
        found = self._resolve(access_key, account, credential)
        if len(self._kept) > _KEPT:
            self._kept.clear()
        if hasattr(found, "policies"):  # no refusal
            self._kept[access_key, account] = (now + _MOMENT, found)
        return found

    def forgetting(self, handle: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """IAM's own calls, after which nothing is known."""

        async def handled(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            try:
                return await handle(*arguments, **named)
            finally:
                self._kept.clear()

        return handled


def _parsed_once(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Policies by their text: a policy that is changed has another text, so it is parsed again."""

    @functools.lru_cache(_KEPT)
    def parsed(text: str) -> Any:  # noqa: ANN401 - as the emulator's
        return parse(text)

    def parse_once(document: Any) -> Any:  # noqa: ANN401 - as the emulator's
        if not isinstance(document, str):
            document = json.dumps(document)
        return parsed(document)

    return parse_once


def _matched_once(matches: Callable[..., bool]) -> Callable[..., bool]:
    """Whether a statement is about an action: asked for each file, and always the same."""

    @functools.lru_cache(_KEPT)
    def known(action: str, actions: tuple[str, ...], others: tuple[str, ...]) -> bool:
        return matches(action, list(actions), list(others))

    return lambda action, actions, others: known(action, tuple(actions), tuple(others))


def _ranges_first(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """A query's range of sort keys, text by text; all else is the emulator's to evaluate."""

    def evaluated(
        expression: str,
        item: dict[str, Any],
        values: dict[str, Any],
        names: dict[str, str],
        slot: str = "ConditionExpression",
    ) -> Any:  # noqa: ANN401
        found = _range(expression) if slot == "KeyConditionExpression" else None
        if found is not None:
            verdict = _in_range(found, item, values, names)
            if verdict is not None:
                return verdict
        return evaluate(expression, item, values, names, slot=slot)

    return evaluated


@functools.lru_cache(_KEPT)
def _range(expression: str) -> dict[str, str] | None:
    found = _RANGE.fullmatch(expression)
    return found.groupdict() if found else None


def _in_range(
    found: dict[str, str], item: dict[str, Any], values: dict[str, Any], names: dict[str, str]
) -> bool | None:
    """Whether an item is in a range of text keys; None where something else is compared."""
    named = found["between"] or found["begins"]
    try:
        pk = item[names.get(found["pk"], found["pk"])]
        sk = item[names.get(named, named)]["S"]
        if pk != values[found["value"]]:
            return False
        if found["between"]:
            return bool(values[found["low"]]["S"] <= sk <= values[found["high"]]["S"])
        return bool(sk.startswith(values[found["prefix"]]["S"]))
    except KeyError:
        return None
