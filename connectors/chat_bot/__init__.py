"""Bots in group chats that take messages at an address of their own: Feishu (and Lark), DingTalk, WeCom, Slack.

The address is what the vendor shows where the bot is made; whoever knows it may post, so it is kept as a secret. Feishu and
DingTalk sign with a second secret where the bot asks for it, and may ask for a keyword: choose `Trivet`, every message begins
with it. A test of the connection posts one line that says so.
"""

from trivet.contract import MessengerConnector

from .config import ChatBotConfig
from .messenger import open_messenger

MESSENGER = MessengerConnector(
    "chat_bot", "Chat bot (Feishu, DingTalk, WeCom, Slack)", ChatBotConfig, open_messenger
)
