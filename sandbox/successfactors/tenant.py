"""The tenant's entities: goals of two plans and development goals, custom MDF objects, and what can only be read.

Competencies, courses and forms have the properties that this tenant uses: others use more, or other entities.
"""

from .model import Entity, Property

P = Property

_PERSON = P("userId", max_length=100, required=True)
_GOAL_HEAD = (
    P("id", "Edm.Int64", writable=False),
    _PERSON,
    P("name", max_length=400, required=True),
)
_GOAL_TAIL = (
    P("category", max_length=128),
    P("type", max_length=32),
    P("flag", "Edm.Int32"),
    P("state", max_length=64),
    P("stateLabel", max_length=64, writable=False, filterable=False),
    P("start", "Edm.DateTime"),
    P("due", "Edm.DateTime"),
)
_GOAL_END = (
    P("guid", max_length=64, writable=False),
    P("planId", "Edm.Int64", writable=False),
    P("lastModified", "Edm.DateTime", writable=False),
    # a custom text field of the tenant's goal plan template; partners keep their own reference in one
    P("trivetRef", max_length=40),
)
_GOAL = (
    *_GOAL_HEAD,
    P("metric", max_length=4000),
    *_GOAL_TAIL,
    P("weight", "Edm.Double"),
    P("done", "Edm.Double"),
    *_GOAL_END,
)
_DEVELOPMENT_GOAL = (*_GOAL_HEAD, P("purpose", max_length=4000), *_GOAL_TAIL, *_GOAL_END)
_CODE = P("externalCode", max_length=40, required=True)
_WHOM = P("cust_userId", max_length=100, required=True)
_CHANGED = P("lastModifiedDateTime", "Edm.DateTime", writable=False)


def _mdf(name: str, *properties: P, read_only: bool = False) -> Entity:
    return Entity(name, "externalCode", (_CODE, *properties, _CHANGED), read_only=read_only)


ENTITIES = {
    entity.name: entity
    for entity in (
        Entity(
            "User",
            "userId",
            (
                P("userId", max_length=100, required=True),
                P("firstName", max_length=128),
                P("lastName", max_length=128),
                P("defaultFullName", max_length=256),
                P("email", max_length=100),
                P("cellPhone", max_length=100),
                P("status", max_length=1),
                P("hireDate", "Edm.DateTime"),
                P("title", max_length=255),
                P("department", max_length=128),
                P("lastModifiedDateTime", "Edm.DateTimeOffset"),
            ),
            read_only=True,
        ),
        Entity("Goal_1", "id", _GOAL, generated_key=True),
        Entity("Goal_101", "id", _GOAL, generated_key=True),
        Entity("DevGoal_2001", "id", _DEVELOPMENT_GOAL, generated_key=True),
        Entity(
            "GoalPlanTemplate",
            "id",
            (
                P("id", "Edm.Int64"),
                P("name", max_length=255),
                P("startDate", "Edm.DateTime"),
                P("dueDate", "Edm.DateTime"),
            ),
            generated_key=True,
            read_only=True,
        ),
        Entity(
            "FormHeader",
            "formDataId",
            (
                P("formDataId", "Edm.Int64"),
                P("formSubjectId", max_length=100),
                P("formTitle", max_length=255),
                P("formDataStatus", "Edm.Int32"),
                P("rating", "Edm.Double"),
                P("formReviewStartDate", "Edm.DateTime"),
                P("formReviewEndDate", "Edm.DateTime"),
                P("formLastModifiedDate", "Edm.DateTime"),
            ),
            generated_key=True,
            read_only=True,
        ),
        _mdf(
            "CompetencyEntity",
            P("name_defaultValue", max_length=255),
            P("libName", max_length=128),
            P("status", max_length=1),
            read_only=True,
        ),
        _mdf(
            "cust_Course",
            P("externalName", max_length=200),
            P("mdfSystemStatus", max_length=1),
            P("mdfSystemEffectiveStartDate", "Edm.DateTime"),
            read_only=True,
        ),
        _mdf(
            "cust_TrainingRecommendation",
            _WHOM,
            P("cust_courseCode", max_length=40, required=True),
            P("cust_courseTitle", max_length=200),
            P("cust_reason", max_length=1000),
            P("cust_score", "Edm.Double"),
            P("cust_dueDate", "Edm.DateTime"),
        ),
        _mdf(
            "cust_TalentPoolEntry",
            _WHOM,
            P("cust_pool", max_length=40, required=True),
            P("cust_reason", max_length=1000),
            P("cust_readiness", "Edm.Int32"),
            P("cust_revisitOn", "Edm.DateTime"),
        ),
        _mdf(
            "cust_AssessmentRecord",
            _WHOM,
            P("cust_competency", max_length=60, required=True),
            P("cust_score", "Edm.Double", required=True),
            P("cust_required", "Edm.Double"),
            P("cust_assessedOn", "Edm.DateTime"),
            P("cust_summary", max_length=1000),
        ),
    )
}
