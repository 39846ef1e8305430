"""Stand-in for Feishu Hire (Lark Open Platform, hire v1), after the models of `lark-oapi` 1.7.5 and open.feishu.cn's pages.

Assumed where the documents are silent, see README: consent and competency model are custom fields; a recording is a file
of the interview record (`image_list`), opened by `GET /attachments/:id` which answers with a link that expires.
"""

from .routes import FeishuHire

__all__ = ["FeishuHire"]
