"""A worker at work: it claims steps, has its children do them, holds their leases meanwhile, and settles how they ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from storage.errors import EarmarkError, LeaseLost
from storage.queue import Claim
from storage.records import Hint, Lease, Queue
from worker.backoff import MAX_FAILURES, wait_before_retry
from worker.desk import Desk
from worker.lines import Message
from worker.memory import free_bytes, limit_bytes
from worker.pulse import touch
from worker.settings import Settings
from worker.supervisor import STOP_GRACE, WITH_MODELS, Child, Children

_log = logging.getLogger("earmark.worker")

BEAT = 1.0
"""Seconds between two looks at what is being done."""

LOOK_UP = 5.0
"""Seconds that one message is worked on, if there is so much to do; the step at hand is finished."""

_MOVED_EVERY = 2.0
"""Seconds between two notes of progress in the ledger."""

Why = Literal["cancelled", "drained", "lost"]


@dataclass
class _Active:
    """A step that a child is doing now."""

    claim: Claim
    lease: Lease
    renewed: float
    sign: float
    """When the child last moved, on the monotonic clock."""
    child: Child | None = None
    """None while it comes up, and once the step has ended: then it may be at another."""
    committed: bool = False
    """Whether its result is in the ledger: the lease is over, and only the planning is left."""
    done: float | None = None
    total: float | None = None
    why: Why | None = None
    """Why it was asked to stop."""
    asked: float = field(default=0.0)


class Station:
    """Does steps of some queues, up to `slots` at once."""

    def __init__(self, desk: Desk, settings: Settings, queues: Sequence[Queue], slots: int) -> None:
        self.queues = tuple(queues)
        self._desk = desk
        self._stores = desk.stores
        self._settings = settings
        self._children = Children(settings)
        self._slots = threading.BoundedSemaphore(slots)
        self._count = slots
        self._active: dict[int, _Active] = {}
        self._lock = threading.Lock()
        self._draining = threading.Event()
        self._returning = threading.Event()
        self._closed = threading.Event()
        self._cap = settings.max_child_bytes or int(limit_bytes() * 0.9)
        self._heart = threading.Thread(target=self._beat, name="earmark-heart", daemon=True)
        self._heart.start()

    # -------------------------------------------------------------- one step

    def work_off(self, queue: Queue) -> None:
        """Do the foremost step of a queue, and then what is foremost in all queues here, until there is nothing left.

        So one message stands for many steps. It looks up from them every few seconds, for other messages wait too; if work is
        left then, it gives word of that.
        """
        until = time.monotonic() + LOOK_UP
        queues: tuple[Queue, ...] = (queue,)
        while self.serve(*queues):
            queues = self.queues
            if time.monotonic() > until:
                left = self._stores.queue.foremost(self.queues)
                self._desk.announce(() if left is None else (left,))
                return

    def serve(self, *queues: Queue) -> bool:
        """Claim the foremost step of some queues and do it; False if there is none."""
        with self._slots:
            if self._draining.is_set():
                return False
            claim = self._stores.queue.claim_next(
                queues, self._stores.presence.owner, room_bytes=self._room, seconds=self._settings.lease_seconds
            )
            if claim is None:
                self._say_what_is_too_large(queues)
                return False
            self._do(claim)
            return True

    def _say_what_is_too_large(self, queues: Sequence[Queue]) -> None:
        room = self._room() if "diarize" in queues else 0
        if room and self._stores.queue.too_large(("diarize",), room):
            _log.warning("Steps of the queue diarize wait for more than the %.1f GB that are free here.", room / 1e9)

    @property
    def idle(self) -> bool:
        """Whether another step could be begun."""
        free = self._slots.acquire(blocking=False)
        if free:
            self._slots.release()
        return free and not self._draining.is_set()

    def _room(self) -> int:
        """Return the memory for another step: what is free, less what those at work have yet to take."""
        with self._lock:
            promised = sum(active.claim.step.needs_bytes for active in self._active.values())
        return max(0, min(free_bytes(), limit_bytes() - promised))

    def _do(self, claim: Claim) -> None:
        now = time.monotonic()
        active = _Active(claim, claim.lease, now, now)
        with self._lock:
            self._active[id(active)] = active
            if self._returning.is_set():  # claimed while all was given back
                self._stop(active, "drained")
        try:
            ended = self._have_done(active, claim.step.queue if claim.step.queue in WITH_MODELS else "plain")
        finally:
            with self._lock:
                del self._active[id(active)]
        try:
            self._settle(active, ended)
        except LeaseLost:
            self._after_the_end(claim.lease)
        except EarmarkError:
            _log.exception("%s of job %s could not be settled; the sweeper will", claim.step.label, claim.lease.job_id)

    def _have_done(self, active: _Active, kind: str) -> Message:
        """Let a child of this kind do the step, unless it is to be stopped before the child has come up."""

        def moved(done: float, total: float | None) -> None:
            active.done, active.total, active.sign = done, total, time.monotonic()

        def committed() -> None:
            active.committed = True

        try:
            child = self._children.take(kind)
        except (OSError, RuntimeError) as error:  # the machine has no room for a process, or ours are ended
            return {"ended": "error", "message": f"no process could be started: {error}", "transient": True, "retry_after": None}
        with self._lock:
            active.child, active.sign = child, time.monotonic()  # it comes up at its own pace
            stopped = active.why is not None
        try:
            return {"ended": "stopped"} if stopped else child.do(active.claim.lease, moved, committed)
        finally:
            with self._lock:
                active.child = None
            self._children.give_back(kind, child)

    def _settle(self, active: _Active, ended: Message) -> None:
        lease, step, how = active.claim.lease, active.claim.step, ended["ended"]
        if how == "done":
            self._desk.tell([Hint(**hint) for hint in ended["hints"]])
        elif active.committed:
            self._after_the_end(lease)
        elif how == "lost" or active.why == "lost":
            _log.warning("%s of job %s went to another worker; nothing is lost.", step.label, lease.job_id)
        elif active.why is not None:
            self._stores.queue.release(lease)
        elif how == "error" and ended["transient"] and step.failures < MAX_FAILURES:
            until = time.time() + wait_before_retry(step.failures, ended["retry_after"])
            self._stores.queue.postpone(lease, ended["message"], until=until)
        elif how == "error":
            self._stores.queue.fail(lease, ended["message"])
        else:  # unforeseen, or it died
            _log.error("%s of job %s: %s", step.label, lease.job_id, ended["message"])
            self._stores.queue.crashed(lease, ended["message"])

    def _after_the_end(self, lease: Lease) -> None:
        """The step is not ours any more: taken over, or committed before its child died; what is ready now is planned anew."""
        try:
            self._desk.advance(lease.job_id)
        except EarmarkError:
            _log.exception("job %s could not be planned; the sweeper will", lease.job_id)

    # -------------------------------------------------------------- the heart

    def _beat(self) -> None:
        while not self._closed.wait(BEAT):
            touch(self._settings.pulse_file)
            with self._lock:
                active = list(self._active.values())
            try:
                self._look_after(active)
                self._children.end_idle(longer_than=self._settings.idle_seconds)
            except EarmarkError as error:  # the ledger is away: go on, the leases run on meanwhile
                _log.warning("%s", error)
            except Exception:  # noqa: BLE001 - whatever it is: a heart that stops costs every lease
                _log.exception("the heart stumbled")

    def _look_after(self, active: Sequence[_Active]) -> None:
        now = time.monotonic()
        for step in active:
            child = step.child
            reason = self._why_kill(step, child, now) if child is not None else None
            with self._lock:
                if reason is not None and step.child is not None:  # else the step has ended, and its child is at another
                    step.child.kill(reason)
        unwanted = self._stores.queue.unwanted({step.lease.job_id for step in active}) if active else frozenset()
        for step in active:
            if step.lease.job_id in unwanted:
                with self._lock:
                    self._stop(step, "cancelled")
            elif step.committed:
                continue
            elif now - step.renewed >= self._renew_every(step):
                self._renew(step, now)

    def _why_kill(self, step: _Active, child: Child, now: float) -> str | None:
        """Say why the child is to be killed; none if it is well."""
        if step.why is not None and now - step.asked > STOP_GRACE and not step.committed:
            return f"it did not stop when it was asked to ({step.why})"
        if now - step.sign > self._settings.stall_seconds:
            return f"it showed no progress for {self._settings.stall_seconds:.0f} s, and was killed"
        if (taken := child.resident_bytes()) > self._cap:
            return f"it took {taken / 1e9:.1f} GB of memory, more than it may, and was killed"
        return None

    def _renew_every(self, step: _Active) -> float:
        often = self._settings.lease_seconds / 3
        return min(often, _MOVED_EVERY) if step.sign > step.renewed else often

    def _renew(self, step: _Active, now: float) -> None:
        try:
            step.lease = self._stores.ledger.renew(
                step.lease, seconds=self._settings.lease_seconds, done=step.done, total=step.total
            )
            step.renewed = now
        except LeaseLost:
            with self._lock:
                self._stop(step, "lost")

    @staticmethod
    def _stop(step: _Active, why: Why) -> None:
        """Ask a step to stop; the caller holds the lock, so that its child is at no other meanwhile."""
        if step.why is None:
            step.why, step.asked = why, time.monotonic()
            if step.child is not None:
                step.child.ask_to_stop(step.lease.token)

    # -------------------------------------------------------------- the end

    def drain(self, *, seconds: float) -> None:
        """Begin nothing more; what is not done after so many seconds is given back."""
        self._draining.set()
        timer = threading.Timer(seconds, self._return_all)
        timer.daemon = True
        timer.start()

    def _return_all(self) -> None:
        with self._lock:
            self._returning.set()
            for step in self._active.values():
                self._stop(step, "drained")

    def close(self) -> None:
        """Give back what is left, wait until that stands in the ledger, and end the children."""
        self._draining.set()
        self._return_all()
        deadline = time.monotonic() + STOP_GRACE + 3 * BEAT
        # a slot is held from before the claim until the step is settled
        free = [self._slots.acquire(timeout=max(0.0, deadline - time.monotonic())) for _ in range(self._count)]
        self._slots.release(sum(free))
        self._closed.set()
        self._heart.join()
        self._children.close()
