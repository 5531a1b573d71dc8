"""The environment variables of OpenMP that the command line sets, and the number of usable CPUs."""

import os
import subprocess
import sys

import pytest

from sentiment.runtime import threads
from sentiment.runtime.threads import cgroup_quotas, configure_openmp, usable_cpus


@pytest.fixture
def cgroup(tmp_path, monkeypatch):
    """Return a function that makes this process a member of a cgroup, on 8 CPUs."""
    monkeypatch.setattr(threads, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(threads, "CGROUP_ROOT", tmp_path)
    monkeypatch.setattr(threads, "cpus_of_affinity", lambda: 8)

    def join(membership, **files):
        (tmp_path / "cgroup").write_text(membership)
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{content}\n")

    return join


V1 = "4:memory:/docker/a1\n3:cpu,cpuacct:/docker/a1\n1:name=systemd:/docker/a1\n0::/docker/a1\n"


@pytest.mark.parametrize(
    ("membership", "files", "cpus"),
    [
        ("0::/\n", {}, 8),
        ("0::/\n", {"cpu.max": "max 100000"}, 8),
        ("0::/\n", {"cpu.max": "200000 100000"}, 2),
        ("0::/\n", {"cpu.max": "250000 100000"}, 2),
        ("0::/\n", {"cpu.max": "50000 100000"}, 1),
        ("0::/\n", {"cpu.max": "1600000 100000"}, 8),
        ("0::/a/b\n", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "max 100000"}, 3),
        ("0::/a/b\n", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "200000 100000"}, 2),
        ("0::/a/b\n", {"a/cpu.max": "150 100", "a/b/cpu.max": "600000 100000"}, 1),
        # The path is that of the host, and the container's own files are at the root.
        ("0::/docker/a1\n", {"cpu.max": "400000 100000"}, 4),
        ("0::/../b\n", {"cpu.max": "400000 100000"}, 4),
        (V1, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        (V1, {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        (
            V1,
            {
                "cpu/docker/a1/cpu.cfs_quota_us": "100000",
                "cpu/docker/a1/cpu.cfs_period_us": "50000",
            },
            2,
        ),
        ("0::/\n", {"cpu.max": "no number"}, 8),
    ],
)
def test_usable_cpus_are_whole_cpus_within_the_quotas_of_all_groups(
    cgroup, membership, files, cpus
):
    cgroup(membership, **files)
    assert usable_cpus() == cpus
    environment = {}
    configure_openmp(environment)
    assert environment.get("OMP_NUM_THREADS") == (str(cpus) if cpus < 8 else None)


def test_system_without_cgroups_has_no_quota(tmp_path, monkeypatch):
    monkeypatch.setattr(threads, "CGROUPS", tmp_path / "missing")
    assert cgroup_quotas() == []
    assert usable_cpus() == threads.cpus_of_affinity() >= 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_usable_cpus_are_within_the_affinity():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(before)])
    try:
        assert usable_cpus() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(
    "chosen",
    [
        {"GOMP_SPINCOUNT": "7"},
        {"OMP_WAIT_POLICY": "active"},
        {"KMP_BLOCKTIME": "0"},
        {"KMP_LIBRARY": "turnaround"},
        {"OMP_NUM_THREADS": "6", "OMP_WAIT_POLICY": "passive"},
    ],
)
def test_variables_of_the_user_are_kept(cgroup, chosen):
    cgroup("0::/\n", **{"cpu.max": "200000 100000"})
    environment = dict(chosen)
    configure_openmp(environment)
    assert environment == {"OMP_NUM_THREADS": "2", **chosen}


@pytest.mark.skipif(sys.platform != "linux", reason="PyTorch has GNU OpenMP on Linux only")
def test_command_line_sets_the_spin_count_before_openmp_is_loaded():
    variables = {name: v for name, v in os.environ.items() if name not in threads.WAIT_VARIABLES}
    result = subprocess.run(
        [sys.executable, "-m", "sentiment", "predict", "A joy."],
        env={**variables, "OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"GOMP_SPINCOUNT = '{threads.SPIN_COUNT}'" in result.stderr
