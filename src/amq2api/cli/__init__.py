"""The command line: the one place that builds things."""


def main() -> None: ...
