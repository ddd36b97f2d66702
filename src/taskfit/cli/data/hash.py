"""The command `data hash`: a test set as hashes, to be looked for with `data check --known`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskfit.cli.command import Argument, Command, Stage
from taskfit.cli.flags import Block
from taskfit.core.text import Text


def command() -> Command:
    """Return the command."""
    return Command(
        "hash",
        Text(
            "hash a test set: others can look for its rows without seeing them (data check --known)",
            "将测试集转为哈希：他人无需看到内容即可查找其中的行（data check --known）",
        ),
        run,
        (
            Argument("file", Text("the test rows", "测试数据文件")),
            Argument("out", Text("the file of hashes to write", "要写出的哈希文件")),
        ),
        _blocks,
        "taskfit data hash test.jsonl test.hashes.json",
    )


def _blocks() -> tuple[Block, ...]:
    from taskfit.app.data.hash import HashSettings
    from taskfit.cli.bridge import blocks_of

    return blocks_of(HashSettings)


def run(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command."""
    from taskfit.app.data.hash import HashSettings, hash_test

    own = {key: value for key, value in values.items() if key not in ("file", "out")}
    settings = HashSettings.read(own, lines={key: f"--{key}".replace("_", "-") for key in own})
    done = hash_test(str(values["file"]), Path(values["out"]), settings)
    told = Text(
        f"{done.rows:,} rows of '{done.name}' as hashes: {done.file}",
        f"已将 '{done.name}' 的 {done.rows:,} 行写为哈希：{done.file}",
    )
    print(told)  # noqa: T201
