"""The company's people, and a training and qualifications catalogue, as personnel numbers and object ids."""

from ..company import people
from ..store import Json, Store

FOREVER = {"BEGDA": "19000101", "ENDDA": "99991231"}
GROUPS = {"50000410": "Interpersonal skills", "50000420": "Leadership and judgement"}
COMPETENCIES = {  # object id: group ("00000000" is the root), name
    "50000501": ("50000410", "服务意识 Service orientation"),
    "50000502": ("50000410", "团队协作 Teamwork"),
    "50000503": ("50000410", "沟通能力 Communication"),
    "50000504": ("50000420", "领导潜力 Leadership"),
    "50000505": ("50000420", "风险意识 Risk awareness"),
    "50000506": ("50000420", "学习能力 Learning ability"),
    "50000507": ("00000000", "技术能力 Technical ability"),
}
COURSES = {  # object id: abbreviation, name, qualifications that it imparts
    "50000201": ("TRN-SVC-201", "客户服务技巧", ["50000501"]),
    "50000110": ("TRN-LRN-110", "工程师快速学习方法", ["50000506", "50000507"]),
    "50000120": ("TRN-LRN-120", "销售新人学习营", ["50000506"]),
    "50000130": ("TRN-LRN-130", "金融从业者持续学习", ["50000506"]),
}
EVENTS = {
    "50000301": ("50000201", "20270112"),
    "50000302": ("50000201", "20270309"),
    "50000303": ("50000110", "20270118"),
}
MODEL = "50000901"
OFFICER = "00000001"


def fill(store: Store, size: int | None) -> None:
    """Everything above, in one piece."""
    with store.together():
        store.put("person", OFFICER, {"NAME": "HR officer"})
        for one in people(size):
            if one.employee_number:
                store.put("person", one.employee_number.zfill(8), {"NAME": one.name})
        for key, name in GROUPS.items():
            store.put(
                "catalogue_qk", key, {"STEXT": name, **FOREVER, "PUP_OTYPE": "", "PUP_OBJID": "00000000"}
            )
        for key, (group, name) in COMPETENCIES.items():
            above: Json = {"PUP_OTYPE": "QK" if int(group) else "", "PUP_OBJID": group}
            store.put("catalogue_q", key, {"STEXT": name, **FOREVER, **above})
        for key, (short, name, imparts) in COURSES.items():
            store.put("course", key, {"ETSHT": short, "ETSTX": name, **FOREVER, "imparts": imparts})
        for key, (course, day) in EVENTS.items():
            store.put(
                "event",
                key,
                {
                    "ETYID": course,
                    "EVSHT": COURSES[course][0],
                    "EVSTX": COURSES[course][1],
                    "EVBEG": day,
                    "EVEND": day,
                },
            )
        store.put("appraisal_model", MODEL, {"TEXT": "Probation"})
