"""An action as agents use it: plain data, made from its row. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ParameterType = Literal["string", "integer", "number", "boolean"]
# Who gives a value: the visitor (through the model or a form), a signed identity, or the row.
ParameterSource = Literal["visitor", "verified", "fixed"]
ActionKind = Literal["http", "mcp"]
# Called at once, called after the visitor's confirmation, or left to a person of the team.
Risk = Literal["read", "write", "person"]


@dataclass(frozen=True, slots=True)
class ActionParameter:
    """One value of a call. `value` counts for the source `fixed` only."""

    name: str
    type: ParameterType = "string"
    description: str = ""
    required: bool = True
    enum: tuple[Any, ...] = ()
    pattern: str = ""
    source: ParameterSource = "visitor"
    value: Any = None

    @property
    def label(self) -> str:
        """The parameter in the words of a form."""
        return self.description or self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """An action. Secrets stay encrypted until the call that needs them.

    `version` changes with every change of the row: a confirmation is for one version.
    """

    id: str
    name: str
    title: str
    description: str
    kind: ActionKind
    method: str
    url: str
    risk: Risk
    version: str
    parameters: tuple[ActionParameter, ...] = ()
    response_fields: tuple[str, ...] = ()
    encrypted_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    encrypted_secret: str = field(default="", repr=False)

    @property
    def asked(self) -> tuple[ActionParameter, ...]:
        """The parameters that the visitor's side may give."""
        return tuple(each for each in self.parameters if each.source == "visitor")

    @property
    def is_offered(self) -> bool:
        """Whether the agent may use it: never while a value needs an identity that is not there."""
        return all(each.source != "verified" for each in self.parameters)


def parameter_of(data: Mapping[str, Any]) -> ActionParameter:
    """Return a stored parameter."""
    return ActionParameter(
        name=data["name"],
        type=data.get("type", "string"),
        description=data.get("description", ""),
        required=data.get("required", True),
        enum=tuple(data.get("enum") or ()),
        pattern=data.get("pattern") or "",
        source=data.get("source", "visitor"),
        value=data.get("value"),
    )


def schema_of(parameters: Iterable[ActionParameter]) -> dict[str, Any]:
    """Return the JSON schema of the arguments that a model may give: nothing else is accepted."""
    asked = [each for each in parameters if each.source == "visitor"]
    return {
        "type": "object",
        "properties": {each.name: _property(each) for each in asked},
        "required": [each.name for each in asked if each.required],
        "additionalProperties": False,
    }


def _property(parameter: ActionParameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.type}
    if parameter.description:
        schema["description"] = parameter.description
    if parameter.enum:
        schema["enum"] = list(parameter.enum)
    if parameter.pattern:
        schema["pattern"] = f"^(?:{parameter.pattern})$"
    return schema
