"""Many documents, signed by several processes with one key session each.

with Batch(jobs, folder, factory, limits=BatchLimits(processes=2)) as batch:
    for outcome in batch: ...                     in the order of the jobs

values     jobs, outcomes, limits
journal    intent before a key is used, result after its output has a name; what a rerun goes on from
examine    what journal and folder say of a job
worker     the key process: drafts in a sandbox of its own, signs, publishes
process    that process as its parent sees it
attendant  one thread for each key process: hands out, asks the time-stamp authority, takes up after a death
run        the batch itself: order, bounds, progress
"""

from signer.creation.batch.run import Batch
from signer.creation.batch.values import BatchLimits, Counts, Factory, Job, Outcome, Status

__all__ = ["Batch", "BatchLimits", "Counts", "Factory", "Job", "Outcome", "Status"]
