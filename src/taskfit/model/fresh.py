"""Make a new model from nothing: a byte-level BPE tokenizer trained on text, a Llama architecture, random weights."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from pydantic import model_validator

from taskfit.core.files import write_atomic, write_json
from taskfit.core.settings import Refused, Settings, setting
from taskfit.core.text import Text

WORD_BORDER = "\u200b"
"""In text for the tokenizer, no token reaches over this mark (zero-width space): for languages without spaces."""

PAD, END = "<|pad|>", "<|end|>"
ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "added_tokens.json",
)
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


class FreshModel(Settings):
    """The sizes of a new model."""

    about: ClassVar[Text] = Text("A new model with random weights", "随机初始化的新模型")

    width: int = setting(192, "width of the hidden states", "隐藏状态的宽度", ge=8, le=8192)
    layers: int = setting(4, "number of layers", "层数", ge=1, le=128)
    heads: int = setting(6, "attention heads; they divide the width", "注意力头数，须整除宽度", ge=1, le=128)
    inner: int = setting(512, "width inside the feed-forward part", "前馈层的内部宽度", ge=8, le=65536)
    vocabulary: int = setting(3072, "most tokens of the tokenizer", "分词器的最大词表", ge=300, le=262144)
    context: int = setting(512, "most tokens the model reads", "模型可读的最大 token 数", ge=16, le=131072)
    least_count: int = setting(12, "times a pair must occur to become a token", "成为 token 所需的最少出现次数", ge=1)

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> "FreshModel":
        if self.width % (2 * self.heads):
            raise Refused(
                Text("width must be a multiple of twice the heads", "width 必须是 heads 两倍的整数倍"),
                Text("change width or heads", "请调整 width 或 heads"),
            )
        return self


def make_model(folder: Path, settings: FreshModel, texts: Iterable[str], *, seed: int) -> None:
    """Write a new model folder that transformers can load: tokenizer from `texts`, weights drawn from `seed`."""
    tokenizer = train_tokenizer(texts, settings)
    write_tokenizer(folder, tokenizer, settings.context)
    _write_network(folder, settings, tokenizer, seed)


def train_tokenizer(texts: Iterable[str], settings: FreshModel) -> Any:
    """Return a byte-level BPE tokenizer trained on `texts`; each special token is one token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(WORD_BORDER, "removed"), pieces])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocabulary,
        min_frequency=settings.least_count,
        special_tokens=[PAD, *ROLES, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_whole(texts), trainer)
    tokenizer.pre_tokenizer = pieces
    return tokenizer


def _whole(texts: Iterable[str]) -> Iterator[str]:
    return (text for text in texts if text)


def write_tokenizer(folder: Path, tokenizer: Any, context: int) -> None:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja."""
    write_atomic(folder / "tokenizer.json", tokenizer.to_str(pretty=False).encode())
    write_atomic(folder / "chat_template.jinja", TEMPLATE.encode())
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": PAD,
            "eos_token": END,
            "model_max_length": context,
            "clean_up_tokenization_spaces": False,
            "add_prefix_space": False,
        },
    )


def _write_network(folder: Path, settings: FreshModel, tokenizer: Any, seed: int) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from taskfit.model.first_weights import draw_first_weights

    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=settings.width,
        intermediate_size=settings.inner,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=settings.context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(PAD),
        rms_norm_eps=1e-5,
    )
    torch.manual_seed(seed)
    network = LlamaForCausalLM(config)
    draw_first_weights(network, settings.heads)
    _save(network, folder)


def write_model(model: Any, folder: Path) -> None:
    """Write a LocalModel as a model folder that transformers can load, tokenizer and chat template included."""
    folder.mkdir(parents=True, exist_ok=True)
    _save(model.network, folder)
    for path in model.folder.iterdir():
        if path.name in TOKENIZER_FILES:
            write_atomic(folder / path.name, path.read_bytes())


def _save(network: Any, folder: Path) -> None:
    with _quiet():
        network.save_pretrained(folder)
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)  # written for the owner alone, but a model is made to be shared


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' progress bars off the terminal."""
    from transformers.utils import logging

    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if bars:
            logging.enable_progress_bar()
