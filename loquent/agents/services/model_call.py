"""The metrics and traces of a backend call."""

import asyncio
import time
from types import TracebackType
from typing import Self

from loquent.agents.metering import TokenMeter
from loquent.telemetry import tracing
from loquent.telemetry.metrics import MODEL_CALLS, MODEL_FIRST_TOKEN, MODEL_TOKENS


class ModelCall:
    """One call, as a context: the block's outcome is that of the call.

    `backend` is the provider's name, of which there are few; a model's name is staff's text.
    `meter`: the tokens that the endpoint reported, however the call ended.
    """

    def __init__(self, backend: str, meter: TokenMeter) -> None:
        self._backend = backend
        self._meter = meter
        self._began = time.perf_counter()
        self._has_text = False
        # An answer is a generator: a current span would leak into its consumer.
        self._span = tracing.begin("model call")
        self._span.set("loquent.backend", backend)

    def __enter__(self) -> Self:
        return self

    def has_text(self) -> None:
        """Record that a text arrived; only the first one counts."""
        if not self._has_text:
            self._has_text = True
            elapsed = time.perf_counter() - self._began
            MODEL_FIRST_TOKEN.labels(self._backend).observe(elapsed)
            self._span.event("first token")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            outcome = "complete"
        elif issubclass(kind, GeneratorExit | asyncio.CancelledError):
            outcome = "stopped"
        else:
            outcome = "failed"
            self._span.fail(kind.__name__)
        counts = (("input", self._meter.input_tokens), ("output", self._meter.output_tokens))
        for name, count in counts:
            if count is not None:
                MODEL_TOKENS.labels(self._backend, name).inc(count)
                self._span.set(f"gen_ai.usage.{name}_tokens", count)
        MODEL_CALLS.labels(self._backend, outcome).inc()
        self._span.set("loquent.outcome", outcome)
        self._span.end()
