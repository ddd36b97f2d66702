"""Open a model by name: `tiny`, a folder, a hub name. Weights only from safetensors, never remote code."""

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from taskfit.core.errors import ModelError
from taskfit.core.model import Ability, ModelCard
from taskfit.core.text import Text
from taskfit.model.folder import Shapes, check_layers, find_folder, read_config, read_shapes
from taskfit.model.local import LocalModel

_IN_LAYER = re.compile(r"\.(layers|layer|h)\.\d+\.")


def open_local(
    name: str, *, online: bool = False, dtype: str = "float32", device: str = "cpu", bits: Literal[4, 8] | None = None
) -> LocalModel:
    """Return the local model `name`; raise ModelError when it cannot be used.

    `online` allows a download from the Hugging Face hub when `name` is no folder. `dtype` is that of the
    weights in memory ("float32" or "bfloat16"), `device` where they live ("cpu", "cuda"). With `bits`, the linear
    modules of the layers are kept in so many and can only be adapted by weights beside them; they are packed before
    they go to the device.
    """
    _few_kernels()
    folder = find_folder(name, online=online)
    facts = read_config(folder)
    return _load(name, folder, facts, _Kept(dtype, device, bits))


def _few_kernels() -> None:
    """Let oneDNN and PyTorch keep few of the kernels that they make for every shape they meet.

    Rows without padding have ever new shapes, and by default each of the two keeps 1,024 kernels: memory would grow
    with the rows seen, by hundreds of megabytes. Both read this before their first product. PyTorch's own list only
    stands before oneDNN's and saves nothing; 128 kernels in oneDNN's cost about 1 % of the speed.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
    os.environ.setdefault("LRU_CACHE_CAPACITY", "1")


@dataclass(frozen=True)
class _Kept:
    """How weights are kept in memory, and where."""

    dtype: str
    device: str
    bits: Literal[4, 8] | None


def _load(name: str, folder: Path, facts: dict[str, Any], kept: _Kept) -> LocalModel:
    import torch
    from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

    from taskfit.model.body import FAMILIES, BertBody, body_of
    from taskfit.model.flat import FLAT, register
    from taskfit.model.local import prove_flat, weights_fingerprint
    from taskfit.model.quantized import linear_names, quantize
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
    shapes = read_shapes(folder)
    check_layers(facts, shapes, folder / "config.json")
    try:
        with _quiet():
            _check_shapes(shapes, _wanted_shapes(folder, kind), folder)
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            network, report = kind.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=getattr(torch, kept.dtype),
                attn_implementation=FLAT,
                output_loading_info=True,
                **options,
            )
    except ModelError:
        raise
    except Exception as problem:  # foreign files: what the libraries raise on them has no common base
        told = f"{type(problem).__name__}: {' '.join(str(problem).split())[:300]}"
        raise ModelError(Text(f"cannot load: {told}", f"无法加载：{told}"), where=str(folder)) from problem
    _check_weights(network, report, tokenizer, folder)
    network.eval().requires_grad_(False)
    body, template = body_of(network, family), read_template(folder)
    card = _card(name, network, family, encoder, template is not None, weights_fingerprint(folder))
    if kept.bits is not None:
        quantize(network, linear_names(network, body.layers), kept.bits)
        card = replace(card, fingerprint=f"{card.fingerprint}-{kept.bits}bit")
    network.to(kept.device)
    if kept.dtype == "float32":
        prove_flat(network, body, tokenizer)
    if template is not None:
        named = {key: str(value) for key, value in tokenizer.special_tokens_map.items() if isinstance(value, str)}
        template = replace(template, variables={**named, **template.variables})
    remarks = check_template(template) if template is not None else ()
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


def _wanted_shapes(folder: Path, kind: Any) -> Shapes:
    """Return the shapes that config.json asks for; nothing is allocated."""
    import torch
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"):
        network = kind.from_config(config, trust_remote_code=False)
    return {name: tuple(weight.shape) for name, weight in network.state_dict().items()}


def _check_shapes(found: Shapes, wanted: Shapes, folder: Path) -> None:
    """Refuse weights of other shapes, and far too few of them, before memory is taken for what is absent."""
    wrong = [name for name in wanted if name in found and found[name] != wanted[name]]
    if wrong:
        told = "; ".join(f"{name} {list(found[name])} / {list(wanted[name])}" for name in wrong[:3])
        raise ModelError(
            Text(
                f"{len(wrong)} tensors have other shapes than config.json asks for (found / asked): {told}",
                f"{len(wrong)} 个张量的形状与 config.json 不符（实际 / 要求）：{told}",
            ),
            where=str(folder),
        )
    have, need = (sum(map(math.prod, shapes.values())) for shapes in (found, wanted))
    if need > 4 * have:
        raise ModelError(
            Text(
                f"config.json asks for {need:,} numbers, the weights hold {have:,}",
                f"config.json 需要 {need:,} 个数，而权重中只有 {have:,} 个",
            ),
            where=str(folder),
        )


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
    unused = sorted(name for name in report["unexpected_keys"] if _IN_LAYER.search(name))
    if unused:
        names = ", ".join(unused[:5])
        raise ModelError(
            Text(
                f"{len(unused)} tensors of layers have no place in the model that config.json describes: {names}",
                f"{len(unused)} 个层内张量在 config.json 描述的模型中没有位置：{names}",
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
    largest = max(tokenizer.get_vocab().values(), default=0)
    if largest >= rows:
        raise ModelError(
            Text(
                f"the tokenizer gives ids up to {largest}, the embedding has only {rows} rows",
                f"分词器的编号最大为 {largest}，而嵌入层只有 {rows} 行",
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
        context=_context(config, family),
        chat=chat,
        fingerprint=fingerprint,
    )


def _context(config: Any, family: str) -> int:
    """Return the most tokens that a model reads; not more than its window, for in a flat stream every token sees all."""
    positions = int(config.max_position_embeddings) - (2 if "roberta" in family else 0)
    return min(positions, int(config.to_dict().get("sliding_window") or positions))
