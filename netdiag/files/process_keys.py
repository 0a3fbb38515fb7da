"""What may stand in `process.yaml`. Imported only when a team has one."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from netdiag.ticket.dialogue import WAITS_FOR

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(said: object) -> object:
    match = re.fullmatch(r"(\d{1,6})([smhd])", said) if isinstance(said, str) else None
    if match is None or not int(match[1]):
        raise ValueError("should be a time such as 30m, 4h or 2d")
    return float(int(match[1]) * _UNITS[match[2]])


def _clock(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError('should be a time of day such as "08:00"')
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("should be a time zone such as Europe/Stockholm") from None
    return text


def _whom(text: str) -> str:
    if text not in WAITS_FOR:
        raise ValueError(f"should be one of {', '.join(WAITS_FOR)}")
    return text


_Duration = Annotated[float, BeforeValidator(_duration)]
_Priority = Literal["P1", "P2", "P3", "P4"]
_Clock = Annotated[str, AfterValidator(_clock)]
_Name = Annotated[str, Field(pattern=r"^[\w.-]{1,40}$")]
_Event = Literal["opened", "area-outage", "escalated", "breached", "verified", "closed"]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, populate_by_name=True
    )


class UrgencyKeys(_Strict):
    """One row of the table."""

    high: _Priority
    medium: _Priority
    low: _Priority


class PriorityKeys(_Strict):
    """impact x urgency."""

    high: UrgencyKeys
    medium: UrgencyKeys
    low: UrgencyKeys


class ImpactKeys(_Strict):
    """How many make an impact."""

    high_from: Annotated[int, Field(ge=1, le=100_000)] = 10
    medium_from: Annotated[int, Field(ge=1, le=100_000)] = 3
    callers: Annotated[int, Field(ge=2, le=1000)] = 2


class LevelKeys(_Strict):
    """The promises for one priority."""

    response: _Duration | None = None
    resolution: _Duration | None = None
    always: bool = False


class HoursKeys(_Strict):
    """When the clocks run."""

    timezone: Annotated[str, AfterValidator(_zone)]
    days: Annotated[
        list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1)
    ]
    start: _Clock = Field(alias="from")
    end: _Clock = Field(alias="to")
    holidays: list[date] = []

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError("business hours should end after they begin")
        return self


class TeamKeys(_Strict):
    """A level, a team or another trade."""

    trade: str | None = None
    notify: list[str] = []


class NoticeKeys(_Strict):
    """Who is told of what."""

    to: str
    on: list[_Event] = ["opened", "escalated", "breached"]
    from_priority: _Priority = "P4"


class _SystemKeys(_Strict):
    url: str
    token: str | None = None
    user: str | None = None
    password: str | None = None
    plain_http: bool = False

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url should be https://HOST")
        if parts.username or parts.password:
            raise ValueError(
                "url should not hold a user or password: use token, or user and password"
            )
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme == "http" and not (local or self.plain_http):
            raise ValueError("url should be https: a token would cross the network in clear")
        if (self.token is None) == (self.password is None):
            raise ValueError("should have a token, or a user and a password")
        if self.password is not None and self.user is None:
            raise ValueError("should have a user beside the password")
        return self


class RtKeys(_SystemKeys):
    """Request Tracker 5 (REST 2)."""

    kind: Literal["rt"]
    queue: str = "General"


class JiraKeys(_SystemKeys):
    """Jira Cloud (user and API token as password) or Data Center (personal access token)."""

    kind: Literal["jira"]
    project: str
    issue_type: str = "Task"
    flavour: Literal["cloud", "server"] = "cloud"


class ServiceNowKeys(_SystemKeys):
    """ServiceNow's Table API."""

    kind: Literal["servicenow"]
    table: str = "incident"
    assignment_group: str | None = None


class GlpiKeys(_SystemKeys):
    """GLPI's REST API (apirest.php)."""

    kind: Literal["glpi"]
    app_token: str | None = None


class ZammadKeys(_SystemKeys):
    """Zammad's REST API."""

    kind: Literal["zammad"]
    group: str = "Users"
    customer: str


class RedmineKeys(_SystemKeys):
    """Redmine's REST API."""

    kind: Literal["redmine"]
    project: str
    tracker_id: int | None = None
    closed_status_id: int = 5


_AnySystem = Annotated[
    RtKeys | JiraKeys | ServiceNowKeys | GlpiKeys | ZammadKeys | RedmineKeys,
    Field(discriminator="kind"),
]


class BookStackKeys(_SystemKeys):
    """BookStack's REST API; the token is `TOKEN_ID:TOKEN_SECRET`."""

    kind: Literal["bookstack"]
    token: str
    book: Annotated[int, Field(ge=1)]


class WikiJsKeys(_SystemKeys):
    """Wiki.js 2's GraphQL API; the articles are pages below `path`."""

    kind: Literal["wikijs"]
    token: str
    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9/_-]{1,80}$")] = "netdiag"
    locale: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]{2})?$")] = "en"


_AnyWiki = Annotated[BookStackKeys | WikiJsKeys, Field(discriminator="kind")]


class ProcessKeys(_Strict):
    """The whole file."""

    priority: PriorityKeys | None = None
    impact: ImpactKeys = ImpactKeys()
    service_levels: dict[_Priority, LevelKeys] | None = None
    business_hours: HoursKeys | None = None
    clocks_stop_for: list[Annotated[str, AfterValidator(_whom)]] = ["user"]
    join: _Duration = 1800.0
    first_checks: Literal["background", "foreground", "off"] = "background"
    site: str | None = None
    teams: dict[_Name, TeamKeys] = {}
    notify: list[NoticeKeys] = []
    systems: dict[_Name, _AnySystem] = {}
    wikis: dict[_Name, _AnyWiki] = {}
