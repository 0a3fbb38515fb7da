"""What the played switches are: the texts by which a Catalyst of each kind names itself."""

from __future__ import annotations

from dataclasses import dataclass

_RIGHTS = (
    "Technical Support: http://www.cisco.com/techsupport\r\n"
    "Copyright (c) 1986-{year} by Cisco Systems, Inc.\r\n"
    "Compiled {compiled}"
)


@dataclass(frozen=True, slots=True)
class Model:
    """One hardware model with the software that runs on it."""

    hardware: str
    sys_object_id: str
    software: str
    """The first line of `show version` and of sysDescr."""
    version: str
    year: int
    compiled: str
    image: str
    board_serial: str
    memory: str
    media: str
    """The Type column of `show interfaces status`."""

    @property
    def sys_descr(self) -> str:
        """sysDescr, its lines separated as IOS does."""
        return f"{self.software}\r\n{_RIGHTS.format(year=self.year, compiled=self.compiled)}"


CATALYST_2960X = Model(
    hardware="WS-C2960X-24TS-L",
    sys_object_id="1.3.6.1.4.1.9.1.1208",
    software="Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E4, RELEASE SOFTWARE (fc2)",
    version="15.2(7)E4",
    year=2021,
    compiled="Wed 17-Feb-21 11:05 by prod_rel_team",
    image="flash:/c2960x-universalk9-mz.152-7.E4/c2960x-universalk9-mz.152-7.E4.bin",
    board_serial="FOC2027S0",
    memory="(APM86XXX) processor (revision K0) with 524288K bytes of memory.",
    media="10/100/1000BaseTX",
)
CATALYST_9300 = Model(
    hardware="C9300-24T",
    sys_object_id="1.3.6.1.4.1.9.1.2494",
    software="Cisco IOS Software [Fuji], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 16.9.5, RELEASE SOFTWARE (fc1)",
    version="16.9.5",
    year=2020,
    compiled="Thu 30-Jan-20 18:36 by mcpre",
    image="flash:packages.conf",
    board_serial="FCW2230L0",
    memory="(X86) processor with 1392780K/6147K bytes of memory.",
    media="10/100/1000BaseTX",
)


def model_for(role: str | None) -> Model:
    """The model that a switch of that role usually is."""
    return CATALYST_9300 if role in ("core", "distribution", "router") else CATALYST_2960X
