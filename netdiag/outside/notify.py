"""One notification by apprise (https://appriseit.com): mail, WeCom, DingTalk, Feishu, Teams and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdiag.errors import Rejected, Unreachable, UsageError

if TYPE_CHECKING:
    from netdiag.access import Secret


def send(address: Secret, title: str, text: str) -> None:
    """Plain text to one of apprise's addresses.

    `Unreachable`: try again later. `Rejected`: apprise does not know such an address. apprise tells
    its log alone what went wrong, and that may hold the address: it is not repeated.
    """
    try:
        import apprise
    except ImportError as exc:
        raise UsageError("notifications need apprise: pip install 'netdiag[notify]'") from exc
    import logging

    # Its log lines quote addresses, and with them passwords.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    sender = apprise.Apprise()
    if not sender.add(address.reveal()):
        raise Rejected("apprise does not know such an address")
    told = sender.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT)
    if not told:
        raise Unreachable("the notification did not go out")
