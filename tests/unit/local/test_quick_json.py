"""The emulator's JSON, read and printed by orjson, means the same; what is none is refused."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.core.responses import json_response

from dayfold_local import quick_json

letters = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    st.none() | st.booleans() | numbers | letters,
    lambda inner: st.lists(inner) | st.dictionaries(letters, inner),
)


@given(documents)
def test_a_document_is_read_and_printed_with_the_same_meaning(document: Any) -> None:
    # Given a document, and the standard library's text of it
    text = json.dumps(document)
    # When it is read, and printed in the two ways that the emulator asks for
    read = quick_json.loads(text.encode())
    printed = [quick_json.dumps(document), quick_json.dumps(document, ensure_ascii=False)]
    # Then nothing has changed
    assert [read, *map(json.loads, printed)] == [document] * 3


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": nope}', b"\xff", None, 3])
def test_what_is_no_json_is_refused_in_the_library_s_words(text: Any) -> None:
    # Given what json.loads refuses
    with pytest.raises((ValueError, TypeError)) as expected:
        json.loads(text)
    # When it is read
    with pytest.raises((ValueError, TypeError)) as refused:
        quick_json.loads(text)
    # Then the refusal is the same
    assert (type(refused.value), str(refused.value)) == (
        type(expected.value),
        str(expected.value),
    )


def test_letters_cut_in_half_are_read_as_the_library_reads_them() -> None:
    # Given half of a pair of code units, which orjson refuses
    text = '{"a": "\\ud800"}'
    # When / Then
    assert quick_json.loads(text) == json.loads(text)


@pytest.mark.parametrize("value", [dt.date(2025, 1, 1), {1, 2}, object()])
def test_what_json_cannot_print_is_refused(value: object) -> None:
    # Given a value that is no JSON; When / Then
    with pytest.raises(TypeError, match="not JSON serializable"):
        quick_json.dumps({"a": value})


def test_other_ways_of_printing_are_the_library_s() -> None:
    # Given
    document = {"b": [1, "é"], "a": 2**70}
    # When / Then
    assert quick_json.dumps(document, sort_keys=True) == json.dumps(document, sort_keys=True)
    assert json.loads(quick_json.dumps(document)) == document


def test_an_answer_has_the_emulator_s_shape() -> None:
    # Given an answer of the emulator
    status, headers, body = json_response({"Items": ["é"]}, 400)
    # When
    mine = quick_json.json_response({"Items": ["é"]}, 400)
    # Then
    assert mine[:2] == (status, headers)
    assert json.loads(mine[2]) == json.loads(body)


def test_the_bytes_of_a_request_are_read_once_and_others_are_read() -> None:
    # Given a reader, and two requests of the same text
    reader = quick_json.LastRead()
    first, second = (b'{"a": [%d]}' % 1 for _ in range(2))
    # When they are read, and one after its like
    found = [
        reader.loads(first),
        reader.loads(first),
        reader.loads(second),
        reader.loads('{"b":1}'),
    ]
    # Then only the very same bytes are not read again
    assert found == [{"a": [1]}, {"a": [1]}, {"a": [1]}, {"b": 1}]
    assert found[0] is found[1]
    assert found[1] is not found[2]
