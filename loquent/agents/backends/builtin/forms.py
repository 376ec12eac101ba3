"""Asks for an action's values one by one, so that it works without a model.

There is no state: a form is found again in the conversation by the questions that it asked.
"""

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from loquent.agents.actions.arguments import ArgumentError, parse_value
from loquent.agents.actions.results import CallResult, shown_lines
from loquent.agents.actions.spec import ActionParameter, ActionSpec
from loquent.agents.backends.builtin.sentences import Sentences, languages, sentences_in
from loquent.agents.search.refusal import MAX_CHOICES
from loquent.agents.types import ChatMessage, Choice

# Then the visitor wants something else.
MAX_WRONG = 3
_EDGES = string.punctuation.replace("#", "").replace("@", "") + "¿¡“”„«»。、？！"
_SIGNS = {"boolean": ("✓", "✗")}


@dataclass(slots=True)
class Form:
    """An action that is being filled in. `wrong`: how many of the last values can't be used."""

    spec: ActionSpec
    say: Sentences
    values: dict[str, Any] = field(default_factory=dict)
    wrong: int = 0

    @property
    def missing(self) -> ActionParameter | None:
        """The next value to ask for."""
        return next(
            (each for each in self.spec.asked if each.required and each.name not in self.values),
            None,
        )

    def question(self, parameter: ActionParameter) -> str:
        """Return the sentence that asks for a value."""
        asked = _asks(self.say, self.spec, parameter)
        return f"{self.say('wrong')} {asked}" if self.wrong else asked

    def choices(self, parameter: ActionParameter) -> tuple[Choice, ...]:
        """Return buttons if there are few values to choose from."""
        values = [str(each) for each in parameter.enum] or list(_SIGNS.get(parameter.type, ()))
        if len(values) > MAX_CHOICES:
            return ()
        return tuple(Choice(title=value, message=value) for value in values)

    def fill_from(self, text: str) -> None:
        """Take over values that a message names and that can't be mistaken for other words."""
        for parameter in self.spec.asked:
            if parameter.name in self.values or not (parameter.pattern or parameter.enum):
                continue
            found = list(_values_in(text, parameter))
            if len(found) == 1:
                self.values[parameter.name] = found[0]


def form_in(messages: Sequence[ChatMessage], actions: Sequence[ActionSpec]) -> Form | None:
    """Return the form whose last question the newest message answers; None if there is none."""
    form: Form | None = None
    answers: list[tuple[ActionParameter, str]] = []
    at = len(messages) - 1
    while at > 0 and messages[at].role == "user" and messages[at - 1].role == "assistant":
        asked = _asked_by(messages[at - 1].content, actions if form is None else [form.spec])
        if asked is None:
            break
        spec, parameter, say = asked
        form = form or Form(spec, say)
        answers.append((parameter, messages[at].content))
        at -= 2
    if form is None:
        return None
    if at >= 0 and messages[at].role == "user":
        form.fill_from(messages[at].content)
    for parameter, text in reversed(answers):
        found = list(_values_in(text, parameter)) if parameter.pattern or parameter.enum else []
        try:
            form.values[parameter.name] = parse_value(parameter, text)
            form.wrong = 0
        except ArgumentError:
            # The value may stand in a sentence.
            form.wrong = 0 if len(found) == 1 else form.wrong + 1
            if len(found) == 1:
                form.values[parameter.name] = found[0]
    return form if form.wrong < MAX_WRONG else None


def shown_result(say: Sentences, spec: ActionSpec, result: CallResult) -> str:
    """Return what a lookup found, in the server's words."""
    if result.outcome != "succeeded":
        is_missing = result.status == 404
        return say("nothing" if is_missing else "unavailable", title=spec.title)
    lines = shown_lines(result.data)
    return "\n".join([f"{spec.title}:", *lines]) if lines else say("nothing", title=spec.title)


def _asks(say: Sentences, spec: ActionSpec, parameter: ActionParameter) -> str:
    return say("enter", title=spec.title, titles=parameter.label)


def _asked_by(
    text: str, actions: Sequence[ActionSpec]
) -> tuple[ActionSpec, ActionParameter, Sentences] | None:
    for spec in actions:
        # Spares the search in all languages for nearly every message.
        if spec.title not in text:
            continue
        for parameter in spec.asked:
            for language in languages():
                say = sentences_in(language)
                if text.endswith(_asks(say, spec, parameter)):
                    return spec, parameter, say
    return None


def _values_in(text: str, parameter: ActionParameter) -> Iterator[Any]:
    for word in dict.fromkeys(text.split()):
        for each in dict.fromkeys((word, word.strip(_EDGES))):
            try:
                value = parse_value(parameter, each)
            except ArgumentError:
                continue
            yield value
            break
