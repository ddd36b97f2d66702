"""What a network is made of: parameters by part, and what each kind of head adds to the same body."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskfit.core.text import Text

# Where a weight belongs, by a piece of its name; the first that fits counts.
PARTS: tuple[tuple[tuple[str, ...], Text], ...] = (
    (("wpe", "position_embeddings"), Text("position embedding", "位置嵌入")),
    (("wte", "embed_tokens", "embeddings"), Text("token embedding", "词嵌入")),
    (("norm", "ln_", "LayerNorm"), Text("norms", "归一化")),
    (("attn", "attention"), Text("attention", "注意力")),
    (("mlp", "intermediate", "output.dense"), Text("feed-forward", "前馈")),
    (("lm_head",), Text("language-model head", "语言模型头")),
)
OTHER = Text("other", "其他")


@dataclass(frozen=True)
class Part:
    """The weights of one part: how many numbers, and their share of the whole."""

    name: Text
    parameters: int
    share: float


@dataclass(frozen=True)
class Form:
    """One way to open the same weights: the class, what it gives, and the weights it has beyond the body.

    `shapes` are those of the added weights; `stored` tells whether the folder holds them (else they start at random);
    `tied` whether they are the token embedding itself.
    """

    class_name: str
    gives: Text
    parameters: int
    shapes: Mapping[str, tuple[int, ...]]
    stored: bool
    tied: bool = False


def parts_of(network: Any) -> tuple[Part, ...]:
    """Return the parts of a network, in the order of PARTS; a tied head is counted once, as the embedding."""
    from taskfit.model.quantized import Quantized

    numbers = {name: parameter.numel() for name, parameter in network.named_parameters()}
    packed = {name: module for name, module in network.named_modules() if isinstance(module, Quantized)}
    numbers |= {f"{name}.weight": one.out_features * one.in_features for name, one in packed.items()}
    counts: dict[Text, int] = {}
    for name, count in numbers.items():
        part = next((text for pieces, text in PARTS if any(piece in name for piece in pieces)), OTHER)
        counts[part] = counts.get(part, 0) + count
    total = max(1, sum(counts.values()))
    order = [text for _, text in PARTS] + [OTHER]
    return tuple(Part(part, counts[part], counts[part] / total) for part in order if part in counts)


def forms_of(folder: Path, *, labels: int, stored: frozenset[str]) -> tuple[Form, ...]:
    """Return how the model in `folder` can be opened: as a body, with a classification head, as a language model.

    Only shapes are made (meta device). `stored` are the names of the tensors in the folder; an encoder has no
    language-model form here.
    """
    import torch
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification

    from taskfit.model.body import FAMILIES, BertBody

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    width, encoder = int(config.hidden_size), FAMILIES.get(config.model_type) is BertBody
    kinds: list[tuple[Any, Text]] = [
        (AutoModel, Text(f"hidden states, {width} numbers per token", f"隐藏状态，每个 token {width} 个数")),
        (
            AutoModelForSequenceClassification,
            Text(f"{labels} scores per text", f"每条文本 {labels} 个分数"),
        ),
    ]
    if not encoder:
        size = int(config.vocab_size)
        kinds.append((AutoModelForCausalLM, Text(f"{size:,} scores per token", f"每个 token {size:,} 个分数")))
    forms, body = [], frozenset[str]()
    for kind, gives in kinds:
        config.num_labels = labels
        with torch.device("meta"):
            network = kind.from_config(config, trust_remote_code=False)
        every = {name: tuple(weight.shape) for name, weight in network.state_dict().items()}
        inner = {_bare(name, network) for name in every}
        added = {} if not body else {name: every[name] for name in every if _bare(name, network) not in body}
        body = body or frozenset(inner)
        tied = bool(added) and kind is AutoModelForCausalLM and bool(config.tie_word_embeddings)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        forms.append(Form(type(network).__name__, gives, parameters, added, tied or set(added) <= stored, tied))
    return tuple(forms)


def _bare(name: str, network: Any) -> str:
    """Return the name without the prefix under which a form keeps its body."""
    return name.removeprefix(f"{network.base_model_prefix}.")
