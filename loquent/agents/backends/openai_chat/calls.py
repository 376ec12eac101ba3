"""Reads the calls of functions in an answer, which arrive in pieces. Pure."""

import json
from dataclasses import dataclass
from typing import Any

MAX_CALLS = 20
MAX_NAME = 200
MAX_ARGUMENTS = 20_001


@dataclass(slots=True)
class FunctionCall:
    """A call as the model wrote it. `arguments` should be JSON."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class CallReader:
    """Joins the pieces of each call by their index, and by their id where an index is reused."""

    def __init__(self) -> None:
        self.calls: list[FunctionCall] = []
        self._by_index: dict[int, FunctionCall] = {}

    @property
    def names(self) -> list[str]:
        """The names of the called functions, as far as they have arrived."""
        return [call.name for call in self.calls if call.name]

    def read(self, message: dict[str, Any]) -> list[str]:
        """Take over the pieces of a message; return those of arguments."""
        found = message.get("tool_calls")
        pieces = list(found) if isinstance(found, list) else []
        if isinstance(older := message.get("function_call"), dict):
            pieces.append({"index": 0, "function": older})
        arguments: list[str] = []
        for position, piece in enumerate(pieces):
            function = piece.get("function") if isinstance(piece, dict) else None
            if not isinstance(function, dict):
                continue
            if isinstance(text := function.get("arguments"), dict):
                function = {**function, "arguments": _dumped(text)}
            call = self._call(piece, position)
            text = function.get("arguments")
            if isinstance(text, str) and text:
                arguments.append(text)
            if call is not None:
                _add(call, function)
        return arguments

    def _call(self, piece: dict[str, Any], position: int) -> FunctionCall | None:
        index = piece.get("index")
        index = index if isinstance(index, int) else position
        name = piece.get("id")
        key = name if isinstance(name, str) and len(name) <= MAX_NAME else ""
        call = self._by_index.get(index)
        if call is None or (key and call.id and key != call.id):
            if len(self.calls) >= MAX_CALLS:
                return None
            call = FunctionCall()
            self.calls.append(call)
            self._by_index[index] = call
        call.id = call.id or key
        return call


def _add(call: FunctionCall, function: dict[str, Any]) -> None:
    name, arguments = function.get("name"), function.get("arguments")
    # Some endpoints repeat the whole name with each piece of the arguments.
    if isinstance(name, str) and name != call.name:
        call.name = (call.name + name)[:MAX_NAME]
    if isinstance(arguments, str):
        call.arguments = (call.arguments + arguments)[:MAX_ARGUMENTS]


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value)
