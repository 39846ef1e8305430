"""Letters over SMTP (RFC 5321), always encrypted: STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314), the server's
certificate verified either way.

Accounts of Microsoft 365 and Google take a password here only where the tenant allows SMTP AUTH or an app password; OAuth is
not spoken.
"""

from trivet.contract import MailerConnector

from .config import SmtpConfig
from .mailer import open_mailer

MAILER = MailerConnector("smtp", "Mail server (SMTP)", SmtpConfig, open_mailer)
