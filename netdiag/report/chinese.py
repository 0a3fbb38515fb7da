"""The report in Chinese, in the words of the field (故障报告): said anew from what is known of the
incident, not translated sentence by sentence. What people and devices said stays as it came.

Terms as Huawei's, H3C's and Ruijie's documents have them; certainty is 已确认, 高度疑似 or 待核实.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from netdiag.model import Finding, Kind, NotChecked, PlanStep, Resource
from netdiag.names import short_name
from netdiag.report.chinese_words import CHECKS, KINDS, PRESENT, REMEDIES, UNSEEN, WORDS
from netdiag.report.language import Language
from netdiag.ticket import Action, Check, Entry, Ticket

_CONFIRMED, _LIKELY = 0.9, 0.6


class Chinese(Language):
    """中文."""

    code = "zh-CN"
    marks: ClassVar[Mapping[str, str]] = {"colon": "：", "comma": "，", "semi": "；", "stop": "。"}

    def word(self, english: str) -> str:
        return WORDS.get(english) or KINDS.get(english) or english

    def moment(self, at: datetime | None) -> str:
        return "–" if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def duration(self, seconds: float | None) -> str:
        if seconds is None:
            return "–"
        left = max(round(seconds), 0)
        parts: list[str] = []
        for size, unit in ((86400, "天"), (3600, "小时"), (60, "分"), (1, "秒")):
            if left >= size and len(parts) < 2:
                parts.append(f"{left // size}{unit}")
                left %= size
            elif parts:
                break
        return "".join(parts) or "0秒"

    def headline(self, ticket: Ticket) -> str:
        if ticket.stated_cause:
            return ticket.stated_cause
        cause = ticket.cause
        if cause is None:
            said = next((r.symptom for r in ticket.reports if r.symptom), None)
            return f"{said or '网络故障'}（原因未查明）"
        also = "，".join(self.word(k) for k in cause.also)
        named = self._named(cause.kind, cause.resource, cause.interfaces)
        return named + (f"（同时表现为{also}）" if also else "")

    def _callers(self, ticket: Ticket) -> str:
        where = ticket.area or "（区域未知）"
        began = self.moment(ticket.began)
        if not ticket.reports:
            return f"{began}起，{where}发生故障，由系统主动发现，无用户报障。"
        return f"{began}起，{where}发生故障，共收到{len(ticket.reports)}次报障，已知受影响用户{ticket.affected}人。"

    def _cause(self, ticket: Ticket) -> str:
        cause = ticket.cause
        if cause is None:
            stated = ticket.stated_cause
            return f"根本原因（人工认定）：{stated}" if stated else "根本原因：未查明。"
        sure = "待核实"
        if cause.confidence >= _CONFIRMED and ticket.verification and ticket.verification.ok:
            sure = "已确认"
        elif cause.confidence >= _LIKELY:
            sure = "高度疑似"
        named = self._named(cause.kind, cause.resource, cause.interfaces)
        mac = f"，相关设备MAC地址{cause.resource.mac}" if cause.resource.mac else ""
        return f"根本原因（{sure}）：{named}{mac}，置信度{cause.confidence:.0%}。"

    def _done(self, ticket: Ticket, actions: Sequence[Action]) -> str:
        sent = [a for a in actions if a.state == "done"]
        fix = f"处理结果：{ticket.fix}" if ticket.fix else ""
        if not sent:
            return f"未对设备做任何变更。{fix}"
        people = "、".join(dict.fromkeys(a.approved_by for a in sent if a.approved_by))
        what = "；".join(
            dict.fromkeys(
                f"{self.word(a.action or 'change')}{a.device} {short_name(a.interface or '')}".strip()
                for a in sent
            )
        )
        return f"{f'经{people}批准，' if people else ''}共执行{len(sent)}项变更：{what}。{fix}"

    def _outcome(self, ticket: Ticket) -> str:
        verification = ticket.verification
        if verification is None:
            end = "业务恢复情况尚未验证。"
        elif verification.ok:
            took = self.duration((verification.at - ticket.began).total_seconds())
            end = f"{self.moment(verification.at)}验证业务已恢复，故障历时{took}。"
        else:
            proven = sum(c.verdict == "proven" for c in verification.checks)
            end = f"恢复验证未全部通过：{len(verification.checks)}项中{proven}项通过。"
        return end + (f"关闭说明：{ticket.close_reason}" if ticket.close_reason else "")

    def _lesson(self, ticket: Ticket) -> str:
        advice = ticket.diagnosis.advice if ticket.diagnosis else ()
        titles = list(dict.fromkeys(self.remedy(a.title, a.why)[0] for a in advice))
        if not titles:
            return "整改建议：本次故障无法通过端口配置预防。"
        return f"整改建议：{'；'.join(titles)}。"

    def figures(self, ticket: Ticket) -> Iterable[tuple[str, str, str]]:
        diagnosis, verification = ticket.diagnosis, ticket.verification
        levels = f"影响程度{self.word(ticket.impact)}，紧急程度{self.word(ticket.urgency)}"
        yield "故障等级", ticket.priority, levels
        if diagnosis is not None and diagnosis.causes:
            yield "定位用时", self.duration(diagnosis.took_s), "自开始诊断起"
        if verification is not None and verification.ok:
            took = self.duration((verification.at - ticket.began).total_seconds())
            yield "恢复用时", took, "自故障发生起"
        else:
            yield "恢复用时", "–", "未验证"
        radius = diagnosis.blast_radius if diagnosis else None
        if radius is not None and (radius.stations or radius.devices):
            yield "受影响终端", f"{radius.stations}台", f"{len(radius.devices)}台交换机脱管"
        else:
            yield "受影响用户", f"{ticket.affected}人", "据报障人所述"

    def finding(self, finding: Finding) -> str:
        r = finding.resource
        details = [f"MAC地址{r.mac}" if r.mac else "", f"IP地址{r.ip}" if r.ip else ""]
        details += [f"VLAN {r.vlan}" if r.vlan is not None else ""]
        known = "，".join(d for d in details if d)
        return self._named(finding.kind, r) + (f"（{known}）" if known else "")

    def entry(self, entry: Entry, ticket: Ticket) -> str:
        if entry.what == "finding":
            named = ticket.diagnosis is not None and any(
                c.summary == entry.text for c in ticket.diagnosis.causes
            )
            return self.headline(ticket) if named else _replaced(entry.text, UNSEEN)
        if entry.what in ("stage", "verification", "action"):
            text = "；".join(self.check_text(part) for part in entry.text.split("; "))
            return _replaced(text, UNSEEN)
        if entry.what == "approval" and entry.text.startswith("step "):
            return f"批准第{entry.text.removeprefix('step ').replace(', ', '、')}步"
        if entry.what == "note" and entry.text.startswith("resolved: "):
            return f"处理结果：{entry.text.removeprefix('resolved: ')}"
        return entry.text

    def action(self, action: Action) -> str:
        port = f"{action.device} {action.interface or ''}".rstrip()
        return f"{self.word(action.action or 'change')}：{port}，{self.word(action.state)}"

    def step(self, step: PlanStep) -> str:
        ports = step.interfaces or ((step.interface,) if step.interface else ())
        where = self._at(Resource(step.device, step.interface), ports).strip()
        undo = "（可回退）" if step.undo else ""
        return f"{self.word(step.action)}{f'：{where}' if where else ''}{undo}"

    def place(self, where: str | None) -> str | None:
        return None if where is None else where.replace(", desk ", "，工位")

    def check(self, check: Check) -> tuple[str, str]:
        return self.check_text(check.what), _replaced(check.detail, CHECKS)

    def check_text(self, text: str) -> str:
        """What had to be true, and how it came out where the ticket's timeline says that too."""
        what, colon, verdict = text.rpartition(": ")
        if colon and verdict in WORDS:
            return f"{_replaced(what, CHECKS)}：{WORDS[verdict]}"
        return _replaced(text, CHECKS)

    def remedy(self, title: str, why: str) -> tuple[str, str]:
        return REMEDIES.get(title, (title, why))

    def unseen(self, item: NotChecked) -> tuple[str, str]:
        return _replaced(item.what, UNSEEN), _replaced(item.why, UNSEEN)

    def _named(self, kind: Kind, r: Resource, interfaces: Sequence[str] = ()) -> str:
        """What is wrong and where: `acc-2 Gi1/0/5端口存在二层环路`."""
        where, what = self._at(r, interfaces), self.word(kind)
        if kind in PRESENT and where:
            return f"{where}存在{what}"
        return (where.removesuffix("端口") if what.startswith("端口") else where) + what

    def _at(self, r: Resource, interfaces: Sequence[str] = ()) -> str:
        """`acc-2 Gi1/0/5、Gi1/0/6端口`; nothing where no place is known."""
        ports = "、".join(short_name(p) for p in (interfaces or (r.interface,)) if p)
        if r.device and ports:
            return f"{r.device} {ports}端口"
        return f"{r.device} " if r.device else ""


def _replaced(text: str, patterns: Sequence[tuple[str, str]]) -> str:
    """The first pattern that fits the whole text, said in Chinese; else the text as it is."""
    for pattern, chinese in patterns:
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match is not None:
            return match.expand(chinese)
    return text
