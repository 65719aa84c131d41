"""Values that satisfy a JSON Schema, as far as the keywords of tool and output schemas go."""

from typing import Any

_DEEPEST = 12  # a schema may refer to itself


def sample(schema: Any, words: str, *, every: bool = False) -> Any:
    """A value that satisfies *schema*, with *words* for its texts.

    Args:
        every: Whether members that are not required are given too.
    """
    return _Sampler(schema, words, every).value(schema, 0)


class _Sampler:
    def __init__(self, root: Any, words: str, every: bool) -> None:
        self._root, self._words, self._every = root, words, every

    def value(self, schema: Any, depth: int) -> Any:
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return self._words
        schema = self._resolved(schema)
        for name, pick in (("const", _whole), ("enum", _first), ("default", _whole)):
            if schema.get(name) not in (None, []):
                return pick(schema[name])
        for name in ("oneOf", "anyOf"):
            if isinstance(schema.get(name), list) and schema[name]:
                return self.value(schema[name][0], depth + 1)
        return self._of_kind(schema, depth)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        for _ in range(_DEEPEST):
            reference = schema.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#/"):
                break
            found = self._root
            for part in reference[2:].split("/"):
                found = found.get(part) if isinstance(found, dict) else None
            schema = found if isinstance(found, dict) else {}
        return schema

    def _of_kind(self, schema: dict[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        kinds = kind if isinstance(kind, list) else [kind]
        if "object" in kinds or "properties" in schema:
            return self._object(schema, depth)
        if "array" in kinds:
            least = max(1 if self._every else 0, int(schema.get("minItems", 0)))
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(least)]
        if "integer" in kinds or "number" in kinds:
            return _number(schema)
        if "boolean" in kinds:
            return False
        return None if kinds == ["null"] else self._text(schema)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        required = schema.get("required") or []
        names = list(properties) if self._every else [n for n in required if n in properties]
        if not names and not self._every:
            names = list(properties)[:1]
        return {name: self.value(properties[name], depth + 1) for name in names}

    def _text(self, schema: dict[str, Any]) -> str:
        words = self._words
        most, least = schema.get("maxLength"), schema.get("minLength", 0)
        if isinstance(most, int):
            words = words[:most]
        return words.ljust(least, ".") if isinstance(least, int) else words


def _whole(value: Any) -> Any:
    return value


def _first(values: Any) -> Any:
    return values[0] if isinstance(values, list) else values


def _number(schema: dict[str, Any]) -> float:
    for name, step in (("minimum", 0), ("exclusiveMinimum", 1)):
        if isinstance(schema.get(name), int | float) and not isinstance(schema[name], bool):
            least: float = schema[name] + step
            return max(least, 1) if "maximum" not in schema else least
    most = schema.get("maximum")
    return min(1, most) if isinstance(most, int | float) else 1
