"""Our runner of TextFSM templates gives the rows that the library gives, in everything it plays."""

import io
from pathlib import Path

import ntc_templates
import pytest
from textfsm import TextFSM, TextFSMError

from netdiag.decode.machine import Machine, UnexpectedLine

TEMPLATES = Path(ntc_templates.__file__).parent / "templates"
OPERATIONS = r"""
Value Filldown VLAN (\d+)
Value Required PORT (\S+)
Value STATE (\w+)
Value List MAC (\S+)

Start
  ^vlan ${VLAN} -> Clearall
  ^port \S+ -> Continue.Record
  ^port ${PORT}(?: is ${STATE})?
  ^mac ${MAC}
  ^forget -> Clear
  ^more -> Other
  ^broken -> Error "no such line"

Other
  ^port ${PORT} -> Record
  ^vlan ${VLAN}
  ^back -> Start
  ^end -> End
"""


def both(fsm, text):
    """(what the library reads, what ours reads); the line where a template says Error."""
    fsm.Reset()
    machine = Machine.of(fsm)
    assert machine is not None
    library: object
    ours: object
    try:
        library = [list(row.items()) for row in fsm.ParseTextToDicts(text)]
    except TextFSMError as exc:
        library = str(exc).rpartition("Input Line: ")[2].rstrip(".")
    try:
        ours = [list(row.items()) for row in machine.run(text)]
    except UnexpectedLine as exc:
        ours = str(exc).rstrip(".")
    return library, ours


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        ("vlan 1,port a is up,mac x,mac y,port b,port c is down", 3),
        ("vlan 1,port a,forget,port b", 1),
        ("vlan 1,port a,vlan 2,port b", 1),
        ("port a,more,port b,vlan 7,port c,port d,back,port e", 4),
        ("port a,more,port b,end,port c", 1),
        ("mac x,mac y", 0),
        ("vlan 3", 0),
        ("", 0),
    ],
)
def test_every_operation(lines, rows):
    library, ours = both(TextFSM(io.StringIO(OPERATIONS.lstrip())), lines.replace(",", "\n"))
    assert ours == library
    assert len(ours) == rows


def test_an_error_names_the_line():
    library, ours = both(TextFSM(io.StringIO(OPERATIONS.lstrip())), "port a\nbroken thing\nport b")
    assert ours == library == "broken thing"


def test_an_empty_row_is_none_and_an_eof_state_ends_without_one():
    fsm = TextFSM(io.StringIO("Value A (\\d*)\n\nStart\n  ^a${A} -> Record\n  ^b${A}\n\nEOF\n"))
    library, ours = both(fsm, "a1\na\nb2")
    assert ours == library
    fsm = TextFSM(io.StringIO("Value List A (\\d+)\n\nStart\n  ^a${A}\n  ^r -> Record\n"))
    library, ours = both(fsm, "r\na1\na2\nr\nr\na3")
    assert ours == library
    assert len(ours) == 2


def test_what_is_not_played_is_left_to_the_library():
    for option in ("Fillup", "Filldown,List", "Required,List"):
        template = f"Value {option} A (\\d+)\n\nStart\n  ^${{A}} -> Record\n"
        assert Machine.of(TextFSM(io.StringIO(template))) is None
    nested = "Value List A ((?P<B>\\d+) x)\n\nStart\n  ^${A} -> Record\n"
    assert Machine.of(TextFSM(io.StringIO(nested))) is None


@pytest.mark.data
def test_recordings_by_ntcs_own_templates(shared_data):
    read = rows = left = 0
    for raw in sorted((shared_data / "cli" / "ntc").glob("*/*/*.raw")):
        template = TEMPLATES / f"{raw.parts[-3]}_{raw.parts[-2]}.textfsm"
        if not template.exists():
            continue
        with template.open() as source:
            fsm = TextFSM(source)
        if Machine.of(fsm) is None:
            left += 1
            continue
        library, ours = both(fsm, raw.read_text(errors="replace"))
        assert ours == library, raw
        read, rows = read + 1, rows + len(ours)
    assert read > 100
    assert rows > 2000
    assert left < read / 10
