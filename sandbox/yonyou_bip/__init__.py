"""Stand-in for Yonyou BIP (YonBIP OpenAPI): token, archives in the integration style, staff, competency archive, scores.

After copies of the open platform's pages. `trainingPlan`, `kpiWeight`, `course` and `trainingResult` are archives of this
tenant, as a customer would build and publish them. Assumed: that a repeated `resubmitCheckKey` gets the first answer
again, that a repeated `bizUniqueKey` changes its item, the order of checks, and the codes 310036 and 310046.
"""

from .routes import YonyouBip

__all__ = ["YonyouBip"]
