"""A model folder, looked at before anything in it is loaded: weights only from safetensors, no code, possible sizes."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from taskfit.core.errors import Finding, ModelError
from taskfit.core.text import Text

TINY = Path(__file__).parent / "tiny"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
INDEX = "model.safetensors.index.json"
# Keys of config.json that ask for what is never done: running the model's code, reading packed numbers.
REFUSED = {
    "auto_map": Text(
        "asks to run code that comes with the model; taskfit never does", "要求运行模型自带的代码，taskfit 一律不执行"
    ),
    "_attn_implementation_internal": Text("asks for code of its own", "要求运行自带的代码"),
    "quantization_config": Text(
        "the weights are quantised; give the model with plain weights", "权重是量化的；请使用未量化的模型"
    ),
}
SIZES = (
    "hidden_size",
    "n_embd",
    "num_hidden_layers",
    "n_layer",
    "vocab_size",
    "num_attention_heads",
    "n_head",
    "num_key_value_heads",
    "intermediate_size",
    "n_inner",
    "max_position_embeddings",
    "n_positions",
)
Shapes = dict[str, tuple[int, ...]]
LAYERS = ("num_hidden_layers", "n_layer")


def find_folder(name: str, *, online: bool) -> Path:
    """Return the folder that `name` stands for; download it only when `online`."""
    if name == "tiny":
        return TINY
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if not online:
        raise ModelError(
            Text(f"there is no model folder '{name}'", f"没有模型目录 '{name}'"),
            todo=Text(
                "name a folder, or 'tiny', or allow a download from the hub with --online",
                "请给出目录或 'tiny'，或用 --online 允许从 hub 下载",
            ),
        )
    return _download(name)


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        kept = ["*.safetensors", "*.json", "*.jinja", "*.model", "*.txt"]
        return Path(snapshot_download(name, allow_patterns=kept))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as problem:
        raise ModelError(Text(f"cannot download '{name}': {problem}", f"无法下载 '{name}'：{problem}")) from problem


def read_config(folder: Path) -> dict[str, Any]:
    """Return config.json of a model folder; refuse pickles, remote code, adapters, folders without safetensors."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(
            Text("no config.json: this is not a model folder", "没有 config.json：这不是模型目录"), where=str(folder)
        )
    config = _object(path)
    if not list(folder.glob("*.safetensors")):
        raise _no_weights(folder)
    if (folder / "adapter_config.json").is_file():
        raise ModelError(
            Text("an adapter lies beside the weights", "权重旁边有一个适配器"),
            where=str(folder / "adapter_config.json"),
            todo=Text("move it to a folder of its own", "请把它移到单独的目录"),
        )
    check_config(config, path)
    _check_index(folder)
    return config


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as problem:
        raise ModelError(
            Text(f"not valid JSON: {problem}", f"不是有效的 JSON：{problem}"), where=str(path)
        ) from problem
    if not isinstance(value, dict):
        raise ModelError(Text("a JSON object was expected", "应为一个 JSON 对象"), where=str(path))
    return value


def _no_weights(folder: Path) -> ModelError:
    if any(list(folder.glob(kind)) for kind in PICKLES):
        return ModelError(
            Text("the weights are pickle files, which can run code", "权重是 pickle 文件，可能执行代码"),
            where=str(folder),
            todo=Text("convert the weights to safetensors first", "请先把权重转换为 safetensors"),
        )
    return ModelError(Text("no .safetensors weights here", "这里没有 .safetensors 权重"), where=str(folder))


def check_config(config: dict[str, Any], path: Path) -> None:
    """Refuse a config that asks for code of its own, or has impossible sizes; all findings at once."""
    findings = [
        Finding(str(path), Text(f"'{key}': {why.en}", f"'{key}'：{why.zh}"))
        for key, why in REFUSED.items()
        if key in config
    ]
    for key in SIZES:
        value = config.get(key)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10_000_000:
            what = Text(f"'{key}' = {value!r} is not a possible size", f"'{key}' = {value!r} 不是可能的大小")
            findings.append(Finding(str(path), what))
    if findings:
        raise ModelError(findings)


def _check_index(folder: Path) -> None:
    if not (folder / INDEX).is_file():
        return
    parts = _object(folder / INDEX).get("weight_map")
    names = sorted({str(name) for name in parts.values()}) if isinstance(parts, dict) else []
    wrong = [name for name in names if Path(name).name != name or not (folder / name).is_file()]
    if wrong or not names:
        listed = ", ".join(wrong[:5]) or "-"
        raise ModelError(
            Text(f"names weight files that are not here: {listed}", f"列出的权重文件不在此目录：{listed}"),
            where=str(folder / INDEX),
        )


def read_shapes(folder: Path) -> Shapes:
    """Return the name and shape of every tensor in the folder's safetensors; only headers are read."""
    shapes: Shapes = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, "np") as file:
                shapes |= {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as problem:
            raise ModelError(
                Text(f"damaged weights: {problem}", f"权重文件已损坏：{problem}"),
                where=str(path),
                todo=Text("copy or download the file again", "请重新复制或下载该文件"),
            ) from problem
    return shapes


def check_layers(config: dict[str, Any], shapes: Shapes, path: Path) -> None:
    """Refuse more layers than there are tensors, before anything is made for them."""
    for key in LAYERS:
        if int(config.get(key) or 0) > len(shapes):
            raise ModelError(
                Text(
                    f"'{key}' = {config[key]}, but the weights hold only {len(shapes)} tensors",
                    f"'{key}' = {config[key]}，而权重中只有 {len(shapes)} 个张量",
                ),
                where=str(path),
            )
