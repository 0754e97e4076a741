"""One round of each fault while two servers work on a replica set of three. `./dev faults` runs more and longer rounds."""

import pytest

from support import pypi
from support.cluster import Cluster

pytestmark = pytest.mark.embedded  # it has a store of its own


@pytest.fixture(scope="module")
def cluster():
    with pypi.needed("MongoDB"), Cluster() as running:
        yield running


@pytest.mark.parametrize("fault, seconds", [("primary_killed", 1), ("node_stopped", 8), ("node_killed", 0.5), ("link_cut", 8)])
def test_nothing_acknowledged_is_lost_or_happens_twice(cluster, fault, seconds):
    print(cluster.round(fault, getattr(cluster, fault), seconds))
