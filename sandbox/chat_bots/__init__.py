"""Group bots of Feishu, DingTalk, WeCom and Slack, each judging a message by its vendor's rules."""

from .routes import ChatBots

__all__ = ["ChatBots"]
