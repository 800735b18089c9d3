# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to find at a customer: made from its number, always the same. Standard library only."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

Record = dict[str, object]

PLATFORMS = ("Windows", "Linux", "Mac")  # of the hosts 0, 1, 2, 3, ... in turn
OFFLINE_EVERY = 10  # of the hosts 9, 19, ... the last sign of life is old
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")


def record_id(cid: str, kind: str, number: int) -> str:
    return hashlib.sha256(f"{kind} {number} of {cid}".encode()).hexdigest()[:32]


def host_id(cid: str, number: int) -> str:
    return record_id(cid, "host", number)


def host_name(number: int) -> str:
    return f"{PLATFORMS[number % 3][:3].lower()}-{number:06d}"


def moment(number: int) -> str:
    """Minutes after the beginning of 2026."""
    return (_BEGINNING + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def online(number: int) -> bool:
    return (number + 1) % OFFLINE_EVERY != 0


def host(cid: str, number: int) -> Record:
    """A host as newly installed; what calls have done to it is in `tenant`."""
    platform = PLATFORMS[number % 3]
    low = number % 65_536
    return {
        "device_id": host_id(cid, number),
        "cid": cid,
        "hostname": host_name(number),
        "platform_id": str(number % 3),
        "platform_name": platform,
        "os_version": {"Windows": "Windows Server 2022", "Linux": "RHEL 9.4", "Mac": "Sequoia (15)"}[platform],
        "agent_version": f"7.{20 + number % 3}.17706.0",
        "product_type_desc": "Server" if number % 2 else "Workstation",
        "local_ip": f"10.{number // 65_536}.{low // 256}.{low % 256}",
        "external_ip": "203.0.113.20",
        "mac_address": f"02-00-{number >> 24 & 255:02x}-{number >> 16 & 255:02x}-{low // 256:02x}-{low % 256:02x}",
        "machine_domain": "example.com",
        "system_manufacturer": "Example, Inc.",
        "serial_number": f"SN{number:08d}",
        "first_seen": moment(number),
        "last_seen": moment(500_000 if online(number) else number),
        "modified_timestamp": moment(number),
        "provision_status": "Provisioned",
        "reduced_functionality_mode": "no",
        "rtr_state": "",
        "status": "normal",
        "groups": [],
        "tags": [],
        "policies": [],
        "meta": {"version": str(number), "version_string": f"{number}:{number}"},
    }


def vulnerability(cid: str, number: int) -> Record:
    """With all its facets, which are left out unless they are asked for."""
    aid = host_id(cid, number // 3)
    return {
        "id": f"{aid}_{record_id(cid, 'vulnerability', number)}",
        "cid": cid,
        "aid": aid,
        "vulnerability_id": f"CVE-2026-{10_000 + number % 50_000}",
        "status": "open" if number % 4 else "closed",
        "confidence": "confirmed",
        "created_timestamp": moment(number),
        "updated_timestamp": moment(number + 1),
        "apps": [{"product_name_version": "example 1.0", "sub_status": "open"}],
        "cve": {"id": f"CVE-2026-{10_000 + number % 50_000}", "severity": _SEVERITIES[number % 4], "base_score": 7.5},
        "host_info": {"hostname": host_name(number // 3), "platform_name": PLATFORMS[number // 3 % 3], "groups": []},
        "remediation": {"ids": [record_id(cid, "remediation", number)]},
        "evaluation_logic": {"id": record_id(cid, "logic", number)},
    }


def alert(cid: str, number: int) -> Record:
    aid = host_id(cid, number)
    indicator = f"ind:{aid}:{number}"
    return {
        "composite_id": f"{cid}:{indicator}",
        "id": indicator,
        "cid": cid,
        "agent_id": aid,
        "aggregate_id": f"aggind:{aid}:{number}",
        "name": "SuspiciousActivity",
        "display_name": "Suspicious Activity",
        "description": f"Something odd, number {number}",
        "product": "epp",
        "type": "ldt",
        "platform": PLATFORMS[number % 3],
        "status": ("new", "in_progress", "closed")[number % 3],
        "severity": number % 100,
        "severity_name": _SEVERITIES[number % 4].capitalize(),
        "tactic": "Execution",
        "created_timestamp": moment(number),
        "updated_timestamp": moment(number + 1),
        "timestamp": moment(number),
        "tags": [],
    }


def indicator(cid: str, number: int) -> Record:
    kind, value = (("domain", f"bad-{number}.example.com"), ("ip_address", f"198.51.100.{number % 256}"))[number % 2]
    return {
        "id": f"{kind}_{number}_{value}",
        "indicator": value,
        "type": kind,
        "_marker": f"{1_700_000_000 + number}{record_id('', 'marker', number)}",
        "deleted": False,
        "published_date": 1_700_000_000 + number,
        "last_updated": 1_700_000_000 + number,
        "malicious_confidence": ("low", "medium", "high")[number % 3],
        "actors": [],
        "reports": [],
        "malware_families": [],
        "kill_chains": [],
        "labels": [],
        "relations": [],
        "targets": [],
        "threat_types": [],
        "vulnerabilities": [],
    }


def asset(cid: str, number: int) -> Record:
    return {
        "id": f"{cid}|arn:aws:ec2:eu-west-1:{100_000_000_000 + number % 7}:instance/i-{number:017x}",
        "cid": cid,
        "resource_id": f"i-{number:017x}",
        "resource_type": "AWS::EC2::Instance",
        "account_id": str(100_000_000_000 + number % 7),
        "cloud_provider": ("aws", "azure", "gcp")[number % 3],
        "region": "eu-west-1",
        "service": "EC2",
        "active": True,
        "creation_time": moment(number),
        "updated_at": moment(number + 1),
    }


def misconfiguration(cid: str, number: int) -> Record:
    """An indicator of misconfiguration (IOM)."""
    return {
        "cid": cid,
        "cloud_provider": ("aws", "azure", "gcp")[number % 3],
        "account_id": str(100_000_000_000 + number % 7),
        "account_name": "example",
        "azure_tenant_id": "",
        "region": "eu-west-1",
        "service": "S3",
        "severity": _SEVERITIES[number % 4].capitalize(),
        "status": "new" if number % 2 else "reoccurring",
        "policy_id": str(number % 40),
        "policy_statement": "Bucket is public",
        "policy_type": "configuration",
        "finding": "{}",
        "report_date_time": moment(number),
        "resource_id": f"arn:aws:s3:::bucket-{number}",
        "resource_id_type": "bucket",
        "resource_attributes": "{}",
        "resource_create_time": moment(number),
        "resource_url": f"https://console.example.com/buckets/{number}",
        "tags": "",
    }
