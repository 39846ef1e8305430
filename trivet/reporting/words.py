"""What reports say, in both languages."""

from collections.abc import Mapping
from typing import Literal

Language = Literal["zh", "en"]

WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "AI 面试评估报告",
        "position": "应聘岗位",
        "department": "部门",
        "when": "面试时间",
        "round": "轮次",
        "length": "录音时长",
        "spoken": "面试语言",
        "spoken_zh": "中文",
        "spoken_en": "英文",
        "spoken_other": "其他",
        "scored_at": "评估时间",
        "decides": "本报告仅供参考：由人作出决定，AI 不作决定。",
        "scores": "胜任力得分",
        "scale": "0–10 分；竖线为岗位要求。",
        "required": "岗位要求",
        "meets": "达到要求",
        "below": "低于要求 {gap}",
        "confidence": "把握程度",
        "against": "反面依据",
        "strengths": "优势",
        "to_improve": "可改进",
        "none": "无",
        "below_required": "{name}：低于岗位要求 {level}",
        "low": "{name}：偏低（{value}）",
        "strong": "{name}（{value}）：「{quote}」[{at}]",
        "missing": "没有听到的内容",
        "missing_note": "以下方面在面试中没有说到，因此没有评分；没有说到不等于没有能力。",
        "flags": "请人查看",
        "flags_note": "依赖得分之前，请查看以下句子。",
        "flag_addressed_to_scorer": "对评分者说话；未交给模型",
        "flag_quoted_for_everything": "被用作几乎所有胜任力的依据；未计入",
        "terms": "专业术语",
        "term": "术语",
        "count": "次数",
        "per_1000": "每千词",
        "first_at": "首次出现",
        "paragraph": "第 {n} 段",
        "judgements": "面试官意见",
        "interviewer": "面试官",
        "excerpt": "对话摘录",
        "excerpt_written": "答卷摘录",
        "missing_written": "没有写到的内容",
        "missing_note_written": "以下方面在答卷中没有写到，因此没有评分；没有写到不等于没有能力。",
        "excerpt_note": "得分所依据的句子（已标出）及前后各一句。",
        "made": "如何得出",
        "version": "版本",
        "model": "模型",
        "options": "设置",
        "hints": "提示词",
        "reference": "编号",
        "page": "第 {page} 页",
        # for the candidate
        "c_title": "面试反馈",
        "c_hello": "{name}，您好：",
        "c_thanks_written": "感谢您完成“{position}”岗位的笔试。以下是根据您所写的内容整理的反馈，希望对您有所帮助。",
        "c_thanks": "感谢您参加“{position}”岗位的面试。以下是根据您在面试中所说的内容整理的反馈，希望对您有所帮助。",
        "c_well": "您做得好的地方",
        "c_work": "可以继续提升的地方",
        "c_unheard": "没有谈到的方面",
        "c_unheard_note": "面试中没有谈到{names}。这不会被算作您的不足。",
        "c_said": "您说过：「{quote}」",
        "c_said_written": "您写道：「{quote}」",
        "c_how": "这份反馈怎么来的",
        "c_how_note_written": "AI 系统读取您写的内容，找出能体现各项能力的语句。它不作录用决定：决定由人作出。",
        "c_how_note": (
            "AI 系统把面试录音转成文字，找出能体现各项能力的语句。它不评判语气、表情或情绪，也不作录用决定：决定由人作出。"
        ),
        "c_review": "您的权利",
        "c_review_note_written": (
            "如果您认为反馈有误，或希望由人重新查看，请{contact}说明您的姓名和岗位。会有人查看您的答卷和本反馈，并答复您。"
        ),
        "c_review_note": (
            "如果您认为反馈有误，或希望由人重新查看，请{contact}说明您的姓名和岗位。会有人查看录音和本反馈，并答复您。"
        ),
        "c_contact": "联系 {contact}，",
        "c_no_contact": "答复邀请您面试的招聘人员，",
        "c_nothing": "这次面试中可供评估的内容不多。",
        "advice": "下次面试时，可以讲一个具体的经历：当时的情况、您做了什么、结果如何。",
        "advice_service_orientation": "下次可以讲一次帮助客户的经历：对方需要什么、您怎样弄清楚、最后结果如何。",
        "advice_teamwork": "下次可以讲一次与同事共同完成的事：您承担了什么、怎样配合、遇到分歧怎么办。",
        "advice_risk_awareness": "下次可以讲一次您提前发现的问题：您注意到什么、检查了什么、避免了什么。",
        "advice_leadership": "下次可以讲一次由您带头的事：您定了什么目标、怎样带动别人、承担了什么责任。",
        "advice_learning_ability": "下次可以讲最近学会的一件事：怎么学的、用在了哪里、从错误中学到什么。",
        "advice_communication": "下次可以讲一次把复杂的事讲清楚的经历：对谁讲、怎样讲、怎样确认对方明白了。",
        "advice_technical_ability": "下次可以多讲您亲手做过的技术工作：用了什么、为什么这样选择、结果如何。",
        # letters
        "m_subject": "面试报告：{position}（{reference}）",
        "m_note": (
            "附件是一份面试评估报告。\n\n岗位：{position}\n面试时间：{when}\n编号：{reference}\n\n"
            "报告含个人信息，请勿转发。由人作出决定，AI 不作决定。\n"
        ),
    },
    "en": {
        "title": "AI interview assessment",
        "position": "Position",
        "department": "Department",
        "when": "Interview",
        "round": "Round",
        "length": "Recording",
        "spoken": "Language",
        "spoken_zh": "Chinese",
        "spoken_en": "English",
        "spoken_other": "other",
        "scored_at": "Assessed",
        "decides": "For information only: a person decides, never the AI.",
        "scores": "Competency scores",
        "scale": "0 to 10; the upright line is what the position requires.",
        "required": "required",
        "meets": "meets it",
        "below": "{gap} below",
        "confidence": "confidence",
        "against": "against",
        "strengths": "Strengths",
        "to_improve": "To improve",
        "none": "none",
        "below_required": "{name}: below the required {level}",
        "low": "{name}: low ({value})",
        "strong": "{name} ({value}): “{quote}” [{at}]",
        "missing": "Nothing was said about",
        "missing_note": "These did not come up in the interview and have no score; silence says nothing about ability.",
        "flags": "For a person to look at",
        "flags_note": "Look at these sentences before you rely on the scores.",
        "flag_addressed_to_scorer": "speaks to the scorer; withheld from the model",
        "flag_quoted_for_everything": "quoted for nearly every competency; not counted",
        "terms": "Industry terms",
        "term": "term",
        "count": "times",
        "per_1000": "per 1,000 words",
        "first_at": "first at",
        "paragraph": "¶ {n}",
        "judgements": "Interviewers’ own judgement",
        "interviewer": "interviewer",
        "excerpt": "From the conversation",
        "excerpt_written": "From what was written",
        "missing_written": "Nothing was written about",
        "missing_note_written": "These do not come up in the answers and have no score; silence says nothing about ability.",
        "excerpt_note": "The sentences that scores rest on (marked), each with the one before and after.",
        "made": "How it was made",
        "version": "version",
        "model": "model",
        "options": "options",
        "hints": "hints",
        "reference": "Reference",
        "page": "page {page}",
        "c_title": "Your interview feedback",
        "c_hello": "Hello {name},",
        "c_thanks_written": (
            "Thank you for your written answers for the position “{position}”. This feedback comes from what you wrote; we hope "
            "it is of use to you."
        ),
        "c_thanks": (
            "Thank you for your interview for the position “{position}”. This feedback comes from what you said in it; "
            "we hope it is of use to you."
        ),
        "c_well": "What went well",
        "c_work": "What you could work on",
        "c_unheard": "What did not come up",
        "c_unheard_note": "We did not hear about: {names}. This does not count against you.",
        "c_said": "You said: “{quote}”",
        "c_said_written": "You wrote: “{quote}”",
        "c_how": "How this feedback was made",
        "c_how_note_written": (
            "An AI system read what you wrote and looked for sentences that show an ability. It does not decide: people do."
        ),
        "c_how_note": (
            "An AI system wrote down the recording of your interview and looked for sentences that show an ability. It does "
            "not judge your voice, face or mood, and it does not decide: people do."
        ),
        "c_review": "Your rights",
        "c_review_note_written": (
            "If you think that something here is wrong, or want a person to look at it again, {contact} with your name and the "
            "position. Somebody will go through your answers and this feedback and answer you."
        ),
        "c_review_note": (
            "If you think that something here is wrong, or want a person to look at it again, {contact} with your name and the "
            "position. Somebody will go through the recording and this feedback and answer you."
        ),
        "c_contact": "write to {contact}",
        "c_no_contact": "answer the recruiter who invited you",
        "c_nothing": "There was little in this interview that could be assessed.",
        "advice": "Next time, tell of one situation: what it was, what you did, and what came of it.",
        "advice_service_orientation": (
            "Next time, tell how you helped a customer: what was needed, how you found out, and how it ended."
        ),
        "advice_teamwork": (
            "Next time, tell of something you did with colleagues: your part, how you worked together, how you settled a "
            "disagreement."
        ),
        "advice_risk_awareness": (
            "Next time, tell of a problem that you saw coming: what you noticed, what you checked, what you avoided."
        ),
        "advice_leadership": (
            "Next time, tell of something that you led: the goal you set, how you took others along, what you answered for."
        ),
        "advice_learning_ability": (
            "Next time, tell of something you learned lately: how, where you used it, and what a mistake taught you."
        ),
        "advice_communication": (
            "Next time, tell how you made something difficult clear: to whom, in what way, and how you knew that it was "
            "understood."
        ),
        "advice_technical_ability": (
            "Next time, say more about technical work of your own hands: what you used, why, and what came of it."
        ),
        "m_subject": "Interview report: {position} ({reference})",
        "m_note": (
            "Attached is an interview assessment.\n\nPosition: {position}\nInterview: {when}\nReference: {reference}\n\n"
            "It holds personal data: please do not pass it on. A person decides, never the AI.\n"
        ),
    },
}
