"""Stand-in vendor servers on loopback for the demo, the tests and a customer's parallel trial.

Written from vendor documents alone; imports nothing of Trivet, so that it cannot share Trivet's mistakes.
"""

from .running import VENDORS, Sandbox, start

__all__ = ["VENDORS", "Sandbox", "start"]
