"""The calls of one turn: which are made, how many, and what they lead to."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from loquent.agents.actions.arguments import ArgumentError, check_arguments, digest_of, values_of
from loquent.agents.actions.calling import call_action, idempotency_key
from loquent.agents.actions.records import (
    CallLog,
    Proposal,
    as_written,
    ended_record,
    record_of,
)
from loquent.agents.actions.request import prepare
from loquent.agents.actions.results import CallResult, as_data
from loquent.agents.actions.spec import ActionSpec
from loquent.text import clean_text

MAX_CALLS = 5
MAX_IDENTICAL = 2
MAX_ARGUMENTS = 20_000
INTERRUPTED = CallResult("interrupted", reason="The answer was stopped during the call.")


@dataclass(frozen=True, slots=True)
class Step:
    """What a wish leads to: a result, a confirmation to wait for, or a person."""

    kind: Literal["result", "proposal", "person"]
    spec: ActionSpec | None = None
    result: CallResult | None = None
    proposal: Proposal | None = None
    text: str = ""


def usable(actions: Sequence[ActionSpec], *, can_confirm: bool) -> tuple[ActionSpec, ...]:
    """Return the actions that an agent is offered: changes only if they can be confirmed."""
    return tuple(
        spec for spec in actions if spec.is_offered and (can_confirm or spec.risk != "write")
    )


class TurnCalls:
    """Carries out what a model or a form asks for within the bounds of one turn."""

    def __init__(
        self, actions: Sequence[ActionSpec], log: CallLog, *, is_dry: bool = False
    ) -> None:
        """`is_dry`: nothing is sent; a result says what would be."""
        self._specs = {spec.name: spec for spec in actions}
        self._log = log
        self._is_dry = is_dry
        self._made: Counter[str] = Counter()
        self._is_spent = False
        self.left = MAX_CALLS

    async def run(self, name: str, text: str) -> Step:
        """Carry out a model's call, whose arguments are JSON text."""
        spec = self._specs.get(name)
        if spec is None:
            # It counts, so that the model is not asked again without end.
            self.left -= 1
            return self._refuse("There is no such action.", _unknown(name), _parsed(text))
        return await self.run_action(spec, _parsed(text))

    async def run_action(self, spec: ActionSpec, given: object) -> Step:
        """Carry out an action with arguments from outside, which are checked here."""
        if self.left <= 0:
            reason = "No more calls are possible in this answer."
            # One line of the log is enough, however often the model goes on.
            is_logged, self._is_spent = not self._is_spent, True
            return self._refuse(reason, spec, given, is_logged=is_logged)
        self.left -= 1
        if spec.risk == "person":
            return Step("person", spec)
        try:
            arguments = check_arguments(spec, given)
            if spec.kind == "http":
                prepare(spec, values_of(spec, arguments))
        except ArgumentError as error:
            return self._refuse(f"{error} Nothing was sent.", spec, given)
        digest = digest_of(spec, arguments)
        if spec.risk == "write":
            proposal = Proposal(spec.id, spec.name, spec.title, arguments, digest)
            return Step("proposal", spec, proposal=proposal)
        self._made[digest] += 1
        if self._made[digest] > MAX_IDENTICAL:
            return self._refuse("This has already been called. Use its result.", spec, given)
        return await self._call(spec, arguments, digest)

    async def _call(self, spec: ActionSpec, arguments: dict[str, Any], digest: str) -> Step:
        log = self._log
        # What is true until the call has ended: the visitor may stop the answer.
        record = record_of(spec, arguments, digest, INTERRUPTED)
        log.records.append(record)
        if self._is_dry:
            result = dry_result(spec, arguments)
        else:
            if log.begin is not None:
                await log.begin(record)
            key = idempotency_key(log.key, digest, self._made[digest])
            result = await call_action(spec, arguments, key=key)
        log.records[-1] = ended_record(record, result)
        return Step("result", spec, result=result, text=as_data(spec, result))

    def _refuse(
        self, reason: str, spec: ActionSpec, given: object, *, is_logged: bool = True
    ) -> Step:
        result = CallResult("refused", reason=reason)
        if is_logged:
            self._log.records.append(record_of(spec, as_written(given), "", result))
        text = json.dumps({"outcome": "refused", "reason": reason}, ensure_ascii=False)
        return Step("result", spec, result=result, text=text)


def _unknown(name: str) -> ActionSpec:
    """Return what the log calls an action that the agent does not have, or no longer."""
    name = clean_text(name)[:64]
    return ActionSpec(
        id="", name=name, title=name, description="", kind="http", method="", url="", risk="read",
        version="",
    )  # fmt: skip


def _parsed(text: str) -> object:
    """Return a model's arguments; None if they are not JSON, or too long."""
    try:
        return json.loads(text or "{}") if len(text) <= MAX_ARGUMENTS else None
    except (ValueError, RecursionError):
        return None


def dry_result(spec: ActionSpec, arguments: Mapping[str, Any]) -> CallResult:
    """Return what stands in place of a result where nothing is sent; its reason is the request."""
    if spec.kind == "http":
        request = prepare(spec, values_of(spec, arguments))
        line = f"{request.method} {request.url}" + (f" {request.body}" if request.body else "")
    else:
        line = f"{spec.url} {spec.name}"
    return CallResult("succeeded", {"not sent, because this is a test": line}, reason=line)
