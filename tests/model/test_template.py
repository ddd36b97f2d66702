"""Chat templates are written exactly as transformers writes them, and nothing a person said is lost."""

import json
from pathlib import Path

import pytest

from taskfit.core.errors import ModelError
from taskfit.core.example import Message
from taskfit.model.template import PLAIN, ChatTemplate, fold_system, read_template

TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "</s>"}

CHATML = """\
{% for message in messages %}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\\n' }}
{% endif %}
"""
LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + "
    "'<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token }}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)
QWEN = """\
{%- if tools %}
    {{- '<|im_start|>system\\n# Tools\\n' }}
    {%- for tool in tools %}
        {{- tool | tojson }}
    {%- endfor %}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- if message.role == "user" %}{%- set ns.last = messages|length - 1 - loop.index0 %}{%- break %}{%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role == "user" or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set content = message.content.split('</think>')[-1].lstrip('\\n') %}
        {{- '<|im_start|>' + message.role }}{%- if loop.index0 > ns.last %}{{- '\\n<think>\\n\\n</think>' }}{%- endif %}
        {{- '\\n' + content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
GENERATION = """\
{% for message in messages %}
  {% if message.role == 'assistant' %}
<|assistant|>{% generation %}{% set end = eos_token %}{{ message.content }}{{ end }}{% endgeneration %}{{ end }}

  {% else %}
