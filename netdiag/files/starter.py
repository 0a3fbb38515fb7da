"""The commented inventory that `netdiag init` writes."""

from __future__ import annotations

_HOSTS = """\
# One entry a device: Nornir's format, netdiag's own keys under data.netdiag.
# A secret is a reference: "env:NAME", "file:PATH" or "keyring:NAME"; a plain value works and
# `netdiag doctor` warns of it. What stands in groups.yaml and defaults.yaml need not be repeated.
#
# core-1:
#   hostname: 10.0.0.1
#   groups: [campus]
#   data:
#     netdiag:
#       area: HQ/1F                 # site/floor[/room]
#       role: core                  # core | distribution | access | router
#       never_touch: [GigabitEthernet1/0/1]        # ports that no repair may change
#
# acc-3f-1:
#   hostname: 10.0.3.1
#   groups: [campus]
#   data:
#     netdiag:
#       area: HQ/3F
#       role: access
#       desks: {GigabitEthernet1/0/7: "3F-107"}    # port to desk label
#       out_of_band: {hostname: 192.0.2.17, port: 22}   # a second way in, where there is one
"""

_GROUPS = """\
# What the members of a group share; a host's own keys win, then its groups' in their order.
campus:
  platform: cisco_ios
  username: netops
  password: "env:NETOPS_PASSWORD"
  data:
    netdiag:
      snmp: {version: 2c, community: "env:SNMP_COMMUNITY"}
      # snmp: {version: 3, user: ops, auth: sha256, auth_key: "env:SNMP_AUTH", priv: aes128, priv_key: "env:SNMP_PRIV"}
      # ssh:
      #   known_hosts: known_hosts    # beside this file; without it: ~/.ssh/known_hosts
      #   accept_new: false           # true: record the key of a host that has none on record
      #   enable_secret: "env:ENABLE_SECRET"
      #   timeout_s: 10
      #   # of one old device, in hosts.yaml, never of a group: what it cannot do without
      #   legacy_algorithms: [diffie-hellman-group14-sha1, ssh-rsa]
      requests_per_s: 50              # the poll budget: a weak switch is not driven to 100 % CPU
"""

_DEFAULTS = """\
# What holds for the whole site.
data:
  netdiag: {}
    # dhcp_servers:                   # who may answer DHCP; without it nobody is called a rogue
    #   - {ip: 10.10.0.2, mac: "00:11:22:33:44:55", vlans: [10], routers: [10.10.0.1], dns: [10.10.0.53]}
    # dhcp6_servers:                  # `netdiag sweep IFACE --learn` proposes all three lists
    #   - {duid: "00:03:00:01:00:11:22:33:44:55", vlans: [10]}
    # routers:                        # who may send router advertisements, and for which prefixes
    #   - {mac: "00:11:22:33:44:66", vlans: [10], prefixes: ["2001:db8:10::/64"]}
    # checks:                         # what users need: asked after a repair, read-only
    #   - {name: intranet, host: intranet.example.com, port: 443, dns: intranet.example.com}
    # two_person: [core]              # roles, groups, devices: two people approve their changes
    # max_stations: 8                 # a port with more stations than this is not shut
    # max_view_age_s: 600             # a change rests on a view no older than this
    # changes_per_minute: 12          # a device is sent at most; changes_per_minute_total: all
    # sensors: [eth0]                 # interfaces of this machine that listen and probe
    # syslog_files: [/var/log/network.log]      # where the devices' syslog arrives
"""


def starter() -> dict[str, str]:
    """File name to text: an inventory that loads as it is, and says how to fill it."""
    return {"hosts.yaml": _HOSTS, "groups.yaml": _GROUPS, "defaults.yaml": _DEFAULTS}


PROCESS = """\
# The team's rules for tickets. Every line that is missing holds as shipped; a misspelt key is an
# error with file and line. `netdiag ticket rules` shows what is in force. A secret is a reference:
# env:NAME, file:PATH or keyring:NAME.
priority:                             # impact: rows, urgency: columns
  high:   {high: P1, medium: P2, low: P3}
  medium: {high: P2, medium: P3, low: P4}
  low:    {high: P3, medium: P4, low: P4}
impact:
  high_from: 10                       # people or stations; a switch that is cut off is always high
  medium_from: 3
  callers: 2                          # so many callers from one place are an area outage
service_levels:                       # 30s, 15m, 4h, 2d of the time in which the clock runs
  P1: {response: 15m, resolution: 4h, always: true}     # always: outside the business hours too
  P2: {response: 30m, resolution: 8h, always: true}
  P3: {response: 4h, resolution: 24h}
  P4: {response: 8h, resolution: 80h}
# business_hours:                     # without them the clocks run day and night
#   timezone: Europe/Stockholm
#   days: [mon, tue, wed, thu, fri]
#   from: "08:00"
#   to: "17:00"
#   holidays: [2026-12-24, 2026-12-25]
clocks_stop_for: [user]               # user, provider, window (an agreed time for changes)
join: 30m                             # calls from one place within this time are one incident
first_checks: background              # switch ports and DHCP when an area is out: or foreground, off
# site: HQ                            # of a caller who names none
# teams:                              # netdiag ticket escalate TICKET --to dba
#   dba: {trade: databases, notify: ["env:NOTIFY_DBA"]}
# notify:                             # addresses as apprise writes them: mailto://, wecombot://, ...
#   - {to: "env:NOTIFY_NOC", on: [opened, area-outage, escalated, breached, verified, closed], from_priority: P2}
# systems:                            # netdiag ticket sync
#   rt: {kind: rt, url: "https://rt.example.org", token: "env:RT_TOKEN", queue: Network}
#   jira: {kind: jira, url: "https://example.atlassian.net", user: ops@example.org, password: "env:JIRA_TOKEN", project: NET}
#   snow: {kind: servicenow, url: "https://example.service-now.com", user: netdiag, password: "env:SNOW"}
#   glpi: {kind: glpi, url: "https://glpi.example.org", token: "env:GLPI_USER", app_token: "env:GLPI_APP"}
#   zammad: {kind: zammad, url: "https://zammad.example.org", token: "env:ZAMMAD", group: Network, customer: noc@example.org}
#   redmine: {kind: redmine, url: "https://redmine.example.org", token: "env:REDMINE", project: network}
"""
