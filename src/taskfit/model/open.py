"""Open a model by name: `tiny`, a folder, a hub name. Weights only from safetensors, never remote code."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from taskfit.core.errors import ModelError
from taskfit.core.model import Ability, ModelCard
from taskfit.core.text import Text
from taskfit.model.local import LocalModel

TINY = Path(__file__).parent / "tiny"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")


def open_local(name: str, *, online: bool = False, dtype: str = "float32", device: str = "cpu") -> LocalModel:
    """Return the local model `name`; raise ModelError when it cannot be used.

    `online` allows a download from the Hugging Face hub when `name` is no folder. `dtype` is that of the
    weights in memory ("float32" or "bfloat16"), `device` where they live ("cpu", "cuda").
    """
    folder = find_folder(name, online=online)
    facts = read_config(folder)
    return _load(name, folder, facts, dtype, device)


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
    """Return config.json of a model folder; refuse pickles, remote code and folders without safetensors."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(
            Text("no config.json: this is not a model folder", "没有 config.json：这不是模型目录"), where=str(folder)
        )
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as problem:
        raise ModelError(
            Text(f"not valid JSON: {problem}", f"不是有效的 JSON：{problem}"), where=str(path)
        ) from problem
    if not list(folder.glob("*.safetensors")):
        has_pickle = any(list(folder.glob(kind)) for kind in PICKLES)
        raise ModelError(
            Text("no .safetensors weights here", "这里没有 .safetensors 权重")
            if not has_pickle
            else Text("the weights are pickle files, which can run code", "权重是 pickle 文件，可能执行代码"),
            where=str(folder),
            todo=Text("convert the weights to safetensors first", "请先把权重转换为 safetensors")
            if has_pickle
            else None,
        )
    check_config(config, path)
    return config


def check_config(config: dict[str, Any], path: Path) -> None:
    """Refuse a config that asks for code of its own or has impossible sizes."""
    for key in ("auto_map", "_attn_implementation_internal"):
        if key in config:
            raise ModelError(
                Text(
                    f"'{key}' asks to run code that comes with the model; taskfit never does",
                    f"'{key}' 要求运行模型自带的代码，taskfit 一律不执行",
                ),
                where=str(path),
            )
    for key in ("hidden_size", "n_embd", "num_hidden_layers", "n_layer", "vocab_size", "num_attention_heads", "n_head"):
        value = config.get(key, 1)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10_000_000:
            raise ModelError(
                Text(f"'{key}' = {value!r} is not a possible size", f"'{key}' = {value!r} 不是可能的大小"),
                where=str(path),
            )


def _load(name: str, folder: Path, facts: dict[str, Any], dtype: str, device: str) -> LocalModel:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

    from taskfit.model.body import FAMILIES, BertBody, body_of
    from taskfit.model.flat import FLAT, register
    from taskfit.model.local import prove_flat, weights_fingerprint
    from taskfit.model.template import PLAIN, read_template
    from taskfit.model.template_check import check_template

    register()
    family = str(facts.get("model_type", ""))
    encoder = FAMILIES.get(family) is BertBody
    kind = AutoModel if encoder else AutoModelForCausalLM
    options: dict[str, Any] = {"add_pooling_layer": False} if encoder else {}
    if family not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise ModelError(
            Text(f"models of the type '{family}' are not supported", f"不支持 '{family}' 类型的模型"),
            where=str(folder / "config.json"),
            todo=Text(f"supported types: {known}", f"支持的类型：{known}"),
        )
    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            network, report = kind.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=getattr(torch, dtype),
                attn_implementation=FLAT,
                output_loading_info=True,
                **options,
            )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as problem:
        raise ModelError(Text(f"cannot load: {problem}", f"无法加载：{problem}"), where=str(folder)) from problem
    _check_weights(network, report, tokenizer, folder)
    network.eval().requires_grad_(False)
    network.to(device)
    body = body_of(network, family)
    if dtype == "float32":
        prove_flat(network, body, tokenizer)
    template = read_template(folder)
    if template is not None:
        named = {key: str(value) for key, value in tokenizer.special_tokens_map.items() if isinstance(value, str)}
        template = replace(template, variables={**named, **template.variables})
    remarks = check_template(template) if template is not None else ()
    card = _card(name, network, family, encoder, template is not None, weights_fingerprint(folder))
    return LocalModel(card, network, tokenizer, template or PLAIN, body, folder, remarks)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and reports off the terminal: what matters in them is checked and told by us."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _check_weights(network: Any, report: dict[str, Any], tokenizer: Any, folder: Path) -> None:
    import torch

    missing = sorted(set(report["missing_keys"]))
    if missing:
        names = ", ".join(missing[:5])
        raise ModelError(
            Text(
                f"{len(missing)} tensors are missing and would be random: {names}",
                f"缺少 {len(missing)} 个张量（会变成随机值）：{names}",
            ),
            where=str(folder),
        )
    for tensor_name, parameter in network.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            raise ModelError(
                Text(f"tensor {tensor_name} holds NaN or infinity", f"张量 {tensor_name} 含有 NaN 或无穷大"),
                where=str(folder),
            )
    rows = int(network.get_input_embeddings().weight.shape[0])
    if len(tokenizer) > rows:
        raise ModelError(
            Text(
                f"the tokenizer has {len(tokenizer)} tokens, the embedding only {rows} rows",
                f"分词器有 {len(tokenizer)} 个 token，而嵌入层只有 {rows} 行",
            ),
            where=str(folder),
        )


def _card(name: str, network: Any, family: str, encoder: bool, chat: bool, fingerprint: str) -> ModelCard:
    config = network.config
    total = sum(p.numel() for p in network.parameters())
    embedding = network.get_input_embeddings().weight
    head = None if encoder else network.get_output_embeddings().weight
    outside = embedding.numel() + (0 if head is None or head is embedding else head.numel())
    abilities: frozenset[Ability] = frozenset(
        {"embed", "train"} if encoder else {"generate", "score", "embed", "train"}
    )
    return ModelCard(
        name=name,
        architecture="encoder" if encoder else "causal",
        family=family,
        abilities=abilities,
        parameters=total,
        parameters_body=total - outside,
        layers=int(config.num_hidden_layers),
        width=int(config.hidden_size),
        vocabulary=int(embedding.shape[0]),
        context=int(config.max_position_embeddings) - (2 if "roberta" in family else 0),
        chat=chat,
        fingerprint=fingerprint,
    )
