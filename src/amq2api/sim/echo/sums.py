"""Simple arithmetic, read from text: + - * / ^ with the usual precedence and brackets."""

import operator
import re
from collections.abc import Callable

_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|[-+*/^()]")
_SPELLED = str.maketrans({"×": "*", "÷": "/", "x": "*"})
_LONGEST = 200
_LARGEST = 1e15
_OPERATORS: dict[str, tuple[int, Callable[[float, float], float]]] = {
    "+": (1, operator.add),
    "-": (1, operator.sub),
    "*": (2, operator.mul),
    "/": (2, operator.truediv),
    "^": (3, operator.pow),
}


def worked_out(text: str) -> str | None:
    """The result, or None if this is no sum one can work out."""
    spelled = text.translate(_SPELLED)
    tokens = _TOKEN.findall(spelled)
    if len(text) > _LONGEST or "".join(tokens) != re.sub(r"\s", "", spelled):
        return None
    try:
        value, rest = _expression(tokens, 1)
    except (ValueError, ArithmeticError):
        return None
    return None if rest else _written(value)


def _expression(tokens: list[str], lowest: int) -> tuple[float, list[str]]:
    left, tokens = _operand(tokens)
    while tokens and tokens[0] in _OPERATORS and _OPERATORS[tokens[0]][0] >= lowest:
        precedence, apply = _OPERATORS[tokens[0]]
        right, tokens = _expression(tokens[1:], precedence + 1)
        if apply is operator.pow and (abs(left) > 1000 or abs(right) > 64):
            raise ValueError("too large")
        left = apply(left, right)
        if isinstance(left, complex) or abs(left) > _LARGEST:
            raise ValueError("too large")
    return left, tokens


def _operand(tokens: list[str]) -> tuple[float, list[str]]:
    if not tokens:
        raise ValueError("something is missing")
    first, *rest = tokens
    if first == "-":
        value, rest = _operand(rest)
        return -value, rest
    if first == "(":
        value, rest = _expression(rest, 1)
        if rest[:1] != [")"]:
            raise ValueError("a bracket is missing")
        return value, rest[1:]
    return (float(first) if "." in first else int(first)), rest


def _written(value: float) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)
