"""What a message may tell of where it was written: shell, editor, repository, diagnostics.

Source: upstream-protocol.md 2.4. Agents send little of it; consoles and IDEs send the rest.
"""

import re
from collections.abc import Mapping

from .shapes import Document, Flag, ListOf, Members, Shape, Text, Union, Whole

__all__ = ["members"]

_DASHED = re.compile(r"[a-z]+(-[a-z0-9]+)*")
_LANGUAGE = re.compile(
    r"python|javascript|java|csharp|typescript|c|cpp|go|kotlin|php|ruby|rust|scala|shell|sql|json"
    r"|yaml|vue|tf|tsx|jsx|plaintext|systemverilog|dart|lua|swift|hcl|powershell|r|abap"
)
_SYSTEMS = frozenset({"macos", "linux", "windows"})
_SHELLS = frozenset({"zsh", "bash", "fish", "pwsh", "nu"})
_KINDS = frozenset({"CODE", "FILE", "PROMPT", "WORKSPACE"})
_RULE = "2.4"


def members(*, closed: bool) -> Mapping[str, Shape]:
    """The members of ``userInputMessageContext`` that are neither tools nor their results."""
    additional = _object(
        {"name": Text(1, None, _DASHED, rule=_RULE), "description": _text(1, 1024)},
        {"innerContext": _text(1, 8192)},
        closed=closed,
    )
    diagnostic = Union(
        {
            "textDocumentDiagnostic": Document(rule=_RULE),
            "runtimeDiagnostic": Document(rule=_RULE),
        },
        rule=_RULE,
    )
    return {
        "envState": _environment(closed),
        "shellState": _shell(closed),
        "gitState": _object({}, {"status": _text(0, 4096)}, closed=closed),
        "editorState": _editor(closed),
        "additionalContext": ListOf(additional, 20),
        "diagnostic": diagnostic,
        "consoleState": Document(rule=_RULE),
        "appStudioContext": Document(rule=_RULE),
        "userSettings": _object({}, {"hasConsentedToCrossRegionCalls": Flag()}, closed=closed),
    }


def _text(least: int, most: int) -> Text:
    return Text(least, most, rule=_RULE)


def _object(
    required: Mapping[str, Shape], optional: Mapping[str, Shape], *, closed: bool
) -> Members:
    return Members(required, optional, rule=_RULE, closed=closed)


def _environment(closed: bool) -> Shape:
    variable = _object({"key": _text(1, 256), "value": _text(1, 1024)}, {}, closed=closed)
    return _object(
        {},
        {
            "operatingSystem": Text(options=_SYSTEMS, rule=_RULE),
            "currentWorkingDirectory": _text(1, 256),
            "environmentVariables": ListOf(variable, 100),
            "timezoneOffset": Whole(-1440, 1440),
        },
        closed=closed,
    )


def _shell(closed: bool) -> Shape:
    command = _object(
        {"command": _text(1, 1024)},
        {
            "directory": _text(0, 256),
            "exitCode": Whole(),
            "stdout": _text(0, 4096),
            "stderr": _text(0, 4096),
        },
        closed=closed,
    )
    return _object(
        {"shellName": Text(options=_SHELLS, rule=_RULE)},
        {"shellHistory": ListOf(command, 20)},
        closed=closed,
    )


def _editor(closed: bool) -> Shape:
    position = _object({"line": Whole(), "character": Whole()}, {}, closed=closed)
    between = _object({"start": position, "end": position}, {}, closed=closed)
    optional: dict[str, Shape] = {
        "document": _document(40_000, {}, closed),
        "cursorState": Union({"position": position, "range": between}, rule=_RULE),
        "relevantDocuments": ListOf(
            _document(40_960, {"type": Text(options=_KINDS, rule=_RULE)}, closed), 100
        ),
        "useRelevantDocuments": Flag(),
        "workspaceFolders": ListOf(Text(rule=_RULE), 100),
    }
    return _object({}, optional, closed=closed)


def _document(most: int, more: Mapping[str, Shape], closed: bool) -> Shape:
    language = _object({"languageName": Text(1, None, _LANGUAGE, rule=_RULE)}, {}, closed=closed)
    symbol = _object(
        {
            "name": Text(rule=_RULE),
            "type": Text(options=frozenset({"DECLARATION", "USAGE"}), rule=_RULE),
        },
        {"source": Text(rule=_RULE)},
        closed=closed,
    )
    optional: dict[str, Shape] = {
        "programmingLanguage": language,
        "text": _text(0, most),
        "documentSymbols": ListOf(symbol, 1000),
        **more,
    }
    return _object({"relativeFilePath": _text(1, 4096)}, optional, closed=closed)