<|{{ message.role }}|>{{ message.content | tojson }}{{ {'b': 1, 'a': '<&é'} | tojson(indent=2, sort_keys=True) }}
  {% endif %}
{% endfor %}
{% if add_generation_prompt %}<|assistant|>{% endif %}
"""
TEMPLATES = {"chatml": CHATML, "llama3": LLAMA3, "mistral": MISTRAL, "qwen": QWEN, "generation": GENERATION}

SYSTEM, USER, ANSWER = (
    Message("system", "说 <b>好</b> & 坏"),
    Message("user", " Tasty?\n"),
    Message("assistant", "好\n"),
)
TALKS = {
    "question": [USER],
    "answered": [USER, ANSWER],
    "several": [USER, ANSWER, USER, Message("assistant", "<think>x</think>\n\nbad {{ 7*7 }}"), USER],
    "system": [SYSTEM, USER, ANSWER, USER],
}


def _model_folder(folder: Path, template: str | list[dict[str, str]] | None, *, file: bool = False) -> Path:
    config: dict[str, object] = {**TOKENS, "bos_token": {"content": "<s>", "__type": "AddedToken"}}
    if file:
        assert isinstance(template, str)
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    elif template is not None:
        config["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def by_transformers():
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"<unk>": 0}, "<unk>")), **TOKENS)

    def write(source: str, talk: list[Message], answer_next: bool) -> str:
        messages = [{"role": one.role, "content": one.content} for one in talk]
        return tokenizer.apply_chat_template(
            messages, chat_template=source, tokenize=False, add_generation_prompt=answer_next
        )

    return write


@pytest.mark.parametrize("answer_next", [True, False])
@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_writes_what_transformers_writes(name: str, talk: str, answer_next: bool, by_transformers):
    messages = TALKS[talk]
    mine = ChatTemplate(TEMPLATES[name], TOKENS).render(messages, answer_next=answer_next)
    if name == "mistral" and talk == "system":
        messages = fold_system(messages)
    assert mine == by_transformers(TEMPLATES[name], messages, answer_next)


def test_the_tokenizer_of_a_saved_model_writes_the_same(tmp_path: Path):
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    made = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"<unk>": 0}, "<unk>")), **TOKENS)
    made.chat_template = LLAMA3
    made.save_pretrained(tmp_path)
    template = read_template(tmp_path)
    assert template is not None
    messages = [{"role": one.role, "content": one.content} for one in TALKS["system"]]
    theirs = AutoTokenizer.from_pretrained(tmp_path).apply_chat_template(messages, tokenize=False)
    assert template.render(TALKS["system"], answer_next=False) == theirs


def test_a_refused_system_turn_stands_before_the_first_question():
    template = ChatTemplate(MISTRAL, TOKENS)
    assert not template.shows_system
    assert template.render([SYSTEM, USER], answer_next=True) == f"<s>[INST] {SYSTEM.content}\n\n Tasty?\n [/INST]"


def test_a_dropped_system_turn_stands_before_the_first_question():
    drops = "{% for m in messages if m.role != 'system' %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
    written = ChatTemplate(drops).render([SYSTEM, USER], answer_next=True)
    assert written == f"[user] {SYSTEM.content}\n\n{USER.content}\n"


def test_a_system_text_without_a_question_becomes_one():
    assert fold_system([SYSTEM]) == [Message("user", SYSTEM.content)]


def test_the_plain_layout_puts_the_answer_directly_after_the_question():
    talk = [Message("system", "S"), Message("user", "Q"), Message("assistant", "A"), Message("user", "R")]
    assert PLAIN.render(talk, answer_next=True) == "S\n\nQ\nA\n\nR\n"
    assert PLAIN.render([*talk, Message("assistant", "B")], answer_next=False) == "S\n\nQ\nA\n\nR\nB\n\n"
    assert not PLAIN.has_template
    assert ChatTemplate(CHATML).has_template


@pytest.mark.parametrize(("source", "end"), [(CHATML, "<|im_end|>\n\n"), (MISTRAL, "</s>"), (PLAIN.source, "\n\n")])
def test_knows_what_follows_an_answer(source: str, end: str):
    assert ChatTemplate(source, TOKENS).answer_end == end


def test_roles_in_an_impossible_order_are_the_callers_mistake():
    with pytest.raises(ModelError, match="must alternate"):
        ChatTemplate(MISTRAL, TOKENS).render([ANSWER, USER], answer_next=True)


def test_reads_a_template_from_its_own_file_first(tmp_path: Path):
    _model_folder(tmp_path, LLAMA3)
    (tmp_path / "chat_template.jinja").write_text(CHATML, encoding="utf-8")
    template = read_template(tmp_path)
    assert template is not None
    assert (template.source, template.variables) == (CHATML, TOKENS)


def test_reads_the_default_of_several_templates(tmp_path: Path):
    named = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": CHATML}]
    template = read_template(_model_folder(tmp_path, named))
    assert template is not None
    assert template.source == CHATML


def test_special_tokens_come_from_the_old_file_too(tmp_path: Path):
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": "x", "eos_token": "</s>"}))
    (tmp_path / "special_tokens_map.json").write_text(json.dumps({"eos_token": "old", "bos_token": {"content": "<s>"}}))
    template = read_template(tmp_path)
    assert template is not None
    assert template.variables == {"bos_token": "<s>", "eos_token": "</s>"}


def test_a_model_without_a_template_has_none(tmp_path: Path, shared_models: Path):
    assert read_template(tmp_path) is None
    assert read_template(shared_models / "stories260K-llama") is None


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("a\n{% if x %}", "line 2"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "cannot be parsed"),
        ("{{ " + "9" * 5000 + " }}", "cannot be parsed"),
        ("x" * 1_000_001, "too many"),
        ([{"name": "rag", "template": "x"}], "'default' (rag)"),
        ({"a": 1}, "dict, not text"),
    ],
)
def test_a_broken_template_is_named_with_its_file(tmp_path: Path, template: str, words: str):
    with pytest.raises(ModelError) as caught:
        read_template(_model_folder(tmp_path, template))
    assert words in str(caught.value)
    assert str(tmp_path / "tokenizer_config.json") in str(caught.value)


@pytest.mark.parametrize("content", [b'{"chat_template"', b"[1]", b'{"chat_template": "\xff"}', b"[" * 100_000])
def test_a_broken_tokenizer_file_is_named(tmp_path: Path, content: bytes):
    (tmp_path / "tokenizer_config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"tokenizer_config\.json"):
        read_template(tmp_path)


def test_reading_computes_nothing(tmp_path: Path):
    # Compiled, this would fold the constant into ten billion characters.
    template = read_template(_model_folder(tmp_path, "{{ 'A' * 10000000000 }}"))
    assert template is not None
