"""Size limits of the house: a file has at most 400 lines, a function 80 lines and 6 parameters."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("src", "tests", "scripts", "benchmarks", "examples")
MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_PARAMETERS = 400, 80, 6


def too_large(path: Path) -> Iterator[str]:
    """Yield what is too large in the file `path`, one line for each."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > MOST_LINES:
        yield f"{path}: {lines} lines, at most {MOST_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _function(path, node)


def _function(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if lines > MOST_LINES_OF_A_FUNCTION:
        yield f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {MOST_LINES_OF_A_FUNCTION}"
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    parameters = len([name for name in names if name not in ("self", "cls")])
    is_test = path.parts[0] == "tests"  # fixtures are parameters there
    if parameters > MOST_PARAMETERS and not is_test:
        yield f"{path}:{node.lineno}: {node.name} has {parameters} parameters, at most {MOST_PARAMETERS}"


def main() -> None:
    """Print what is too large; end with 1 when there is anything."""
    paths = sorted(path for folder in FOLDERS for path in Path(folder).rglob("*.py"))
    problems = [line for path in paths for line in too_large(path)]
    for line in problems:
        print(line)
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    main()
