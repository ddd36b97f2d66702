"""The address of a remote model: checked before anything, above all a key, is sent there."""

import ipaddress
import os
from dataclasses import dataclass, field

import httpx

from taskfit.core.errors import UsageError
from taskfit.core.text import Text
from taskfit.model.remote_settings import RemoteSettings

HIDDEN = "***"
SHORTEST_SECRET = 12  # shorter keys are placeholders such as "EMPTY", and words that answers may hold


@dataclass(frozen=True)
class Address:
    """Where requests go and with which key (which no text may show)."""

    url: str
    key: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request; compressed answers are not asked for, so that their size is known."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "taskfit"}
        return {**headers, "Authorization": f"Bearer {self.key}"} if self.key else headers

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        return _is_here(httpx.URL(self.url).host)

    def hide_key(self, text: str) -> str:
        """Return `text` with the key blotted out, should a server or a library repeat it."""
        return text.replace(self.key, HIDDEN) if len(self.key) >= SHORTEST_SECRET else text


def address_of(settings: RemoteSettings) -> Address:
    """Return the address to ask; raise UsageError when it or its key cannot be used."""
    try:
        url = httpx.URL(settings.url.rstrip("/").removesuffix("/chat/completions"))
    except httpx.InvalidURL as problem:
        raise UsageError(Text(f"'url' is no address: {problem}", f"'url' 不是有效地址：{problem}")) from None
    if url.userinfo or url.query or url.fragment or not url.host:
        raise UsageError(
            Text(
                "'url' must be a base address without user name, password, '?' or '#'",
                "'url' 必须是基础地址，不能带用户名、密码、'?' 或 '#'",
            ),
            todo=Text(
                "put the key into an environment variable and name it in key_env",
                "请把密钥放入环境变量，并在 key_env 中写明变量名",
            ),
        )
    key = os.environ.get(settings.key_env, "").strip() if settings.key_env else ""
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise UsageError(
            Text(
                f"the key in {settings.key_env} holds characters that no key has",
                f"{settings.key_env} 中的密钥含有不允许的字符",
            )
        )
    if key and url.scheme == "http" and not _is_here(url.host):
        raise UsageError(
            Text(
                f"the key in {settings.key_env} would travel unencrypted to {url.host}",
                f"{settings.key_env} 中的密钥将以明文发送到 {url.host}",
            ),
            todo=Text("use https, or key_env = '' to send no key", "请使用 https，或设置 key_env = '' 不发送密钥"),
        )
    return Address(f"{url}/chat/completions", key)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
