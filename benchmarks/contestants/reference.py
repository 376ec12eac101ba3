"""The raw reference: `websockets` and the model's tokens, nothing else."""

from benchmarks.dialects import PlainDialect
from benchmarks.stage import Contestant, Stage
from loquent.testing.ports import free_port


def start_reference(stage: Stage, *, gather: float = 0.0, name: str = "reference") -> Contestant:
    """Start it; `gather`: seconds for which tokens are gathered into one frame."""
    port = free_port()
    process = stage.start(
        name,
        (
            *("-m", "benchmarks.apps.reference", "--port", str(port)),
            *("--model-port", str(stage.model.port), "--gather", str(gather)),
        ),
        port,
    )
    return Contestant(name, process, PlainDialect)
