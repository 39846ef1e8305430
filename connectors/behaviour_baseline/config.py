"""Settings of the behaviour baseline."""

from trivet.contract import Config


class BehaviourBaselineConfig(Config):
    """Which competencies are looked for."""

    competencies: tuple[str, ...] = (
        "service_orientation",
        "teamwork",
        "risk_awareness",
        "leadership",
        "learning_ability",
        "communication",
    )
    """Names of files below mappings/behaviours/, without .yaml; the same for every candidate of a flow, so that scores
    compare."""
