"""Serializers with strict text fields: a number instead of a text is an error."""

from typing import Any, TypeVar

from django.db import models
from rest_framework import serializers

from loquent.text import unix_lines

M = TypeVar("M", bound=models.Model)


class TextField(serializers.CharField):
    """A string; DRF's own would turn 5 into "5"."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class LongTextField(TextField):
    """A text of several lines, with line feeds only, as admin forms store it."""

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(unix_lines(data) if isinstance(data, str) else data)


class SwitchField(serializers.BooleanField):
    """True or false; DRF's own would also accept "no", 0 and the like."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictSerializer(serializers.ModelSerializer[M]):
    """A ModelSerializer whose texts are `TextField`s and `LongTextField`s."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: TextField,
        models.TextField: LongTextField,
    }
