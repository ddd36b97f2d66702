"""The shape of a model by what the user calls it: a folder, a config.json, a name from the table; nothing is downloaded."""

import json
from pathlib import Path

from taskfit.core.errors import ModelError
from taskfit.core.text import Text, did_you_mean
from taskfit.model.folder import SIZES, TINY, check_config
from taskfit.plan.config import shape_of
from taskfit.plan.known import known, names
from taskfit.plan.shape import Shape


def read_shape(name: str) -> Shape:
    """Return the shape of the model `name`; raise ModelError when there is none, or its config cannot be read."""
    path = Path(name).expanduser()
    if name == "tiny":
        path = TINY
    if path.is_dir():
        path = path / "config.json"
    if path.is_file():
        return _from_file(path, path.parent.name if path.name == "config.json" else path.stem)
    found = known(name)
    if found is not None:
        return found
    listed = Text(f"known names: {', '.join(names())}", f"可用的名称：{', '.join(names())}")
    raise ModelError(
        Text(
            f"'{name}' is no folder with a config.json, no config file, and no name that is known here",
            f"'{name}' 不是含 config.json 的目录、不是配置文件，也不是已知的名称",
        ),
        todo=did_you_mean(name.lower(), names()) or listed,
    )


def _from_file(path: Path, name: str) -> Shape:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise ModelError(
            Text(f"not a config that can be read: {problem}", f"无法读取的配置：{problem}"), where=str(path)
        ) from problem
    if not isinstance(config, dict):
        raise ModelError(Text("a JSON object was expected", "应为一个 JSON 对象"), where=str(path))
    # Quantised weights and a model's own code are no matter here: only sizes are read.
    check_config({key: config[key] for key in SIZES if key in config}, path)
    return shape_of(config, name, path)
