"""The settings of a remote model."""

from typing import ClassVar, Literal

from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text


class RemoteSettings(Settings):
    """Where a remote model is reached, how patiently it is asked, and how much may be spent."""

    about: ClassVar[Text] = Text(
        "a model behind an OpenAI-compatible address: hosted, or served by vLLM, SGLang, llama.cpp, Ollama",
        "通过 OpenAI 兼容接口访问的模型：云端服务，或由 vLLM、SGLang、llama.cpp、Ollama 提供",
    )

    url: str = setting(
        ...,
        "base address, e.g. http://127.0.0.1:8000/v1; '/chat/completions' is added",
        "基础地址，例如 http://127.0.0.1:8000/v1；会自动加上 '/chat/completions'",
        pattern=r"^https?://\S+$",
    )
    model: str = setting(..., "name of the model at that address", "该地址上的模型名称", min_length=1)
    key_env: str = setting(
        "OPENAI_API_KEY",
        "name of the environment variable that holds the key ('' sends none); the key itself is never stored",
        "存放密钥的环境变量名（'' 表示不发送密钥）；密钥本身从不保存",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
    )
    timeout_seconds: float = setting(60.0, "longest time for one answer", "一次回答的最长时间（秒）", gt=0, le=3600)
    retries: int = setting(
        5,
        "how often a request is repeated after 'too many requests', a server fault or a lost connection",
        "遇到限流、服务器故障或断线时的重试次数",
        ge=0,
        le=20,
    )
    wait_seconds: float = setting(
        0.5,
        "pause before the first repetition; doubles each time, never shorter than the server asks for",
        "首次重试前的等待秒数；每次加倍，且不短于服务器要求的时间",
        ge=0,
        le=60,
    )
    concurrency: int = setting(4, "requests at the same time", "同时进行的请求数", ge=1, le=256)
    per_minute: int | None = setting(
        None, "most requests a minute, evenly spread; none = no limit", "每分钟最多的请求数，均匀发送；空 = 不限", ge=1
    )
    max_requests: int | None = setting(
        None,
        "most requests of one command, repetitions counted; none = no limit",
        "一条命令最多的请求数（含重试）；空 = 不限",
        ge=1,
    )
    max_money: float | None = setting(
        None,
        "most money of one command, in the currency of the prices; none = no limit; needs price_in or price_out",
        "一条命令最多的花费（与单价同币种）；空 = 不限；需要设置 price_in 或 price_out",
        ge=0,
    )
    price_in: float = setting(0.0, "price of a million tokens read", "每百万输入 token 的价格", ge=0)
    price_out: float = setting(0.0, "price of a million tokens written", "每百万输出 token 的价格", ge=0)
    seed: int = setting(
        0, "sent along, and steers the pauses between repetitions", "随请求发送，并决定重试间隔的抖动", ge=0
    )
    temperature: float | None = setting(
        0.0,
        "0 = always the likeliest word; none = not sent, for models that refuse it",
        "0 = 总取最可能的词；空 = 不发送（用于不接受该参数的模型）",
        ge=0,
        le=2,
    )
    limit_name: Literal["max_tokens", "max_completion_tokens"] = setting(
        "max_tokens",
        "what the endpoint calls the limit on the answer's length",
        "接口中限制回答长度的参数名",
    )
