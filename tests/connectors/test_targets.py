"""Our targets keep the contract against the stand-ins, over a socket."""

import pytest
from conftest import World
from standing import NAME, Standing
from trivet_connectors.feishu_hire import TARGET as FEISHU
from trivet_connectors.kingdee_cloud import TARGET as KINGDEE
from trivet_connectors.successfactors import TARGET as SUCCESSFACTORS

from trivet.conformance.target import TargetSuite


class TestSuccessFactors(TargetSuite):
    """MDF objects and goals by bulk upsert."""

    connector = SUCCESSFACTORS

    @pytest.fixture(params=["cust_TrainingRecommendation", "Goal_101", "DevGoal_2001"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Standing:
        """The OData V2 stand-in."""
        people = ("10000101", "10000102", "10000201")
        if request.param == "DevGoal_2001":
            good = [{"userId": p, "name": NAME, "purpose": "因", "due": "2027-05-22"} for p in people]
            changed, bad = {**good[0], "purpose": "other"}, {**good[1], "userId": "nobody"}
        elif request.param == "Goal_101":
            good = [
                {"userId": p, "name": NAME, "start": "2026-11-23", "due": "2027-05-22", "weight": 0.0}
                for p in people
            ]
            changed, bad = {**good[0], "weight": 12.5}, {**good[1], "userId": "nobody"}
        else:
            good = [
                {
                    "cust_userId": p,
                    "cust_courseCode": "C1",
                    "cust_reason": NAME,
                    "cust_score": 9.1,
                    "cust_dueDate": "2027-02-21",
                }
                for p in people
            ]
            changed, bad = {**good[0], "cust_score": 9.4}, {**good[1], "cust_userId": "nobody"}
        return Standing(world, "successfactors", SUCCESSFACTORS, request.param, good, changed, bad, "upsert")


class TestKingdeeCloud(TargetSuite):
    """Bills that are saved, submitted and audited."""

    connector = KINGDEE

    @pytest.fixture(params=["session-PAEZ_TrainingPlan", "signature-PAEZ_KPIWeight"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Standing:
        """The WebAPI stand-in, entered by either door."""
        auth, _, form = request.param.partition("-")
        people = ("10000301", "10000302", "10000303")
        if form == "PAEZ_KPIWeight":
            good = [
                {"FStaffNumber": p, "FPeriod": "2026Q4", "FIndicator": NAME, "FWeight": 20.0} for p in people
            ]
            changed = {**good[0], "FWeight": 25.0}
        else:
            good = [
                {
                    "FStaffNumber": p,
                    "FCourseNumber": "C1",
                    "FCourseName": NAME,
                    "FScore": 9.1,
                    "FDueDate": "2027-02-21",
                }
                for p in people
            ]
            changed = {**good[0], "FScore": 9.4}
        bad = {**good[1], "FStaffNumber": "nobody"}
        made = Standing(world, "kingdee_cloud", KINGDEE, form, good, changed, bad, "BatchSave")
        plain = made.config
        made.config = lambda **changed: plain(auth=auth, **changed)  # type: ignore[method-assign]
        return made


class TestFeishuHire(TargetSuite):
    """Notes on candidates."""

    connector = FEISHU

    @pytest.fixture
    def far_end(self, world: World) -> Standing:
        """The open platform's stand-in."""
        talents = sorted(world.held("feishu_hire")["talent"])[:3]
        good = [
            {"talent_id": t, "application_id": t.replace("6930", "6940", 1), "content": f"{NAME}\nline"}
            for t in talents
        ]
        changed = {**good[0], "content": "other words"}
        return Standing(world, "feishu_hire", FEISHU, "note", good, changed, None, "notes")
