"""Reads from an endpoint's error document what it does not accept. Pure.

Every provider words its errors differently, and most of them name the field. Only what an endpoint
says itself counts, not what it quotes of the request: a visitor's words must not change anything.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

# Parts of error documents that quote the request, or only name the request.
_QUOTING = frozenset(
    [
        "input",
        "input_value",
        "ctx",
        "url",
        "request",
        "request_body",
        "body",
        "messages",
        "content",
        "prompt",
        "failed_generation",
        "request_id",
        "requestid",
        "user_id",
    ]
)
# Fields of the request that an error document may name as a key: `{"errors": {"temperature": …}}`.
_FIELDS = re.compile(r"\W*(temperature|stream|stream_?options|tools|max_\w*tokens)", re.IGNORECASE)
_MAX_DEPTH = 8

_TOO_LONG = re.compile(
    r"context[ _-]?(length|window|size|limit|exceed)|exceed_context|maximum context|context is too"
    r"|(prompt|input|message|messages|conversation|request)( is| are|s are)? too (long|large|many)"
    r"|too many (input )?tokens|(input|prompt) (token|length)[^.]{0,80}(exceed|max|greater|more)"
    r"|reduce (the length|your (message|prompt|input))|max_model_len|max_prompt_tokens|n_ctx"
    r"|(maximum|max) (input|prompt|sequence) (length|size|tokens)|string_above_max_length"
    r"|longer than the (model|maximum)|tokens? (to keep|exceeds?)[^.]{0,80}context"
    r"|context overflow|token limit|range of input length|prompt is [^.]{0,60}exceed"
    r"|exceed(s|ed)? (the |this )?model('s|’s)? (maximum|limit|context)"
    r"|(输入|上下文|提示)[^。]{0,20}(超过|超出|超长|过长)"
    r"|tokens['\"`]? \+ ['\"`]?max_|must have less than \d+ tokens"
)
_REFUSED = re.compile(
    r"not (be )?(support|allow|enabl|permit|accept|valid|one of|recogni)|unsupported|unexpected"
    r"|does(n't|n’t| not) (support|accept|allow)|invalid|cannot|can't|must alternate|only"
    r"|unknown|must be (one of|verified)|不支持|非法|无效"
)
_SYSTEM_ROLE = re.compile(
    r"(system|developer)[ '\"`_-]*(role|message|prompt|instruction)"
    r"|roles?\b.{0,80}\b(system|developer)\b|\bgot system\b"
    r"|(support|allow|accept|value:?|input:?) ['\"`](system|developer)['\"`]"
    r"|only user[^.]{0,40}assistant[^.]{0,40}role|role['\"`]? must be one of"
    r"|['\"`]system['\"`] is not|system ?角色"
)
_USE_DEVELOPER = re.compile(
    r"(supported values|allowed values|expected|use|one of)[^.]{0,60}['\"`]developer['\"`]"
)
_ALTERNATE = re.compile(r"roles must alternate|first message must be [^.]{0,20}\buser\b")
_OPTIONAL_SYSTEM = re.compile(r"optional system")
_CAP = re.compile(
    r"max[ _]?(completion_|output_)?tokens['\"`]? (value )?(must|should)"
    r"|maximum tokens you requested exceed"
)
_RANGE = re.compile(
    r"range|between|at most|too (large|high|big)|less than|greater than|maximum|exceed|<=|≤|max\b"
    r"|>|范围|超过"
)
# Not the digits of a name (`gpt-4`), nor those behind a decimal point.
_NUMBER = re.compile(r"(?<![a-z_\d])(?<![a-z]-)(?<!\d\.)\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")
_STREAMING = re.compile(
    r"['\"`]stream['\"`]|stream(ing|=true)?( mode)?( is| are)? not|(not|n't) support stream"
    r"|verified to stream"
)
_TOOLS = re.compile(r"\btools?\b|tool[-_ ](choice|call|use)|function[-_ ]?call|\bfunctions\b")
_NO_TOOLS = re.compile(r"requires?\b|no endpoints found|not available|not implemented")
_FILTERED = re.compile(
    r"content[ _]?(filter|management policy|policy)|responsibleai|moderation|flagged"
)
_NO_QUOTA = re.compile(
    r"insufficient_quota|exceeded your current quota|insufficient (balance|credit)"
)


class Complaint:
    """What an endpoint says is wrong with a request, in lower case."""

    def __init__(self, body: bytes, status: int) -> None:
        self.words = _words_of(body)
        self.status = status

    @property
    def is_about_request(self) -> bool:
        """Whether the status blames the request; 200: an error document in place of an answer."""
        return self.status in {200, 400, 422}

    @property
    def is_teachable(self) -> bool:
        """Whether the request may be at fault; llama.cpp and others answer 500 for some faults."""
        return self.is_about_request or self.status in {413, 500}

    @property
    def is_too_long(self) -> bool:
        """Whether the conversation does not fit into the model's context."""
        if self.status == 413:
            return True
        # Some explain a maximum answer length that is too high by the context, too.
        return _TOO_LONG.search(self.words) is not None and _CAP.search(self.words) is None

    @property
    def is_filtered(self) -> bool:
        """Whether the endpoint's filter refused the conversation."""
        return self.status in {200, 400, 403, 422} and _FILTERED.search(self.words) is not None

    @property
    def is_out_of_quota(self) -> bool:
        """Whether the account has no quota left, so that another attempt is useless."""
        return _NO_QUOTA.search(self.words) is not None

    @property
    def is_about_streaming(self) -> bool:
        """Whether the model cannot stream."""
        return _STREAMING.search(self.words) is not None and _REFUSED.search(self.words) is not None

    @property
    def is_about_tools(self) -> bool:
        """Whether the model cannot call functions; some say so with 404, 500 or 501."""
        if self.status not in {200, 400, 404, 422, 500, 501} or not _TOOLS.search(self.words):
            return False
        return bool(_REFUSED.search(self.words) or _NO_TOOLS.search(self.words))

    def names(self, field: str) -> bool:
        """Return whether the field is named as a separate word, in any spelling.

        Letters of other scripts end a word: Chinese has no spaces.
        """
        name = re.escape(field.lower()).replace("_", "[ _-]?")
        return re.search(rf"(?<![\w-]){name}(?![\w-])", self.words, re.ASCII) is not None

    def maximum(self, value: float) -> float | None:
        """Return the highest number below `value` that is named as a limit; None if none is."""
        if _RANGE.search(self.words) is None:
            return None
        numbers = _NUMBER.findall(self.words)
        lower = [n for text in numbers if (n := float(text.replace(",", ""))) < value]
        return max(lower, default=None)

    def role_for_prompt(self, role: str) -> Literal["developer", "user"] | None:
        """Return the role in which to send the system prompt instead; None to keep it."""
        words = self.words
        if role == "system" and _USE_DEVELOPER.search(words):
            return "developer"
        if _ALTERNATE.search(words):
            return None if _OPTIONAL_SYSTEM.search(words) else "user"
        return "user" if _SYSTEM_ROLE.search(words) and _REFUSED.search(words) else None


def _words_of(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    if text.startswith("<"):
        return ""  # a proxy's page
    return " ".join(_strings(text, 0)).lower()


def _strings(value: Any, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        for name, part in value.items():
            if str(name).lower() not in _QUOTING:
                if _FIELDS.fullmatch(str(name)) and isinstance(part, (str, list)):
                    yield f"'{name}'"
                yield from _strings(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part, depth + 1)
    elif isinstance(value, str):
        if (inner := _json_in(value)) is not None:
            yield from _strings(inner, depth + 1)
        else:
            yield value if " " in value or not value.isascii() else f"'{value}'"


def _json_in(text: str) -> Any:
    """Return what a JSON text holds: some gateways put the provider's document into a string."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
