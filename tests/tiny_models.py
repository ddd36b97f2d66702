"""Tiny random models for tests: made on the spot in English and Chinese, saved as transformers would, under a second.

Weights are much larger than a fresh model's, so that a wrong position, mask or neighbour changes the output visibly.
"""

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from taskfit.model.local import LocalModel
from taskfit.model.open import open_local

FAMILIES = ("llama", "qwen2", "gpt2", "bert")
CAUSAL = ("llama", "qwen2", "gpt2")
SAID = "the cat sat on a mat and the dog ran to see why it was good or bad 好 坏 电影 很 不 喜欢 菜 太 咸 送餐 快"
WORDS = SAID.split()
PAD, START, END, CLS, SEP = "<pad>", "<s>", "<|end|>", "[CLS]", "[SEP]"
CHAT = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
WIDTH, LAYERS, HEADS, KEYS, CONTEXT = 32, 3, 4, 2, 192


def sentences(count: int, seed: int = 0, longest: int = 12) -> list[str]:
    """Return `count` sentences of 1 to `longest` random words."""
    drawn = random.Random(seed)
    return [" ".join(drawn.choices(WORDS, k=drawn.randint(1, longest))) for _ in range(count)]


@dataclass
class TinyModels:
    """Makes each model once, in one folder; `open` gives the same LocalModel to all tests, which must not change it."""

    root: Path
    opened: dict[tuple[str, bool], LocalModel] = field(default_factory=dict)

    def folder(self, family: str, *, chat: bool = False) -> Path:
        """Return the folder of a model; do not change what is in it (see `copy`)."""
        folder = self.root / (family + ("-chat" if chat else ""))
        if not folder.is_dir():
            tokenizer = _tokenizer(family)
            network = _network(family, tokenizer)
            network.save_pretrained(folder)
            if chat:
                tokenizer.chat_template = CHAT
            tokenizer.save_pretrained(folder)
        return folder

    def copy(self, family: str, to: Path, *, chat: bool = False) -> Path:
        """Return a copy of the folder that a test may damage."""
        shutil.copytree(self.folder(family, chat=chat), to)
        return to

    def open(self, family: str, *, chat: bool = False) -> LocalModel:
        """Return the opened model."""
        if (family, chat) not in self.opened:
            self.opened[family, chat] = open_local(str(self.folder(family, chat=chat)))
        return self.opened[family, chat]

    def plain(self, family: str) -> Any:
        """Return transformers' own network with its plainest attention: the oracle of our tests."""
        from transformers import AutoModel, AutoModelForCausalLM

        kind = AutoModelForCausalLM if family in CAUSAL else AutoModel
        options = {} if family in CAUSAL else {"add_pooling_layer": False}
        folder = self.folder(family)
        return kind.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32, **options).eval()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyModels:
    """Tiny models in a folder of the session."""
    torch.set_num_threads(1)
    return TinyModels(tmp_path_factory.mktemp("tiny"))


def _tokenizer(family: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    special = [PAD, START, END, CLS, SEP, "[UNK]", "<|system|>", "<|user|>", "<|assistant|>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=340, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    pieces.train_from_iterator(sentences(300, seed=1), trainer)
    if family not in CAUSAL:
        ends = [(CLS, special.index(CLS)), (SEP, special.index(SEP))]
        pieces.post_processor = processors.TemplateProcessing(f"{CLS} $A {SEP}", special_tokens=ends)
    named = {"pad_token": PAD, "bos_token": START, "eos_token": END}
    return PreTrainedTokenizerFast(tokenizer_object=pieces, model_max_length=CONTEXT, **named)


def _network(family: str, tokenizer: Any) -> Any:
    torch.manual_seed(7)
    spare = 8  # rows without a token, as most real models have
    network = _ARCHITECTURES[family](len(tokenizer) + spare, tokenizer)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.ndim == 1:
                weight.add_(0.1 * torch.randn_like(weight))
            else:
                embedding = any(part in name for part in ("embed", "wte", "wpe"))
                weight.normal_(0.0, 0.3 if embedding else 1.2 * WIDTH**-0.5)
    return network


def _llama(vocabulary: int, tokenizer: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(**_sizes(vocabulary, tokenizer), tie_word_embeddings=True))


def _qwen2(vocabulary: int, tokenizer: Any) -> Any:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    return Qwen2ForCausalLM(Qwen2Config(**_sizes(vocabulary, tokenizer), tie_word_embeddings=False))


def _sizes(vocabulary: int, tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": WIDTH,
        "intermediate_size": 48,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEYS,
        "max_position_embeddings": CONTEXT,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


def _gpt2(vocabulary: int, tokenizer: Any) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    sizes = {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_positions": CONTEXT}
    return GPT2LMHeadModel(GPT2Config(vocab_size=vocabulary, **sizes, **ends))


def _bert(vocabulary: int, tokenizer: Any) -> Any:
    from transformers import BertConfig, BertModel

    sizes = {"hidden_size": WIDTH, "intermediate_size": 48, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    ends = {"max_position_embeddings": CONTEXT, "pad_token_id": tokenizer.pad_token_id}
    return BertModel(BertConfig(vocab_size=vocabulary, **sizes, **ends), add_pooling_layer=False)


_ARCHITECTURES = {"llama": _llama, "qwen2": _qwen2, "gpt2": _gpt2, "bert": _bert}
